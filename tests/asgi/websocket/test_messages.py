"""Messages both ways: whole, in fragments, in pieces, large, and in any order of frames."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from wsproto.events import BytesMessage, TextMessage

from h3producer.asgi.errors import ClientDisconnected
from h3producer.asgi.websocket.options import WebSocketOptions
from tests.asgi.websocket.apps import ACCEPT, Recorder, echo
from tests.asgi.websocket.peer import BINARY, CONTINUATION, PING, PONG, TEXT, Peer, frame

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send

OFFER = (b"sec-websocket-extensions", b"permessage-deflate; client_max_window_bits")


@pytest.fixture(params=["whole", "bytewise"])
def split(request: pytest.FixtureRequest) -> bool:
    """Whether the client's bytes come one at a time, each in a DATA frame of its own."""
    return bool(request.param == "bytewise")


async def test_an_acceptance_is_a_200_without_a_length_and_without_an_accept_key() -> None:
    """RFC 8441 §5: neither 101 nor Sec-WebSocket-Accept."""
    peer = await Peer(echo).opened()
    assert peer.fields == [(b":status", b"200")]


async def test_text_and_bytes_are_echoed(split: bool) -> None:
    peer = await Peer(echo, split=split).opened()
    peer.text("grüß dich")
    peer.send(frame(BINARY, b"\x00\xff"))
    assert await peer.received() == ["grüß dich", b"\x00\xff"]


async def test_a_servers_frames_are_not_masked() -> None:
    """RFC 6455 §5.1: "A server MUST NOT mask any frames that it sends to the client." """
    peer = await Peer(echo).opened()
    peer.text("Hello")
    await peer.idle()
    assert peer.body.hex() == "810548656c6c6f"


async def test_fragments_with_a_ping_between_them_are_one_message(split: bool) -> None:
    peer = await Peer(echo, split=split).opened()
    peer.send(
        frame(TEXT, b"Hel", fin=False), frame(PING, b"?"), frame(CONTINUATION, b"", fin=False)
    )
    peer.send(frame(CONTINUATION, b"lo"))
    assert await peer.received() == [("pong", b"?"), "Hello"]


async def test_a_character_may_be_cut_in_two(split: bool) -> None:
    peer = await Peer(echo, split=split).opened()
    first, second = "ü".encode()[:1], "ü".encode()[1:]
    peer.send(frame(TEXT, first, fin=False), frame(CONTINUATION, second))
    assert await peer.received() == ["ü"]


async def test_a_pong_that_nobody_asked_for_is_ignored() -> None:
    peer = await Peer(echo).opened()
    peer.send(frame(PONG, b"?"))
    peer.text("x")
    assert await peer.received() == ["x"]


async def test_empty_messages_are_messages(split: bool) -> None:
    peer = await Peer(echo, split=split).opened()
    peer.text("")
    peer.send(frame(BINARY))
    assert await peer.received() == ["", b""]


@pytest.mark.parametrize("size", [125, 126, 65535, 65536, 200_000])
async def test_messages_of_every_length_of_length(size: int) -> None:
    peer = await Peer(echo).opened()
    peer.send(frame(BINARY, b"x" * size))
    assert await peer.received() == [b"x" * size]


async def test_a_message_of_many_tiny_fragments_is_put_together() -> None:
    peer = await Peer(echo).opened()
    peer.send(frame(BINARY, b"x", fin=False) + frame(CONTINUATION, b"y", fin=False) * 5000)
    peer.send(frame(CONTINUATION, b"z"))
    for _ in range(5):  # a pause after every hundred frames
        await peer.idle()
    assert await peer.received() == [b"x" + b"y" * 5000 + b"z"]


async def test_messages_that_came_at_once_are_received_one_by_one(split: bool) -> None:
    app = Recorder()
    peer = await Peer(app, split=split).opened()
    peer.send(*[frame(TEXT, str(n).encode()) for n in range(300)])
    peer.close(1000, b"done")
    await peer.over()
    assert app.messages == [str(n) for n in range(300)]
    assert app.end == (1000, "done")


async def test_a_client_may_speak_before_it_hears_of_the_acceptance() -> None:
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await echo(scope, receive, send)

    peer = Peer(app)
    peer.text("early")
    await peer.idle()
    go_on.set()
    assert await peer.received() == ["early"]


async def test_bytes_go_before_a_text_in_one_message() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        await send({"type": "websocket.send", "text": "t", "bytes": bytearray(b"b")})
        await send({"type": "websocket.send", "text": "t", "bytes": None})

    peer = Peer(app)
    await peer.opened()
    assert (await peer.received())[:2] == [b"b", "t"]


async def test_messages_sent_at_once_take_turns() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        peer.transport.block(0)
        messages = [{"type": "websocket.send", "text": str(n) * 20_000} for n in range(4)]
        await asyncio.gather(*map(send, messages))

    peer = Peer(app)
    await peer.opened()
    for _ in range(20):
        peer.transport.unblock(0)
        await peer.idle()
        peer.transport.block(0)
    peer.transport.unblock(0)
    assert (await peer.received())[:4] == [str(n) * 20_000 for n in range(4)]


