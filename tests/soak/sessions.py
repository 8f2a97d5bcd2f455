"""Clients with sessions of WebTransport: some talk, some leave, some never read.

This file knows streams, datagrams and ways of leaving. It refuses to know what the server thinks of
it: that shows in what is left there at the end of the run. Its one rule: when a session has ended,
in whatever way, each of its streams has, too, and the connection goes on.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode
from h3producer.wire.webtransport import encode_stream_head
from tests.e2e.session_client import SessionClient
from tests.soak.content import content, digest
from tests.soak.deserters import leave_with_the_connection
from tests.soak.visitors import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.soak.visitors import Visit

__all__ = ["in_session"]

WINDOW = 50_000
"""Bytes of a stream that the server may be ahead: a flood is held up soon."""

SIZES = (0, 1, 1000, 20_000, 100_000)

WAYS = ("reset", "stop", "both", "fin", "words")
"""How a session is left, with its connection going on."""

GONE = ErrorCode.WEBTRANSPORT_SESSION_GONE


async def in_session(visit: Visit) -> None:
    """One session on one connection."""
    act = visit.random.choice((talk, talk, be_left, abandon, abandon, abandon, never_read))
    await act(visit)


@asynccontextmanager
async def opened(
    visit: Visit, path: str, *, gives_credit: bool = True
) -> AsyncIterator[SessionClient]:
    """A session."""
    async with SessionClient.opened(
        visit.address,
        visit.authority.cafile,
        path,
        gives_credit=gives_credit,
        patience=PATIENCE,
        max_stream_data=WINDOW,
    ) as client:
        yield client


async def talk(visit: Visit) -> None:
    """Streams and datagrams, all of which come back, and last words."""
    async with opened(visit, "/echo") as client:
        for _ in range(visit.random.randint(1, 6)):
            for _ in range(visit.random.randint(0, 20)):
                client.send_payload(bytes(1000))
            sent = content(visit.random.randrange(1 << 30), visit.random.choice(SIZES))
            if visit.random.random() < 0.7:
                await there_and_back(visit, client, sent)
            else:
                await there_and_another_back(visit, client, sent)
        client.end_session(visit.random.randrange(1 << 32), "done")
        await client.session.over()
        if not client.session.ended:
            visit.account.fault(f"last words of a session: {client.session!r}")
        await greet(visit, client)


async def there_and_back(visit: Visit, client: SessionClient, sent: bytes) -> None:
    """On a stream that both ends send on."""
    stream_id = client.begin_stream()
    client.send(stream_id, sent, end=True)
    stream = client.streams[stream_id]
    await client.until(lambda: stream.ended or stream.reset_code is not None)
    judge(visit, sent, bytes(stream.data))


async def there_and_another_back(visit: Visit, client: SessionClient, sent: bytes) -> None:
    """On a stream of ours, and on one of the server's."""
    before = set(client.opened_by_server())
    client.send(client.begin_stream(bidirectional=False), sent, end=True)
    await client.until(
        lambda: any(client.streams[each].ended for each in {*client.opened_by_server()} - before)
    )
    (stream_id,) = {*client.opened_by_server()} - before
    head = encode_stream_head(stream_id, client.session.stream_id)
    judge(visit, head + sent, bytes(client.streams[stream_id].data))


def judge(visit: Visit, due: bytes, got: bytes) -> None:
    if digest(got) != digest(due):
        visit.account.fault(f"{len(got)} bytes with other content than the {len(due)} due")
        return
    visit.account.sent(len(due))
    visit.account.received(len(got))


async def be_left(visit: Visit) -> None:
    """The application leaves at once, or fails, with streams open."""
    path = visit.random.choice(("/leave", "/fail"))
    async with opened(visit, path) as client:
        client.send(client.begin_stream(), b"well?")
        await client.session.over()
        await client.until(lambda: are_over(client))
        if path == "/fail":
            codes = [ErrorCode.H3_INTERNAL_ERROR]
            visit.account.cut("a session that fails", client.session, codes)
        elif client.last_words != (0, ""):
            visit.account.fault(f"a session that was left: {client.session!r}")
        await greet(visit, client)


async def never_read(visit: Visit) -> None:
    """Give no credit to a flood, and go."""
    async with opened(visit, "/flood", gives_credit=False) as client:
        await client.until(lambda: bool(client.opened_by_server()) and bool(client.datagrams))
        (stream_id,) = client.opened_by_server()
        await client.until(lambda: len(client.streams[stream_id].data) > WINDOW // 2)
        if visit.random.random() < 0.5:
            client.vanish()
        visit.account.count("closed")


async def abandon(visit: Visit) -> None:
    """Leave in the middle of streams, of both kinds and of both ends, some of them cut before."""
    path = visit.random.choice(("/echo", "/flood"))
    async with opened(visit, path) as client:
        for _ in range(visit.random.randint(0, 8)):
            await begin_something(visit, client)
        if visit.random.random() < 0.3:
            leave_with_the_connection(visit, client)
            return
        way = visit.random.choice(WAYS)
        leave(client, way)
        for _ in range(visit.random.randint(0, 2)):
            await begin_something(visit, client)  # it cannot know yet
        await client.session.over()
        await client.until(lambda: are_over(client))
        if way in ("fin", "words") and not client.session.ended:
            visit.account.fault(f"{way} of a session: {client.session!r}")
        elif way not in ("fin", "words"):
            codes = [ErrorCode.H3_REQUEST_CANCELLED]
            visit.account.cut(f"{way} of a session", client.session, codes)
        await greet(visit, client)


async def begin_something(visit: Visit, client: SessionClient) -> None:
    """A stream that never ends in order."""
    stream_id = client.begin_stream(bidirectional=visit.random.random() < 0.6)
    if visit.random.random() < 0.9:
        client.send(stream_id, bytes(visit.random.choice((1, 1000, 30_000))))
    if visit.random.random() < 0.3:
        await client.round_trip()
    match visit.random.choice(("reset", "stop", "both", "none", "none")):
        case "reset":
            client.quic.reset_stream(stream_id, 7)
        case "stop" if not stream_id & 2:
            client.quic.stop_stream(stream_id, 7)
        case "both" if not stream_id & 2:
            client.quic.reset_stream(stream_id, 7)
            client.quic.stop_stream(stream_id, 7)
    client.send_payload(bytes(500))


def leave(client: SessionClient, way: str) -> None:
    """End the session's own stream."""
    if way == "fin":
        client.session.send(b"", end=True)
    elif way == "words":
        client.end_session(3, "I have seen enough")
    else:
        if way in ("reset", "both"):
            client.session.reset()
        if way in ("stop", "both"):
            client.session.stop()


def are_over(client: SessionClient) -> bool:
    """Whether no stream has a half of the server's that is open."""
    # A client's stream that goes one way has none.
    return client.close_code is not None or all(
        stream.ended or stream.reset_code is not None
        for stream_id, stream in client.streams.items()
        if stream_id & 3 != 2
    )


async def greet(visit: Visit, client: SessionClient) -> None:
    hello = await client.get("/hello")
    visit.account.whole("after a session", hello, b"hello")
