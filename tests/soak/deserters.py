"""Clients that leave: in every phase of an exchange, in every way there is.

This file knows phases and ways. It refuses to know what the server thinks of it: that shows in
what is left there at the end of the run. Its one rule: whoever stays on the connection after
leaving an exchange must find it, and all others on it, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode
from tests.e2e.exchange import data_frame
from tests.e2e.raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.e2e.exchange import Exchange
    from tests.soak.visitors import Visit

__all__ = ["aborting", "leave_with_the_connection"]

LARGE = 2_000_000
"""Bytes of content that nobody means to take or give to the end."""

CODES = (ErrorCode.H3_REQUEST_CANCELLED, ErrorCode.H3_REQUEST_INCOMPLETE)
"""What the server may answer a client with that left. RFC 9114 §4.1.1 and §4.1."""

HEAD = bytes.fromhex("01 11 0000 d1 d7 c1 500a") + b"h3.example"
"""A HEADERS frame."""


async def aborting(visit: Visit) -> None:
    """Begin something, and leave it."""
    if visit.random.random() < 0.1:
        await vanish_in_the_handshake(visit)
        return
    async with visit.connected(max_stream_data=50_000) as client:
        for _ in range(visit.random.randint(1, 4)):
            name, begin = visit.random.choice(tuple(PHASES.items()))
            way = visit.random.choice(("reset", "stop", "both", "close", "vanish"))
            exchange = await begin(client)
            if way == "vanish":
                client.vanish()
                visit.account.count("vanished")
                return
            if way == "close":
                client.close(visit.random.choice((ErrorCode.H3_NO_ERROR, 0, 0x10C, 0x3FFF)))
                visit.account.count("closed")
                return
            if not exchange.is_over:
                await leave(visit, name, exchange, way)
            hello = await client.get("/hello")
            visit.account.whole(f"after {way} {name}", hello, b"hello")


async def leave(visit: Visit, name: str, exchange: Exchange, way: str) -> None:
    """End one exchange; the server has to end it as well, once."""
    is_asked = name.startswith("GET")
    if is_asked or way in ("stop", "both"):
        exchange.stop()
    if not is_asked:
        # Until the request is whole only its end is the end of the stream.
        exchange.reset()
    await exchange.over()
    visit.account.cut(f"{way} {name}", exchange, CODES)


async def vanish_in_the_handshake(visit: Visit) -> None:
    """Send the first flight and never another packet."""
    client = RawClient.silent(visit.address)
    await client.start()
    visit.account.count("vanished")
    client.vanish()


# Phases


async def nothing_sent(client: RawClient) -> Exchange:
    return client.open_stream()


async def half_a_head(client: RawClient) -> Exchange:
    exchange = client.open_stream()
    exchange.send_raw(HEAD[:7])
    return exchange


async def head_of_an_upload(client: RawClient) -> Exchange:
    return client.request("/upload", method="POST", end=False)


async def half_an_upload(client: RawClient) -> Exchange:
    exchange = client.request("/upload", method="POST", end=False)
    exchange.send_raw(data_frame(bytes(LARGE))[: LARGE // 2])
    return exchange


async def half_an_echo(client: RawClient) -> Exchange:
    exchange = client.request("/echo", method="POST", end=False)
    exchange.send(bytes(20_000))
    await exchange.until_body(10_000)
    return exchange


async def request_alone(client: RawClient) -> Exchange:
    return client.request(f"/bytes/1/{LARGE}")


async def half_a_download(client: RawClient) -> Exchange:
    exchange = client.request(f"/bytes/2/{LARGE}")
    await exchange.until_body(20_000)
    return exchange


async def waiting(client: RawClient) -> Exchange:
    exchange = client.request("/wait")
    await exchange.until_body(4)
    return exchange


async def waiting_upload(client: RawClient) -> Exchange:
    exchange = client.request("/wait", method="POST", end=False)
    await exchange.until_body(4)
    return exchange


async def whole_response(client: RawClient) -> Exchange:
    return await client.get("/hello")


PHASES: dict[str, Callable[[RawClient], Awaitable[Exchange]]] = {
    "nothing": nothing_sent,
    "half a head": half_a_head,
    "head of an upload": head_of_an_upload,
    "half an upload": half_an_upload,
    "half an echo": half_an_echo,
    "GET sent": request_alone,
    "GET in mid-response": half_a_download,
    "GET that waits": waiting,
    "upload that waits": waiting_upload,
    "GET answered": whole_response,
}


def leave_with_the_connection(visit: Visit, client: RawClient) -> None:
    """End what is under way together with its connection, with a word or without."""
    if visit.random.random() < 0.5:
        client.close(visit.random.choice((ErrorCode.H3_NO_ERROR, 0x10C, 0x3FFF)))
        visit.account.count("closed")
    else:
        client.vanish()
        visit.account.count("vanished")
