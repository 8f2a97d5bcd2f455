"""Who does not read makes who writes wait: bounded memory both ways, as for bodies."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h3producer.asgi.websocket.inbox import MAX_WAITING
from tests.asgi.websocket.apps import ACCEPT, Recorder
from tests.asgi.websocket.peer import BINARY, PING, TEXT, Peer, frame

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send


async def test_a_client_that_never_reads_holds_up_the_application() -> None:
    sent = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        await send(ACCEPT)
        peer.transport.block(0)
        while True:
            await send({"type": "websocket.send", "bytes": bytes(1000)})
            sent += 1

    peer = Peer(app)
    await peer.opened()
    await peer.idle()
    before = sent
    for _ in range(100):
        await peer.idle()
    assert sent == before < 70
    peer.lose()
    await peer.over()


async def test_a_client_that_never_reads_gets_one_pong_however_often_it_asks() -> None:
    """RFC 6455 §5.5.3: it "MAY elect to send a Pong frame for only the most recently processed
    Ping frame"."""
    peer = await Peer(Recorder()).opened()
    peer.transport.block(0)
    for number in range(1000):
        peer.send(frame(PING, str(number).encode()))
    await peer.idle()
    assert len(peer.body) < 100
    peer.transport.unblock(0)
    assert (await peer.received())[-1] == ("pong", b"999")


async def test_an_application_that_never_receives_closes_the_clients_window() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        await asyncio.Event().wait()

    peer = await Peer(app).opened()
    sent = 0
    for _ in range(200):
        peer.send(frame(BINARY, bytes(1000)))
        sent += 1000
        await peer.idle()
    # What is granted is what was read, up to a full inbox; the rest lies in the client's window.
    assert MAX_WAITING // 2 < peer.transport.granted[0] < MAX_WAITING + 10_000
    peer.task.cancel()
    await peer.over()


async def test_an_application_that_receives_opens_it_again() -> None:
    go_on = asyncio.Event()
    received = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal received
        await receive()
        await send(ACCEPT)
        await go_on.wait()
        while (message := await receive())["type"] == "websocket.receive":
            received += len(message["bytes"])

    peer = await Peer(app).opened()
    for _ in range(200):
        peer.send(frame(BINARY, bytes(1000)))
    await peer.idle()
    before = peer.transport.granted[0]
    go_on.set()
    for _ in range(10):
        await peer.idle()
    assert received == 200_000
    assert peer.transport.granted[0] > before + 100_000
    peer.close()
    await peer.over()


async def test_small_messages_count_as_what_they_cost() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        await asyncio.Event().wait()

    peer = await Peer(app).opened()
    for _ in range(300):
        peer.send(frame(TEXT) * 10)
        await peer.idle()
    assert peer.transport.granted[0] < 10_000
    peer.task.cancel()
    await peer.over()


async def test_a_full_inbox_hears_of_the_end_all_the_same() -> None:
    heard: list[dict[str, object]] = [{"type": ""}]
    go_on = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        await go_on.wait()
        while heard[-1]["type"] != "websocket.disconnect":
            heard.append(await receive())

    peer = await Peer(slow).opened()
    peer.send(*[frame(BINARY, bytes(10_000))] * 20)
    await peer.idle()
    peer.reset()
    await peer.idle()
    go_on.set()
    await peer.over()
    assert heard[-1] == {"type": "websocket.disconnect", "code": 1006, "reason": ""}
    assert len(heard) - 2 == MAX_WAITING // 10_000 + 1


async def test_a_flood_of_frames_lets_others_have_the_loop() -> None:
    """A pause after every hundred frames."""
    peer = await Peer(Recorder()).opened()
    passes = 0

    async def neighbour() -> None:
        nonlocal passes
        while True:
            passes += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(neighbour())
    peer.send(frame(PING) * 2000)
    before = passes
    peer.text("behind them")
    for _ in range(5):
        await peer.idle()
    assert passes - before > 20
    task.cancel()
    peer.close()
    await peer.over()