async def test_giving_up_on_a_message_neither_cuts_it_nor_the_socket() -> None:
    """A frame cannot be half a frame; and a `timeout` around `send()` is no reason to close."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        peer.transport.block(0)
        first = asyncio.ensure_future(send({"type": "websocket.send", "text": "a" * 40_000}))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        assert first.cancelled()
        await send({"type": "websocket.send", "text": "b"})

    peer = Peer(app)
    await peer.opened()
    for _ in range(6):
        peer.transport.unblock(0)
        await peer.idle()
        peer.transport.block(0)
    peer.transport.unblock(0)
    assert (await peer.received())[:2] == ["a" * 40_000, "b"]


# permessage-deflate (RFC 7692)


async def test_a_client_that_offers_compression_gets_it(split: bool) -> None:
    peer = await Peer(echo, OFFER, split=split).opened()
    assert (
        peer.header(b"sec-websocket-extensions") == b"permessage-deflate; client_max_window_bits=15"
    )
    peer.compress()
    for word in ("hello " * 100, "hello " * 100, ""):
        peer.say(TextMessage(word))
        assert await peer.received() == [word]
    assert len(peer.body) < 100


async def test_a_ping_within_a_compressed_message_leaves_it_compressed() -> None:
    """wsproto 1.3 forgets that the message is compressed."""
    peer = await Peer(echo, OFFER).opened()
    peer.compress()
    peer.say(BytesMessage(b"hello " * 10, message_finished=False))
    peer.send(frame(PING))
    peer.say(BytesMessage(b"world"))
    assert await peer.received() == [("pong", b""), b"hello " * 10 + b"world"]


async def test_a_ping_before_a_compressed_message_does_not_matter() -> None:
    peer = await Peer(echo, OFFER).opened()
    peer.compress()
    peer.send(frame(PING))
    peer.say(BytesMessage(b"hello"))
    peer.send(frame(TEXT, b"plain"))
    assert await peer.received() == [("pong", b""), b"hello", "plain"]


async def test_a_client_may_end_each_message_with_a_final_block() -> None:
    """RFC 7692 §7.2.3.4: "a DEFLATE block with the "BFINAL" bit set to 1"."""
    hello = bytes.fromhex("f348cdc9c9070000")
    peer = await Peer(echo, OFFER).opened()
    peer.compress()
    peer.send(frame(TEXT, hello, rsv=4), frame(TEXT, hello, rsv=4))
    assert await peer.received() == ["Hello", "Hello"]


@pytest.mark.parametrize(
    "offer",
    [
        b"permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        b"permessage-deflate;server_max_window_bits=9",
        b'permessage-deflate ; client_max_window_bits="10"',
        b"x-unknown, permessage-deflate; unknown=1, permessage-deflate",
    ],
)
async def test_offers_that_are_taken(offer: bytes) -> None:
    peer = await Peer(echo, (b"sec-websocket-extensions", offer)).opened()
    peer.compress()
    for word in ("hello " * 50, "hello " * 50):
        peer.say(TextMessage(word))
        assert await peer.received() == [word]


@pytest.mark.parametrize(
    "offer",
    [
        b"permessage-deflate; unknown",
        b"permessage-deflate; server_max_window_bits",
        b"permessage-deflate; server_max_window_bits=8",
        b"permessage-deflate; server_max_window_bits=16",
        b"permessage-deflate; client_max_window_bits=abc",
        b"permessage-deflate; client_no_context_takeover=1",
        b"permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        b"x-webkit-deflate-frame",
        b",;",
    ],
)
async def test_offers_that_are_declined(offer: bytes) -> None:
    peer = await Peer(echo, (b"sec-websocket-extensions", offer)).opened()
    assert peer.header(b"sec-websocket-extensions") is None
    peer.text("x")
    assert await peer.received() == ["x"]


async def test_compression_can_be_turned_off() -> None:
    options = WebSocketOptions(per_message_deflate=False)
    peer = await Peer(echo, OFFER, options=options).opened()
    assert peer.header(b"sec-websocket-extensions") is None


async def test_what_is_no_compressed_data_closes_with_1007() -> None:
    peer = await Peer(echo, OFFER).opened()
    peer.send(frame(TEXT, b"\xff\xff\xff", rsv=4))
    await peer.over()
    assert peer.outcome == "1007"


async def test_nothing_is_sent_after_a_disconnect() -> None:
    heard: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        heard.append(await receive())
        with pytest.raises(ClientDisconnected):
            await send({"type": "websocket.send", "text": "x"})
        with pytest.raises(OSError, match="The WebSocket is over"):
            await send({"type": "websocket.close"})

    peer = Peer(app)
    await peer.opened()
    peer.close(1001)
    await peer.over()
    assert heard == [{"type": "websocket.disconnect", "code": 1001, "reason": ""}]
    assert peer.outcome == "1001"
