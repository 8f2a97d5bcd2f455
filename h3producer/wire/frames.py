"""HTTP/3 frames: their types, their headers, and a reader that takes bytes as they come.

This file knows the layout of a frame: type, length, payload (RFC 9114 §7.1). It refuses to
know on which stream or in which order a frame is allowed: that is for the stream that reads it.
Its one rule: nothing is kept that was not asked for. Only the payloads of `whole` frames are
buffered, and only up to a bound; DATA passes through, everything else is counted away.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.wire.varint import encode_varint, pull_varint

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = [
    "RESERVED_FRAME_TYPES",
    "FrameReader",
    "FrameTooLarge",
    "FrameType",
    "StreamType",
    "encode_data_header",
    "encode_frame",
    "encode_frame_header",
    "encode_goaway",
    "parse_id_payload",
    "parse_priority_update",
]


class FrameType(IntEnum):
    """Frame types that we know (RFC 9114 §7.2, §11.2.1; RFC 9218 §7.2)."""

    DATA = 0x00
    HEADERS = 0x01
    CANCEL_PUSH = 0x03
    SETTINGS = 0x04
    PUSH_PROMISE = 0x05
    GOAWAY = 0x07
    MAX_PUSH_ID = 0x0D
    PRIORITY_UPDATE = 0xF0700
    """Reprioritises a request stream."""
    PRIORITY_UPDATE_PUSH = 0xF0701
    """Reprioritises a push."""


RESERVED_FRAME_TYPES = frozenset((0x02, 0x06, 0x08, 0x09))
"""PRIORITY, PING, WINDOW_UPDATE and CONTINUATION of HTTP/2. RFC 9114 §7.2.8: "These frame types
MUST NOT be sent, and their receipt MUST be treated as a connection error of type
H3_FRAME_UNEXPECTED." """


_MAX_HEADER = 16
"""Bytes of the longest frame header: two integers of 8 octets."""


class StreamType(IntEnum):
    """Types of unidirectional streams (RFC 9114 §6.2, RFC 9204 §4.2)."""

    CONTROL = 0x00
    PUSH = 0x01
    QPACK_ENCODER = 0x02
    QPACK_DECODER = 0x03


class FrameTooLarge(Http3ConnectionError):
    """A frame that must be held whole is longer than we hold; raised before any of it is kept.

    As it stands it closes the connection with H3_EXCESSIVE_LOAD (RFC 9114 §10.5); a request
    stream may catch it and answer 431 instead (RFC 9114 §4.2.2).
    """

    def __init__(self, frame_type: int, length: int, limit: int) -> None:
        super().__init__(
            ErrorCode.H3_EXCESSIVE_LOAD,
            f"A frame of type {frame_type:#x} has {length} bytes; at most {limit} are accepted.",
        )
        self.frame_type = frame_type
        self.length = length
        self.limit = limit


def encode_frame_header(frame_type: int, length: int) -> bytes:
    """The type and the length that stand before a payload of `length` bytes."""
    return encode_varint(frame_type) + encode_varint(length)


def encode_frame(frame_type: int, payload: bytes) -> bytes:
    """A whole frame (RFC 9114 §7.1)."""
    return encode_varint(frame_type) + encode_varint(len(payload)) + payload


def encode_data_header(length: int) -> bytes:
    """The header of a DATA frame with `length` bytes of payload."""
    # The type is a zero octet, so type and length are one number (RFC 9000 §16).
    if length < 0x40:
        return length.to_bytes(2, "big")
    if length < 0x4000:
        return (length | 0x4000).to_bytes(3, "big")
    return b"\0" + encode_varint(length)


def encode_goaway(identifier: int) -> bytes:
    """A GOAWAY frame; from a server the identifier is a request stream's (RFC 9114 §7.2.6)."""
    return encode_frame(FrameType.GOAWAY, encode_varint(identifier))


def parse_id_payload(frame_type: int, payload: bytes) -> int:
    """The one integer of a GOAWAY, MAX_PUSH_ID or CANCEL_PUSH frame.

    Raises Http3ConnectionError(H3_FRAME_ERROR) if the payload is anything but one integer.
    RFC 9114 §7.1: "A frame payload that contains additional bytes after the identified fields or
    a frame payload that terminates before the end of the identified fields MUST be treated as a
    connection error of type H3_FRAME_ERROR."
    """
    pulled = pull_varint(payload, 0)
    if pulled is None or pulled[1] != len(payload):
        raise Http3ConnectionError(
            ErrorCode.H3_FRAME_ERROR,
            f"A frame of type {frame_type:#x} holds exactly one integer, "
            f"which its {len(payload)} bytes do not.",
        )
    return pulled[0]


def parse_priority_update(payload: bytes) -> tuple[int, bytes]:
    """The stream or push that a PRIORITY_UPDATE is about, and the text of its priority.

    RFC 9218 §7.2. Raises Http3ConnectionError(H3_FRAME_ERROR) if there is no whole identifier.
    """
    pulled = pull_varint(payload, 0)
    if pulled is None:
        # RFC 9114 §7.1: "a frame payload that terminates before the end of the identified fields
        # MUST be treated as a connection error of type H3_FRAME_ERROR."
        raise Http3ConnectionError(
            ErrorCode.H3_FRAME_ERROR, "A PRIORITY_UPDATE frame has no identifier."
        )
    return pulled[0], payload[pulled[1] :]


