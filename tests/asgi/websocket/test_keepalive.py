"""Pings of ours, and who does not answer them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from wsproto.events import Ping, Pong

from h3producer.asgi.websocket.options import WebSocketOptions
from h3producer.errors import ErrorCode
from h3producer.http3.cause import Cause
from tests.asgi.websocket.apps import ACCEPT, Recorder
from tests.asgi.websocket.peer import BINARY, PONG, Peer, frame

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send
    from tests.asgi.websocket.conftest import Clock

OPTIONS = WebSocketOptions(ping_interval=20, ping_timeout=10)


def pings(peer: Peer) -> list[bytes]:
    return [bytes(event.payload) for event in peer.events() if isinstance(event, Ping)]


async def test_a_quiet_client_is_asked_again_and_again(clock: Clock) -> None:
    peer = await Peer(Recorder(), options=OPTIONS).opened()
    for _ in range(3):
        assert pings(peer) == []
        await clock.forward(20.1)
        (payload,) = pings(peer)
        peer.say(Pong(payload))
    peer.close()
    await peer.over()
    assert peer.outcome == "1000"


async def test_who_does_not_answer_is_reset(clock: Clock) -> None:
    app = Recorder()
    peer = await Peer(app, options=OPTIONS).opened()
    await clock.forward(20.1)
    await clock.forward(9)
    assert not peer.task.done()
    await clock.forward(2)
    await peer.over()
    assert peer.error_code == ErrorCode.H3_REQUEST_CANCELLED
    assert app.end == (1006, "keepalive ping timeout")
    (record,) = peer.watch.ended
    assert (record.cause, record.status) == (Cause.WS_PING_TIMEOUT, 200)


async def test_another_pong_is_no_answer(clock: Clock) -> None:
    peer = await Peer(Recorder(), options=OPTIONS).opened()
    await clock.forward(20.1)
    peer.send(frame(PONG, b"?"))
    await clock.forward(11)
    await peer.over()
    assert peer.error_code == ErrorCode.H3_REQUEST_CANCELLED


async def test_who_may_answer_when_it_likes_is_still_asked(clock: Clock) -> None:
    options = WebSocketOptions(ping_interval=20, ping_timeout=None)
    peer = await Peer(Recorder(), options=options).opened()
    for _ in range(3):
        await clock.forward(20.1)
        assert len(pings(peer)) == 1
    peer.close()
    await peer.over()


async def test_nobody_is_asked_without_an_interval(clock: Clock) -> None:
    peer = await Peer(Recorder(), options=WebSocketOptions(ping_interval=None)).opened()
    await clock.forward(1000)
    assert pings(peer) == []
    peer.close()
    await peer.over()


async def test_an_application_that_does_not_receive_is_not_the_clients_fault(clock: Clock) -> None:
    """Its pong lies behind messages that nobody reads."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        await asyncio.Event().wait()

    peer = await Peer(app, options=OPTIONS).opened()
    peer.send(*[frame(BINARY, bytes(10_000))] * 8)
    for _ in range(10):
        await clock.forward(20.1)
    assert peer.error_code is None
    peer.task.cancel()
    await peer.over()


async def test_a_client_that_reads_slowly_is_not_late(clock: Clock) -> None:
    """The ping waits behind a large message, of which the client takes some all the time."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        peer.transport.block(0)
        await send({"type": "websocket.send", "bytes": bytes(400_000)})
        await receive()
        await receive()

    peer = Peer(app, options=OPTIONS)
    await peer.opened()
    await clock.forward(20.1)
    for _ in range(10):
        peer.transport.take(0, 1000)
        await clock.forward(9)
    assert peer.error_code is None
    await clock.forward(11)
    await clock.forward(11)
    await peer.over()
    assert peer.error_code == ErrorCode.H3_REQUEST_CANCELLED
