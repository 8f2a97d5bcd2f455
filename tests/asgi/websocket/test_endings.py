"""How a WebSocket ends, by whomever: the table of `socket.py`, and what is too large or wrong."""

from __future__ import annotations

import asyncio
import logging
import zlib
from typing import TYPE_CHECKING

import pytest

from h3producer.asgi.websocket.extensions import LARGE_MESSAGE
from h3producer.asgi.websocket.frames import Frames
from h3producer.asgi.websocket.options import WebSocketOptions
from h3producer.asgi.websocket.socket import CLOSE_TIMEOUT
from h3producer.errors import ErrorCode
from tests.asgi.websocket.apps import ACCEPT, Recorder, echo, says
from tests.asgi.websocket.peer import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    Peer,
    close,
    frame,
)

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send
    from tests.asgi.websocket.conftest import Clock

OFFER = (b"sec-websocket-extensions", b"permessage-deflate")


# The closing handshake


@pytest.mark.parametrize(
    ("sent", "heard", "answered"),
    [
        (close(), (1005, ""), "8800"),
        (close(1000), (1000, ""), "880203e8"),
        (close(1001, b"bye"), (1001, "bye"), "880503e9627965"),
        (close(4999, "ü".encode()), (4999, "ü"), "88041387c3bc"),
    ],
)
async def test_a_clients_close_is_answered_and_both_sides_end(
    sent: bytes, heard: tuple[int, str], answered: str
) -> None:
    app = Recorder()
    peer = Peer(app)
    await peer.opened()
    peer.send(sent, end=True)
    await peer.over()
    assert app.end == heard
    assert peer.body.hex() == answered
    assert peer.ended
    assert peer.error_code is None
    assert peer.transport.stops == {}


async def test_close_and_end_leave_in_one_write() -> None:
    peer = await Peer(echo).opened()
    peer.close()
    await peer.over()
    writes = [call for call in peer.transport.calls if call[:2] == ("send", 0)]
    assert writes[-1][2:] == (bytes.fromhex("0004 880203e8"), True)


async def test_an_applications_close_waits_for_its_answer_before_the_end() -> None:
    peer = await Peer(
        says(ACCEPT, {"type": "websocket.close", "code": 4000, "reason": "x"})
    ).opened()
    assert await peer.received() == [("close", 4000, "x")]
    assert not peer.ended
    peer.close(4000)
    await peer.over()
    assert peer.ended


async def test_who_does_not_answer_a_close_is_left_after_a_while(clock: Clock) -> None:
    peer = await Peer(says(ACCEPT, {"type": "websocket.close"})).opened()
    await clock.forward(CLOSE_TIMEOUT - 1)
    assert not peer.task.done()
    await clock.forward(2)
    await peer.over()
    assert peer.outcome == "1000"
    assert peer.transport.stops == {0: ErrorCode.H3_NO_ERROR}