def find_sole_frame(data: bytes, frame_type: int) -> int:
    """The offset of its payload if `data` is one whole frame of this type; 0 if it is not.

    For types of one octet and lengths of one or two. A frame that is spelled otherwise is not
    found, which is for a `FrameReader` then.
    """
    size = len(data)
    if size > 2 and data[0] == frame_type:
        length = data[1]
        if length < 0x40:
            return 2 if length == size - 2 else 0
        if length < 0x80 and (length & 0x3F) << 8 | data[2] == size - 3:
            return 3
    return 0


class FrameReader:
    """Cuts the bytes of one stream into frames, however they are chunked."""

    __slots__ = (
        "_frame_type",
        "_held",
        "_in_use",
        "_max_payload",
        "_remaining",
        "_streamed",
        "_whole",
    )

    def __init__(
        self, whole: Collection[int], streamed: Collection[int] = (), *, max_payload: int
    ) -> None:
        """`whole` frames are given complete, `streamed` ones in pieces, others without payload.

        `max_payload` bounds the bytes of a `whole` frame, and so what the reader ever holds.
        A frozenset is kept as it is, so that many readers can share one.
        """
        self._whole = frozenset(whole)
        self._streamed = frozenset(streamed)
        self._max_payload = max_payload
        self._frame_type = 0
        self._remaining = 0  # payload bytes of the current frame still to come
        self._held = bytearray()  # a cut header; with some remaining, a `whole` payload so far
        self._in_use = False

    @property
    def at_boundary(self) -> bool:
        """Whether the bytes taken so far end where a frame ends.

        False in a header, in a payload, and while a `feed` is not iterated to its end. The end
        of the stream there is H3_FRAME_ERROR (RFC 9114 §7.1).
        """
        return not (self._remaining or self._held or self._in_use)

    @property
    def awaits_payload(self) -> bool:
        """Whether the frame that was given last has payload bytes still to come."""
        return self._remaining > 0

    def feed(self, data: bytes) -> Iterable[tuple[int, bytes | None]]:
        """Take the next bytes of the stream and give what they complete, lazily and in order.

        - a type in `whole`: (type, payload), once the payload is complete;
        - a type in `streamed`: (type, piece) for each piece that is there, and (type, b"") when
          the header comes without a byte of payload;
        - any other: (type, None) once its header is complete; its payload is dropped.

        The iterable owns the rest of `data`. Iterate it to its end, now or later, before the
        next `feed`: that raises RuntimeError otherwise. Who stops for good, after an error say,
        is done with the reader. `FrameTooLarge` comes out of the iteration, behind the frames
        before it, as soon as the length of a `whole` frame is known.
        """
        if self._in_use:
            raise RuntimeError("The frames of the last feed have not all been taken.")
        size = len(data)
        if self._remaining:
            if self._remaining >= size and self._frame_type in self._streamed:
                # Inside a large DATA frame: the very object goes on, unsliced.
                self._remaining -= size
                return ((self._frame_type, data),) if size else ()
        elif size and data[0] < 0x40 and data[0] in self._whole and not self._held:
            # One chunk that is one frame: most requests and most small responses.
            offset = find_sole_frame(data, data[0])
            if offset and size - offset <= self._max_payload:
                return ((data[0], data[offset:]),)
        self._in_use = True
        return self._frames(data)

    def _frames(self, data: bytes) -> Iterator[tuple[int, bytes | None]]:
        offset, size = 0, len(data)
        while offset < size:
            if self._remaining:
                end = min(offset + self._remaining, size)
                self._remaining -= end - offset
                if self._frame_type in self._streamed:
                    yield self._frame_type, data[offset:end]
                elif self._frame_type in self._whole:
                    self._held += data[offset:end]
                    if not self._remaining:
                        yield self._frame_type, self._take_held()
                offset = end
                continue
            header = self._pull_header(data, offset)
            if header is None:
                break
            self._frame_type, length, offset = header
            if self._frame_type in self._whole:
                if length > self._max_payload:
                    raise FrameTooLarge(self._frame_type, length, self._max_payload)
                if length <= size - offset:
                    yield self._frame_type, data[offset : offset + length]
                    offset += length
                    continue
            self._remaining = length
            if self._frame_type in self._streamed:
                if not length or offset == size:
                    yield self._frame_type, b""
            elif self._frame_type not in self._whole:
                yield self._frame_type, None
        self._in_use = False

    def _pull_header(self, data: bytes, offset: int) -> tuple[int, int, int] | None:
        """Type, length and the offset of the payload in `data`; None if the header is cut."""
        held = len(self._held)  # then offset is 0: only a feed's first header can be held
        head = self._take_held() + data[:_MAX_HEADER] if held else data
        frame_type = pull_varint(head, offset)
        length = frame_type and pull_varint(head, frame_type[1])
        if not frame_type or not length:
            self._held += head[offset:]
            return None
        return frame_type[0], length[0], length[1] - held

    def _take_held(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held
