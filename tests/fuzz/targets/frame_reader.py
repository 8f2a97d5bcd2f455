"""Any bytes, cut anywhere → the same frames; what is held never exceeds the bound.

Covers `wire/frames.py`. Allowed: FrameTooLarge, as soon as a length is known and behind the frames
before it. The frames are compared with those of a reader that is five lines long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic._buffer import Buffer, BufferReadError

from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.wire.frames import FrameReader, FrameTooLarge, FrameType, parse_id_payload
from h3producer.wire.varint import MAX_VARINT
from tests.fuzz.choices import Choices, cut

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SEEDS", "fuzz"]

WHOLE = (FrameType.HEADERS, FrameType.SETTINGS)
STREAMED = (FrameType.DATA,)
MAX_PAYLOAD = 64
LONGEST_HEADER = 16

Event = tuple[int, bytes | None]

SEEDS = {
    "a request": bytes.fromhex("00 0104 0000d1d7 0005") + b"hello",
    "one octet at a time": bytes.fromhex("0100 0104 0000d1d7 0005") + b"hello",
    "empty frames": bytes.fromhex("0101 0000 0100 0400 2100"),
    "long forms": bytes.fromhex("0102 c000000000000001 80000002 0000 40004001 61"),
    "a frame that is too large": bytes.fromhex("00 0000 014041 ffff"),
    "a huge unknown frame": bytes.fromhex("00 21 ffffffffffffffff 00010203"),
    "a cut header": bytes.fromhex("0103 ff0102"),
    "a cut payload": bytes.fromhex("00 0110 0000"),
}


def fuzz(data: bytes) -> None:
    choices = Choices(data)
    sizes, stream = choices.sizes(), choices.rest()
    expected = reference(stream)
    assert read([stream]) == expected
    assert read(cut(stream, sizes)) == expected
    for frame_type, payload in expected[0]:
        if payload is not None:
            check_id_payload(frame_type, payload)


def read(pieces: Iterable[bytes]) -> tuple[list[Event], bool | None]:
    """The events, and whether they end at a boundary; None after FrameTooLarge."""
    reader = FrameReader(WHOLE, STREAMED, max_payload=MAX_PAYLOAD)
    events: list[Event] = []
    for piece in pieces:
        try:
            events += reader.feed(piece)
        except FrameTooLarge as error:
            if error.length <= MAX_PAYLOAD:
                raise
            return joined(events), None
        assert len(reader._held) <= max(MAX_PAYLOAD, LONGEST_HEADER)
    return joined(events), reader.at_boundary


def joined(events: list[Event]) -> list[Event]:
    """Content is what DATA frames hold, wherever they begin: neighbours count as one."""
    result: list[Event] = []
    for frame_type, payload in events:
        if payload is not None and frame_type in STREAMED and result[-1:]:
            last_type, last = result[-1]
            if last_type == frame_type:
                result[-1] = (frame_type, (last or b"") + payload)
                continue
        result.append((frame_type, payload))
    return result


def reference(stream: bytes) -> tuple[list[Event], bool | None]:
    """What `read` has to give, by somebody who has the whole stream at once."""
    buffer = Buffer(data=stream)
    events: list[Event] = []
    try:
        while not buffer.eof():
            frame_type, length = buffer.pull_uint_var(), buffer.pull_uint_var()
            payload = stream[buffer.tell() : buffer.tell() + length]
            is_whole = len(payload) == length
            if frame_type in WHOLE:
                if length > MAX_PAYLOAD:
                    return joined(events), None
                events += [(frame_type, payload)] if is_whole else []
            else:
                events.append((frame_type, payload if frame_type in STREAMED else None))
            if not is_whole:
                return joined(events), False
            buffer.seek(buffer.tell() + length)
    except BufferReadError:
        return joined(events), False
    return joined(events), True


def check_id_payload(frame_type: int, payload: bytes) -> None:
    try:
        assert parse_id_payload(frame_type, payload) <= MAX_VARINT
    except Http3ConnectionError as error:
        if error.error_code != ErrorCode.H3_FRAME_ERROR:
            raise