async def test_who_does_not_read_the_close_is_reset_after_a_while(clock: Clock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        peer.transport.block(0)
        await send({"type": "websocket.close"})

    peer = Peer(app)
    await peer.opened()
    await clock.forward(CLOSE_TIMEOUT + 1)
    await peer.over()
    assert peer.error_code == ErrorCode.H3_REQUEST_CANCELLED


async def test_messages_behind_the_applications_close_are_dropped() -> None:
    heard: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        await send({"type": "websocket.close", "code": 4001})
        heard.append(await receive())

    peer = Peer(app)
    await peer.opened()
    peer.send(frame(TEXT, b"x") * 5000)
    peer.close()
    await peer.over()
    assert heard == [{"type": "websocket.disconnect", "code": 4001, "reason": ""}]
    assert peer.outcome == "4001"


async def test_a_disconnect_is_told_every_time_and_does_not_hold_the_loop() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        for _ in range(2500):
            message = await receive()
        assert message["type"] == "websocket.disconnect"

    peer = Peer(app)
    await peer.opened()
    peer.close()
    await peer.over()
    assert peer.outcome == "1000"


# Abrupt ends


@pytest.mark.parametrize("way", ["reset", "stop", "lose"])
async def test_an_abrupt_end_is_1006_and_loses_no_message(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = Recorder()
    peer = Peer(app)
    await peer.opened()
    peer.text("x")
    getattr(peer, way)()
    await peer.over()
    assert app.messages == ["x"]
    assert app.end == (1006, "")
    assert peer.error_code == (None if way == "lose" else ErrorCode.H3_REQUEST_CANCELLED)
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_an_end_without_a_close_is_1006_and_ends_our_side() -> None:
    app = Recorder()
    peer = Peer(app)
    await peer.opened()
    peer.text("x")
    peer.send(end=True)
    await peer.over()
    assert app.messages == ["x"]
    assert app.end == (1006, "")
    assert peer.outcome == "no close"


async def test_a_connection_that_ends_in_a_frame_is_1006() -> None:
    app = Recorder()
    peer = Peer(app)
    await peer.opened()
    peer.send(frame(TEXT, b"hello")[:5], end=True)
    await peer.over()
    assert app.end == (1006, "")


@pytest.mark.parametrize("way", ["reset", "lose"])
async def test_an_abrupt_end_before_the_acceptance_is_heard(way: str) -> None:
    heard: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(await receive())
        heard.append(await receive())

    peer = Peer(app)
    await peer.idle()
    getattr(peer, way)()
    await peer.over()
    assert heard == [
        {"type": "websocket.connect"},
        {"type": "websocket.disconnect", "code": 1006, "reason": ""},
    ]


async def test_a_disconnect_that_an_application_lets_pass_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class WebSocketDisconnect(Exception):
        """As Starlette's, which leaves through the application."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        await receive()
        raise WebSocketDisconnect

    peer = Peer(app)
    await peer.opened()
    peer.close(1001)
    await peer.over()
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_a_send_that_waits_hears_of_the_disconnect() -> None:
    errors: list[BaseException] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(ACCEPT)
        peer.transport.block(0)
        try:
            await send({"type": "websocket.send", "bytes": bytes(100_000)})
        except OSError as error:
            errors.append(error)

    peer = Peer(app)
    await peer.opened()
    peer.reset()
    await peer.over()
    assert len(errors) == 1


async def test_a_server_that_stops_closes_with_1012() -> None:
    app = Recorder()
    peer = Peer(app)
    await peer.opened()
    peer.text("x")
    peer.shutdown()
    assert await peer.received() == [("close", 1012, "")]
    peer.close(1012)
    await peer.over()
    assert app.messages == ["x"]
    assert app.end == (1012, "")
    assert peer.ended
    assert peer.transport.closed is not None


async def test_an_application_that_is_cancelled_resets_the_stream() -> None:
    peer = await Peer(Recorder()).opened()
    peer.task.cancel()
    await peer.over()
    assert peer.error_code == ErrorCode.H3_INTERNAL_ERROR


async def test_a_bug_of_ours_costs_the_socket_and_no_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise AssertionError("a bug")

    app = Recorder()
    peer = await Peer(app).opened()
    monkeypatch.setattr(Frames, "receive", fails)
    peer.text("x")
    await peer.over()
    assert peer.error_code == ErrorCode.H3_INTERNAL_ERROR
    assert app.end == (1006, "")
    assert "Stream 0: reading failed." in caplog.messages


# What a client does wrong


WRONG = {
    "no mask": (bytes.fromhex("8105 48656c6c6f"), 1002),
    "a reserved bit": (frame(TEXT, b"x", rsv=2), 1002),
    "a reserved bit without compression": (frame(TEXT, b"x", rsv=4), 1002),
    "a reserved opcode": (frame(3, b"x"), 1002),
    "a reserved control opcode": (frame(11, b"x"), 1002),
    "a continuation of nothing": (frame(CONTINUATION, b"x"), 1002),
    "a message in a message": (frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), 1002),
    "a ping in fragments": (frame(PING, b"x", fin=False), 1002),
    "a ping of 126 bytes": (frame(PING, b"x" * 126), 1002),
    "a close of one byte": (frame(CLOSE, b"x"), 1002),
    "a close with 999": (close(999), 1002),
    "a close with 1005": (close(1005), 1002),
    "a close with 1016": (close(1016), 1002),
    "a close whose reason is no UTF-8": (close(1000, b"\xff"), 1007),
    "text that is no UTF-8": (frame(TEXT, b"\xff"), 1007),
    "text that is no UTF-8, in fragments": (
        frame(TEXT, b"\xc3", fin=False) + frame(CONTINUATION, b"x"),
        1007,
    ),
    "text that ends in a character": (frame(TEXT, b"\xc3"), 1007),
    "a message that is too large": (frame(BINARY, bytes(1001)), 1009),
    "a message that gets too large": (
        frame(BINARY, bytes(600), fin=False) + frame(CONTINUATION, bytes(401)),
        1009,
    ),
    "a frame of 2^62 bytes": (b"\x82\xff\x40" + bytes(7) + b"mask", 1009),
}


@pytest.mark.parametrize("split", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize(("octets", "code"), WRONG.values(), ids=WRONG.keys())
async def test_what_is_wrong_closes_with_its_code_and_ends(
    octets: bytes, code: int, split: bool
) -> None:
    app = Recorder()
    peer = await Peer(app, split=split, options=WebSocketOptions(max_size=1000)).opened()
    peer.send(octets)
    await peer.over()
    assert peer.outcome == str(code)
    assert app.end[0] == code
    assert app.messages == []
    assert peer.transport.stops == {0: ErrorCode.H3_NO_ERROR}


async def test_a_message_of_the_largest_size_is_received() -> None:
    app = Recorder()
    peer = await Peer(app, options=WebSocketOptions(max_size=1000)).opened()
    for _ in range(3):
        first = frame(BINARY, bytes(600), fin=False)
        # wsproto looks twice at a header whose mask comes later.
        peer.send(first[:5], first[5:], frame(CONTINUATION, bytes(400)))
    peer.close()
    await peer.over()
    assert app.messages == [bytes(1000)] * 3


async def test_a_bomb_is_not_inflated() -> None:
    """A thousand times as large as what came."""
    deflate = zlib.compressobj(wbits=-15)
    bomb = deflate.compress(bytes(10_000_000)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    app = Recorder()
    peer = await Peer(app, OFFER, options=WebSocketOptions(max_size=1_000_000)).opened()
    peer.send(frame(BINARY, bomb[:-4], rsv=4))
    await peer.over()
    assert peer.outcome == "1009"
    assert app.messages == []


async def test_a_compressed_message_of_the_largest_size_is_received() -> None:
    deflate = zlib.compressobj(wbits=-15)
    octets = deflate.compress(bytes(1000)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    app = Recorder()
    peer = await Peer(app, OFFER, options=WebSocketOptions(max_size=1000)).opened()
    peer.send(frame(BINARY, octets[:-4], rsv=4))
    peer.close()
    await peer.over()
    assert app.messages == [bytes(1000)]


# What all sockets of a connection hold together


async def test_unfinished_messages_of_one_connection_are_twice_the_largest_at_most() -> None:
    apps = Recorder()
    peer = Peer(apps, options=WebSocketOptions(max_size=1_000_000))
    for stream_id in (4, 8):
        peer.begin(stream_id)
    await peer.idle()
    for stream_id in (0, 4):
        peer.send(frame(BINARY, bytes(999_000))[:-1], on=stream_id)
    peer.send(frame(BINARY, bytes(2_001))[:-1], on=8)
    await peer.idle()
    assert peer.transport.sent(8).endswith(b"\x88\x1a\x03\xf1the message is too large")


async def test_what_was_received_makes_room_for_more() -> None:
    app = Recorder()
    peer = await Peer(app, options=WebSocketOptions(max_size=LARGE_MESSAGE + 1)).opened()
    for _ in range(10):
        peer.send(frame(BINARY, bytes(LARGE_MESSAGE + 1)))
        await peer.idle()
    peer.close()
    await peer.over()
    assert len(app.messages) == 10


async def test_a_socket_that_ends_makes_room_for_others() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        await asyncio.Event().wait()

    peer = Peer(app, options=WebSocketOptions(max_size=LARGE_MESSAGE + 1))
    for number in range(1, 8):
        peer.begin(4 * number)
        await peer.idle()
        peer.send(frame(BINARY, bytes(LARGE_MESSAGE + 1)), on=4 * number)
        peer.send(frame(BINARY, bytes(LARGE_MESSAGE + 1))[:-1], on=4 * number)
        await peer.idle()
        peer.connection.stream_reset(4 * number, 0x10C)
        peer.connection.streams[4 * number]._task.cancel()  # type: ignore[union-attr]
        await peer.idle()
        assert b"too large" not in peer.transport.sent(4 * number)
    peer.task.cancel()
    await peer.over()
