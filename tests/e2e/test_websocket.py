"""WebSockets over real QUIC: messages, both windows, neighbours, and a server that stops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from wsproto.events import CloseConnection

from h3producer.errors import ErrorCode
from tests.e2e.apps import hello
from tests.e2e.observed import Notes
from tests.e2e.server import stop
from tests.e2e.websocket_client import Closed, WebSocketClient

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send
    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve

KIB = 1024
WINDOW = 64 * KIB


class Sockets:
    """An echo at most paths; what it lives through is noted."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.sent = 0
        self.may_receive = asyncio.Event()
        self.received = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await hello(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept", "subprotocol": None})
        await getattr(self, scope["path"][1:])(receive, send)

    async def echo(self, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})
        self.notes.add(f"{message['code']} {message['reason']}")

    async def pour(self, _receive: Receive, send: Send) -> None:
        """Sends for as long as it may."""
        try:
            while True:
                await send({"type": "websocket.send", "bytes": bytes(1000)})
                self.sent += 1000
        except OSError as error:
            self.notes.add(type(error).__name__)

    async def late(self, receive: Receive, _send: Send) -> None:
        """Receives when it may."""
        await self.may_receive.wait()
        while (message := await receive())["type"] == "websocket.receive":
            self.received += len(message["bytes"])
        self.notes.add(str(message["code"]))


@pytest.mark.parametrize("deflate", [False, True])
async def test_messages_of_all_sizes_come_back(
    serve: Serve, connect: Connect, deflate: bool
) -> None:
    app = Sockets()
    client = await connect(await serve(app))
    socket = await WebSocketClient.opened(client, "/echo", deflate=deflate)
    for message in ("", "grüß dich", "x" * 100_000, b"", bytes(range(256)) * 8000):
        socket.send(message)
        assert await socket.receive() == message
    socket.ping(b"?")
    await socket.ponged(b"?")

    assert await socket.close(4000, "bye") == Closed(4000, "bye")

    assert socket.exchange.log == ["fin"]
    await app.notes.until("4000 bye")


async def test_sockets_and_requests_share_a_connection(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(Sockets()))
    sockets = [await WebSocketClient.opened(client, "/echo") for _ in range(20)]
    for number, socket in enumerate(sockets):
        socket.send(str(number))
    assert (await client.get("/")).status == 200
    assert [await socket.receive() for socket in sockets] == [str(n) for n in range(20)]
    for socket in sockets:
        assert await socket.close() == Closed(1000)


async def test_a_client_that_never_reads_costs_its_window_and_ours(
    serve: Serve, connect: Connect
) -> None:
    app = Sockets()
    server = await serve(app)
    client = await connect(server, gives_credit=False, max_stream_data=WINDOW)
    socket = await WebSocketClient.opened(client, "/pour")
    await client.until(lambda: client.quic.downloaded(socket.exchange.stream_id) == WINDOW)
    await client.round_trip()
    before = app.sent
    await (await connect(server)).settle()

    assert app.sent == before <= WINDOW + 64 * KIB

    socket.exchange.reset()
    await app.notes.until("ClientDisconnected")


async def test_an_application_that_never_receives_costs_its_window_and_ours(
    serve: Serve, connect: Connect
) -> None:
    app = Sockets()
    server = await serve(app, request_buffer=WINDOW)
    client = await connect(server)
    socket = await WebSocketClient.opened(client, "/late")
    for _ in range(1000):
        socket.send(bytes(1000))

    def uploaded() -> int:
        return client.quic.uploaded(socket.exchange.stream_id)

    # An inbox that is full, what was read with it, and the window behind it.
    await client.until(lambda: uploaded() > WINDOW)
    await client.settle()
    assert uploaded() < 3 * WINDOW

    app.may_receive.set()
    await socket.close()
    await app.notes.until("1000")
    assert app.received == 1_000_000


async def test_a_client_that_vanishes_from_a_socket_is_1006(serve: Serve, connect: Connect) -> None:
    app = Sockets()
    client = await connect(await serve(app))
    socket = await WebSocketClient.opened(client, "/echo")
    socket.send("x")
    assert await socket.receive() == "x"
    client.close()
    await app.notes.until("1006 ")


async def test_a_server_that_stops_says_so_to_its_sockets(serve: Serve, connect: Connect) -> None:
    app = Sockets()
    server = await serve(app)
    client = await connect(server)
    socket = await WebSocketClient.opened(client, "/echo")
    stopping = asyncio.create_task(stop(server))

    assert await socket.receive() == Closed(1012)

    socket.say(CloseConnection(1012))
    socket.exchange.send(b"", end=True)
    assert await client.closed() == ErrorCode.H3_NO_ERROR
    await stopping
    assert list(app.notes) == ["1012 "]
    assert socket.exchange.log == ["fin"]
