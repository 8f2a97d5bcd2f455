"""Sessions of WebTransport over a real socket: everything both ways, back-pressure, and ends."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from h3producer.errors import ErrorCode
from h3producer.wire.capsules import CapsuleType
from h3producer.wire.webtransport import encode_stream_head, error_code_of
from tests.e2e.apps import hello
from tests.e2e.observed import Notes
from tests.e2e.server import address_of, stop
from tests.e2e.session_client import SessionClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from h3producer.asgi.types import AsgiApp, Receive, Scope, Send
    from h3producer.server.certificates.files import CertificateFiles
    from h3producer.server.server import Server
    from tests.e2e.server import Serve

KIB = 1024
GONE = ErrorCode.WEBTRANSPORT_SESSION_GONE
ACCEPT: dict[str, Any] = {"type": "webtransport.accept"}


class Open(Protocol):
    async def __call__(
        self, app: AsgiApp, *, gives_credit: bool = True, **settings: int
    ) -> SessionClient: ...


@pytest.fixture
async def open_session(serve: Serve, files: CertificateFiles) -> AsyncIterator[Open]:
    """Start a server for an application of sessions, and open one; `hello` answers requests."""
    async with AsyncExitStack() as clients:

        async def open_session(
            app: AsgiApp, *, gives_credit: bool = True, **settings: int
        ) -> SessionClient:
            async def both(scope: Scope, receive: Receive, send: Send) -> None:
                if scope["type"] == "webtransport":
                    await app(scope, receive, send)
                elif scope["type"] == "http":
                    await hello(scope, receive, send)

            server = open_session.server = await serve(both, webtransport=True)  # type: ignore[attr-defined]
            opened = SessionClient.opened(
                address_of(server), files.certfile, gives_credit=gives_credit, **settings
            )
            return await clients.enter_async_context(opened)

        yield open_session


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Datagrams and bidirectional streams, sent back."""
    while (message := await receive())["type"] != "webtransport.disconnect":
        match message["type"]:
            case "webtransport.connect":
                await send(ACCEPT)
            case "webtransport.datagram.receive":
                await send({**message, "type": "webtransport.datagram.send"})
            case "webtransport.stream.receive":
                await send({**message, "type": "webtransport.stream.send"})


