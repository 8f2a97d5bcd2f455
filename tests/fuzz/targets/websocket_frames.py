"""Any bytes on a WebSocket, cut anywhere → the same messages, or a close with a known code.

Covers `asgi/websocket/frames.py` and `extensions.py` over wsproto, with and without compression.
Allowed: 1002, 1007 and 1009, once, with nothing behind; which of them may depend on the cuts, where
a frame is wrong in two ways. No message is larger than the bound, and what was taken of the
connection's allowance comes back.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from h3producer.asgi.websocket.extensions import Allowance
from h3producer.asgi.websocket.frames import Closed, Frames, Message, Pinged, Ponged
from tests.asgi.websocket.peer import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close,
    frame,
    mask,
)
from tests.fuzz.choices import Choices, cut

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SEEDS", "fuzz"]

MAX_SIZE = 300
ALLOWANCE = 500
OFFER = [(b"sec-websocket-extensions", b"permessage-deflate")]
FAILURES = {1002, 1007, 1009}

FAILURE = Closed(0, "any", True)

Event = Message | Pinged | Ponged | Closed


def deflated(data: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-15)
    return (deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


def seed(*frames: bytes, compresses: bool = False) -> bytes:
    """Pieces of three octets, whether compression is on, and the frames."""
    return bytes((1, 3, compresses)) + b"".join(frames)


SEEDS = {
    "text": seed(frame(TEXT, "grüß dich".encode())),
    "fragments and a ping": seed(
        frame(TEXT, b"Hel", fin=False), frame(PING, b"?"), frame(CONTINUATION, b"lo")
    ),
    "a pong, binary and a close": seed(
        frame(PONG), frame(BINARY, b"\xff" * 130), close(1000, b"x")
    ),
    "bad UTF-8": seed(frame(TEXT, b"\xce\xba\xff")),
    "too large": seed(frame(BINARY, bytes(301))),
    "gets too large": seed(frame(BINARY, bytes(200), fin=False), frame(CONTINUATION, bytes(200))),
    "compressed": seed(frame(TEXT, deflated(b"hello " * 20), rsv=4), compresses=True),
    "compressed fragments": seed(
        frame(BINARY, deflated(b"hello")[:3], rsv=4, fin=False),
        frame(PING),
        frame(CONTINUATION, deflated(b"hello")[3:]),
        compresses=True,
    ),
    "a bomb": seed(frame(BINARY, deflated(bytes(100_000)), rsv=4), compresses=True),
    "no mask": seed(b"\x81\x05" + mask(b"Hello")),
    "a close of one byte": seed(frame(CLOSE, b"x")),
}


def fuzz(data: bytes) -> None:
    choices = Choices(data)
    sizes, compresses, stream = choices.sizes(), bool(choices.below(2)), choices.rest()
    whole = read([stream], compresses=compresses)
    assert read(cut(stream, sizes), compresses=compresses) == whole
    assert not any(isinstance(event, Closed) for event in whole[:-1])


def read(pieces: Iterable[bytes], *, compresses: bool) -> list[Event]:
    """What comes of it; held to the bounds."""
    allowance = Allowance(ALLOWANCE)
    frames = Frames(OFFER, MAX_SIZE, allowance, deflate=compresses)
    events: list[Event] = []
    for piece in pieces:
        for event in frames.receive(piece):
            events.append(event)
            if isinstance(event, Message):
                octets = event.data if isinstance(event.data, bytes) else event.data.encode()
                assert len(octets) <= MAX_SIZE
                frames.bound.give_back(event.held)
            elif isinstance(event, Closed) and event.is_failure:
                assert event.code in FAILURES
                events[-1] = FAILURE
        assert 0 <= allowance.left <= ALLOWANCE
        if events and isinstance(events[-1], Closed):
            break
    frames.bound.release()
    assert allowance.left == ALLOWANCE
    return events
