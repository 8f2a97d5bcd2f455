"""Clients with WebSockets: some talk, some leave, some never read.

This file knows messages and ways of leaving. It refuses to know what the server thinks of it: that
shows in what is left there at the end of the run. Its one rule: whoever stays on the connection
must find it in order, and whoever closes in order gets the answer that is due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode
from tests.e2e.websocket_client import Closed, WebSocketClient
from tests.soak.content import content, digest
from tests.soak.deserters import leave_with_the_connection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.e2e.raw_client import RawClient
    from tests.soak.visitors import Visit

__all__ = ["socketed"]

WINDOW = 50_000
"""Bytes of a stream that the server may be ahead: a flood is held up soon."""

SIZES = (0, 1, 1000, 20_000, 100_000)

WAYS = ("reset", "stop", "both", "fin")
"""How one WebSocket is left, with its connection going on."""


async def socketed(visit: Visit) -> None:
    """Open some WebSockets, one after the other, and now and then leave with the last."""
    async with visit.connected(max_stream_data=WINDOW) as client:
        for _ in range(visit.random.randint(1, 4)):
            await visit.random.choice(ACTS)(visit, client)
            hello = await client.get("/hello")
            visit.account.whole("after a WebSocket", hello, b"hello")
        if visit.random.random() < 0.5:
            await leave_below(visit, client)


async def opened(visit: Visit, client: RawClient, path: str) -> WebSocketClient | None:
    """A WebSocket, with compression or without; a fault and None if it is refused."""
    deflate = visit.random.random() < 0.3
    socket = await WebSocketClient.opened(client, path, deflate=deflate)
    if socket.exchange.status != 200:
        visit.account.fault(f"WebSocket {path}: {socket.exchange!r}")
        return None
    return socket


# What goes on while it is open


async def talk(visit: Visit, client: RawClient) -> None:
    """Messages and pings, all of which come back, and a close."""
    socket = await opened(visit, client, "/echo")
    if socket is None:
        return
    for _ in range(visit.random.randint(1, 6)):
        sent = content(visit.random.randrange(1 << 30), visit.random.choice(SIZES))
        if visit.random.random() < 0.3:
            socket.ping(b"%d" % len(sent))
            await socket.ponged(b"%d" % len(sent))
        socket.send(sent)
        got = await socket.receive()
        if not isinstance(got, bytes) or digest(got) != digest(sent):
            visit.account.fault(f"a message of {len(sent)} bytes did not come back: {got!r:.80}")
            return
        visit.account.sent(len(sent))
        visit.account.received(len(sent))
    due = Closed(visit.random.choice((1000, 1001, 3000, 4999)), "done")
    if (closed := await socket.close(due.code, due.reason)) != due:
        visit.account.fault(f"{due} was answered with {closed}")
    visit.account.count("whole")


async def be_left(visit: Visit, client: RawClient) -> None:
    """The application leaves at once, or fails."""
    path, code = visit.random.choice((("/leave", 1000), ("/fail", 1011)))
    socket = await opened(visit, client, path)
    if socket is None:
        return
    if (closed := await socket.receive()) != Closed(code):
        visit.account.fault(f"WebSocket {path}: {closed!r:.80} instead of {code}")
    if path == "/leave":
        await socket.close(code)
    await socket.exchange.over()  # who fails waits for no answer
    visit.account.count("whole")


async def break_a_rule(visit: Visit, client: RawClient) -> None:
    """A frame without a mask (RFC 6455 §5.1)."""
    socket = await opened(visit, client, "/echo")
    if socket is None:
        return
    socket.exchange.send(b"\x81\x05hello")
    if not isinstance(closed := await socket.receive(), Closed) or closed.code != 1002:
        visit.account.fault(f"a frame without a mask: {closed!r:.80}")
    await socket.exchange.over()
    if not socket.exchange.ended:
        visit.account.fault(f"a frame without a mask: {socket.exchange!r}")
    visit.account.count("closed")


async def abandon(visit: Visit, client: RawClient) -> None:
    """Leave in the middle of a message, or of a flood that is not read."""
    socket = await begun(visit, client)
    if socket is None:
        return
    exchange, way = socket.exchange, visit.random.choice(WAYS)
    if way == "fin":
        exchange.send(b"", end=True)
    if way in ("reset", "both"):
        exchange.reset()
    if way in ("stop", "both"):
        exchange.stop()
    await exchange.over()
    if way == "fin":
        # RFC 9220 §3: "Orderly TCP-level closures are represented as a FIN bit on the stream."
        if not exchange.ended:
            visit.account.fault(f"FIN without a close: {exchange!r}")
        visit.account.count("whole")
    else:
        visit.account.cut(f"{way} of a WebSocket", exchange, [ErrorCode.H3_REQUEST_CANCELLED])


async def leave_below(visit: Visit, client: RawClient) -> None:
    """End the connection below a WebSocket, with a word or without."""
    if await begun(visit, client) is not None:
        leave_with_the_connection(visit, client)


async def begun(visit: Visit, client: RawClient) -> WebSocketClient | None:
    """A WebSocket on which something is under way."""
    path = visit.random.choice(("/echo", "/flood"))
    socket = await opened(visit, client, path)
    if socket is None:
        return None
    if path == "/echo":
        # More than is read before the application has taken some: it waits in the inbox.
        for _ in range(visit.random.randint(0, 30)):
            socket.send(bytes(10_000))
        socket.exchange.send(b"\x82\xfe\x10\x00maskhalf a message")
    else:
        await socket.exchange.until_body(visit.random.choice((1, WINDOW // 2)))
    return socket


ACTS: tuple[Callable[[Visit, RawClient], Awaitable[None]], ...] = (
    talk,
    talk,
    be_left,
    break_a_rule,
    abandon,
    abandon,
)