def noting(notes: Notes) -> AsgiApp:
    """Writes down the types of what it receives, to the end."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        while (message := await receive())["type"] != "webtransport.disconnect":
            notes.add(message["type"])
        notes.add(f"disconnect {message['code']} {message['reason']}")

    return app


async def test_datagrams_go_there_and_back(open_session: Open) -> None:
    client = await open_session(echo)
    client.send_payload(b"ping")
    await client.until(lambda: bool(client.datagrams))
    assert client.datagrams == [b"\0ping"]


async def test_a_megabyte_goes_there_and_back_on_a_stream(open_session: Open) -> None:
    client = await open_session(echo)
    sent = bytes(range(256)) * 4 * KIB
    stream_id = client.begin_stream()
    client.send(stream_id, sent, end=True)
    await client.until(lambda: client.streams[stream_id].ended)
    assert client.streams[stream_id].data == sent


async def test_forty_streams_of_either_kind_at_once(open_session: Open) -> None:
    notes = Notes()
    client = await open_session(noting(notes))
    for _ in range(40):
        client.send(client.begin_stream(bidirectional=False), b"x")
        client.send(client.begin_stream(), b"x")
    await notes.until("webtransport.stream.receive", 80)


async def test_the_server_opens_streams_of_both_kinds(open_session: Open) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        for bidirectional in (True, False):
            await send({"type": "webtransport.stream.open", "bidirectional": bidirectional})
            stream = (await receive())["stream"]
            question = {"stream": stream, "data": b"who?", "end_stream": True}
            await send({"type": "webtransport.stream.send", **question})
        answer = await receive()
        await send({"type": "webtransport.datagram.send", "data": answer["data"]})
        await receive()

    client = await open_session(app)
    await client.until(lambda: all(client.streams[each].ended for each in (1, 15)))
    for each in (1, 15):
        assert client.streams[each].data == encode_stream_head(each, 0) + b"who?"
    client.send(1, b"me", end=True)
    await client.until(lambda: bool(client.datagrams))
    assert client.datagrams == [b"\0me"]


async def test_resets_and_stops_go_both_ways_with_their_codes(open_session: Open) -> None:
    notes = Notes()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        await receive()
        await receive()
        for _ in range(2):
            message = await receive()
            notes.add(f"{message['type']} {message['code']}")
        stream = (await receive())["stream"]
        await send({"type": "webtransport.stream.reset", "stream": stream, "code": 3})
        await send({"type": "webtransport.stream.stop", "stream": stream, "code": 4})
        await receive()

    client = await open_session(app)
    first = client.begin_stream()
    client.send(first, b"x")
    await client.round_trip()
    client.quic.reset_stream(first, error_code_of(1))
    client.quic.stop_stream(first, error_code_of(2))
    client.transmit()
    await notes.until("webtransport.stream.reset 1")
    await notes.until("webtransport.stream.stop 2")
    second = client.begin_stream()
    client.send(second, b"x")
    await client.until(lambda: client.streams[second].stop_code is not None)
    assert client.streams[second].reset_code == error_code_of(3)
    assert client.streams[second].stop_code == error_code_of(4)


# Back-pressure


async def test_an_application_that_does_not_receive_holds_its_client_and_nobody_else(
    open_session: Open,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        await asyncio.Event().wait()

    client = await open_session(app)
    stream_id = client.begin_stream()
    client.send(stream_id, bytes(4 * KIB * KIB))
    await client.round_trip()
    assert (await client.get("/")).status == 200
    assert client.quic.uploaded(stream_id) <= 256 * KIB


async def test_a_client_that_does_not_read_holds_the_application(open_session: Open) -> None:
    window = 64 * KIB
    sent = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        await send(ACCEPT)
        await receive()
        stream = (await receive())["stream"]
        while True:
            piece = {"stream": stream, "data": bytes(16 * KIB)}
            await send({"type": "webtransport.stream.send", **piece})
            sent += 16 * KIB

    client = await open_session(app, gives_credit=False, max_stream_data=window)
    stream_id = client.begin_stream()
    client.send(stream_id, b"go on")
    await client.until(lambda: client.quic.downloaded(stream_id) == window)
    await client.round_trip()
    assert sent <= window + 64 * KIB


# The end


async def test_the_client_ends_the_session_and_asks_for_more(open_session: Open) -> None:
    notes = Notes()
    client = await open_session(noting(notes))
    stream_id = client.begin_stream()
    client.end_session(7, "bye")
    await client.session.over()
    assert client.session.log == ["fin"]
    await client.until(lambda: client.streams[stream_id].reset_code is not None)
    assert client.streams[stream_id].reset_code == GONE
    assert "disconnect 7 bye" in notes
    assert (await client.get("/")).status == 200


async def test_the_application_ends_the_session(open_session: Open) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        await receive()
        await receive()
        await send({"type": "webtransport.close", "code": 7, "reason": "bye"})

    client = await open_session(app)
    stream_id = client.begin_stream()
    client.send(stream_id, b"x")
    await client.session.over()
    assert client.last_words == (7, "bye")
    await client.until(lambda: client.streams[stream_id].stop_code is not None)
    assert client.streams[stream_id].stop_code == GONE


async def test_a_connection_that_ends_ends_its_session(open_session: Open) -> None:
    notes = Notes()
    client = await open_session(noting(notes))
    client.close()
    await notes.until("disconnect None The connection ended: closed.")


async def test_a_server_that_stops_asks_first(open_session: Open) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        while (await receive())["type"] != "webtransport.drain":
            pass
        await send({"type": "webtransport.close", "code": 1, "reason": "The server stops."})

    client = await open_session(app)
    server: Server = open_session.server  # type: ignore[attr-defined]
    stopping = asyncio.create_task(stop(server))
    assert await client.closed() == ErrorCode.H3_NO_ERROR
    await stopping
    assert client.goaways
    drain, close = CapsuleType.DRAIN_WEBTRANSPORT_SESSION, CapsuleType.CLOSE_WEBTRANSPORT_SESSION
    assert client.capsules == [drain, close]
    assert client.last_words == (1, "The server stops.")
