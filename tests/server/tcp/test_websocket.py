"""WebSocket over TCP: HTTP/1.1's upgrade and HTTP/2's extended CONNECT (RFC 8441), with the frames,
limits and endings that it has over HTTP/3."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import h2.settings
import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.connection import CLIENT, Connection
from wsproto.events import AcceptConnection, CloseConnection, Event, RejectConnection, Request
from wsproto.events import TextMessage as Text

from tests.e2e.observed import Notes
from tests.e2e.server import stop
from tests.server.tcp.clients import Answer, Http1Client, Http2Client, tls

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send
    from h3producer.server.server import Server
    from tests.e2e.server import Serve

pytestmark = pytest.mark.once

OFFER = [(b"sec-websocket-version", b"13"), (b"sec-websocket-protocol", b"chat")]


class Echo:
    """Says what it hears; its scope and the end are noted."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.scope: Scope = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return
        self.scope = scope
        assert (await receive())["type"] == "websocket.connect"
        if scope["path"] == "/refused":
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept", "subprotocol": "chat"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"].upper()})
        self.notes.add(f"disconnect {message['code']}")


class Socket1:
    """A WebSocket over HTTP/1.1, by wsproto."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.connection = WSConnection(ConnectionType.CLIENT)
        self.events: list[Event] = []

    @classmethod
    async def opened(cls, server: Server, path: str) -> Socket1:
        host, port = server.addresses[0]
        socket = cls(*await asyncio.open_connection(host, port, ssl=tls("http/1.1")))
        socket.send(Request(host="example.org", target=path, subprotocols=["chat"]))
        return socket

    def send(self, event: Event) -> None:
        self.writer.write(self.connection.send(event))

    async def next(self) -> Event:
        while not self.events:
            data = await self.reader.read(65536)
            self.connection.receive_data(data or None)
            self.events += self.connection.events()
        return self.events.pop(0)


async def test_over_http_1_a_socket_opens_talks_and_closes(served: Serve) -> None:
    app = Echo()
    socket = await Socket1.opened(await served(app), "/chat")

    accepted = await socket.next()
    assert isinstance(accepted, AcceptConnection)
    assert accepted.subprotocol == "chat"
    socket.send(Text(data="hello"))
    heard = await socket.next()
    assert isinstance(heard, Text)
    assert heard.data == "HELLO"
    socket.send(CloseConnection(code=1000))
    closed = await socket.next()
    assert isinstance(closed, CloseConnection)
    assert closed.code == 1000

    await app.notes.until("disconnect 1000")
    assert await socket.reader.read() == b"", "RFC 6455 §7.1.1: the server closes first."
    assert (app.scope["http_version"], app.scope["scheme"]) == ("1.1", "wss")
    assert app.scope["subprotocols"] == ["chat"]
    socket.writer.close()


async def test_over_http_1_a_socket_may_be_refused(served: Serve) -> None:
    socket = await Socket1.opened(await served(Echo()), "/refused")

    refused = await socket.next()

    assert isinstance(refused, RejectConnection)
    assert refused.status_code == 403
    socket.writer.close()


async def test_over_http_1_a_shutdown_closes_a_socket_with_1012(served: Serve) -> None:
    app = Echo()
    server = await served(app)
    socket = await Socket1.opened(server, "/chat")
    await socket.next()

    stopping = asyncio.create_task(stop(server))
    closed = await socket.next()
    assert isinstance(closed, CloseConnection)
    assert closed.code == 1012
    socket.send(closed.response())

    await stopping
    await app.notes.until("disconnect 1012")
    socket.writer.close()


async def test_over_http_1_a_client_that_leaves_is_heard_of(served: Serve) -> None:
    app = Echo()
    socket = await Socket1.opened(await served(app), "/chat")
    await socket.next()

    socket.writer.transport.abort()

    await app.notes.until("disconnect 1006")


async def test_over_http_2_a_socket_opens_talks_and_closes(served: Serve) -> None:
    app = Echo()
    async with await Http2Client.connected(await served(app)) as client:
        connect = h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL
        await client.until(lambda: client.settings.get(connect) == 1)
        answer = client.connect("/chat", OFFER)
        await client.until(lambda: answer.status == 200)

        frames = Connection(CLIENT)
        client.send(answer, frames.send(Text(data="hello")))
        [heard] = await received(client, answer, frames)
        assert isinstance(heard, Text)
        assert heard.data == "HELLO"
        client.send(answer, frames.send(CloseConnection(code=1000)), ends=True)
        [closed] = await received(client, answer, frames)
        assert isinstance(closed, CloseConnection)

        await app.notes.until("disconnect 1000")
        await client.over(answer)
        assert answer.ended
        assert app.scope["http_version"] == "2"


async def received(client: Http2Client, answer: Answer, frames: Connection) -> list[Event]:
    """The next frames from the server."""
    await client.until(lambda: bool(answer.body))
    frames.receive_data(bytes(answer.body))
    answer.body.clear()
    return list(frames.events())


async def test_an_upgrade_to_something_else_is_an_ordinary_request(served: Serve) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": scope["type"].encode()})

    async with await Http1Client.connected(await served(app)) as client:
        answer = await client.get("/", [(b"upgrade", b"foo"), (b"connection", b"upgrade")])

    assert bytes(answer.body) == b"http"
