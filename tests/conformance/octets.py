"""What a client may put on a stream, octet by octet: legal, illegal and merely unusual.

This file knows integers, frames and field sections (RFC 9000 §16, RFC 9114 §7.1, RFC 9204 §4).
It refuses to know what is allowed: whatever can be written can be written wrong. Its one rule: it
shares no line with the server under test, so that no mistake of one hides a mistake of the other.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "Code",
    "Field",
    "Fields",
    "Kind",
    "StreamKind",
    "data",
    "encoded_insert_count",
    "frame",
    "headers",
    "indexed",
    "integer",
    "literal",
    "name_reference",
    "post_base",
    "post_base_name",
    "prefix",
    "section",
    "setting",
    "settings",
    "string",
    "varint",
]

Field = tuple[bytes, bytes]
Fields = list[Field]


class Kind(IntEnum):
    """Frame types (RFC 9114 §7.2, RFC 9218 §7.2), HTTP/2's own among them."""

    DATA = 0x00
    HEADERS = 0x01
    HTTP2_PRIORITY = 0x02
    CANCEL_PUSH = 0x03
    SETTINGS = 0x04
    PUSH_PROMISE = 0x05
    HTTP2_PING = 0x06
    GOAWAY = 0x07
    HTTP2_WINDOW_UPDATE = 0x08
    HTTP2_CONTINUATION = 0x09
    MAX_PUSH_ID = 0x0D
    UNKNOWN = 0x21
    """A type of the form 0x1f * N + 0x21, reserved to mean nothing (RFC 9114 §7.2.8)."""
    WT_STREAM = 0x41
    PRIORITY_UPDATE = 0xF0700
    PRIORITY_UPDATE_PUSH = 0xF0701


class StreamKind(IntEnum):
    """Types of unidirectional streams (RFC 9114 §6.2, RFC 9204 §4.2)."""

    CONTROL = 0x00
    PUSH = 0x01
    QPACK_ENCODER = 0x02
    QPACK_DECODER = 0x03
    UNKNOWN = 0x21


class Code(IntEnum):
    """Error codes of HTTP/3 (RFC 9114 §8.1, RFC 9204 §6, RFC 9297 §5.2)."""

    H3_DATAGRAM_ERROR = 0x33
    H3_NO_ERROR = 0x100
    H3_GENERAL_PROTOCOL_ERROR = 0x101
    H3_INTERNAL_ERROR = 0x102
    H3_STREAM_CREATION_ERROR = 0x103
    H3_CLOSED_CRITICAL_STREAM = 0x104
    H3_FRAME_UNEXPECTED = 0x105
    H3_FRAME_ERROR = 0x106
    H3_EXCESSIVE_LOAD = 0x107
    H3_ID_ERROR = 0x108
    H3_SETTINGS_ERROR = 0x109
    H3_MISSING_SETTINGS = 0x10A
    H3_REQUEST_REJECTED = 0x10B
    H3_REQUEST_CANCELLED = 0x10C
    H3_REQUEST_INCOMPLETE = 0x10D
    H3_MESSAGE_ERROR = 0x10E
    H3_CONNECT_ERROR = 0x10F
    H3_VERSION_FALLBACK = 0x110
    QPACK_DECOMPRESSION_FAILED = 0x200
    QPACK_ENCODER_STREAM_ERROR = 0x201
    QPACK_DECODER_STREAM_ERROR = 0x202


# RFC 9000 §16


def varint(value: int, size: int | None = None) -> bytes:
    """A variable-length integer, in its shortest form or in `size` octets (1, 2, 4 or 8)."""
    if size is None:
        size = next(each for each in (1, 2, 4, 8) if value < 1 << (8 * each - 2))
    return (value | (size.bit_length() - 1) << (8 * size - 2)).to_bytes(size, "big")


# RFC 9114 §7


def frame(kind: int, payload: bytes = b"", *, length: int | None = None, size: int = 0) -> bytes:
    """A frame. `length` is what it claims to hold, `size` the octets of both of its integers."""
    claimed = len(payload) if length is None else length
    return varint(kind, size or None) + varint(claimed, size or None) + payload


def data(payload: bytes) -> bytes:
    """A DATA frame."""
    return frame(Kind.DATA, payload)


def headers(fields: Fields) -> bytes:
    """A HEADERS frame that spells out each field."""
    return frame(Kind.HEADERS, section(fields))


def setting(identifier: int, value: int) -> bytes:
    """One parameter of a SETTINGS frame."""
    return varint(identifier) + varint(value)


def settings(values: dict[int, int] | None = None) -> bytes:
    """A SETTINGS frame."""
    return frame(Kind.SETTINGS, b"".join(setting(*each) for each in (values or {}).items()))


# RFC 9204 §4


def integer(value: int, bits: int, pattern: int = 0) -> bytes:
    """A prefixed integer behind `pattern`; it may have as many bits as it likes."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes((pattern | value,))
    octets = bytearray((pattern | limit,))
    value -= limit
    while value >= 0x80:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    octets.append(value)
    return bytes(octets)


def string(octets: bytes, bits: int = 7, pattern: int = 0, *, length: int | None = None) -> bytes:
    """A string without Huffman code; `length` is what it claims to be."""
    return integer(len(octets) if length is None else length, bits, pattern) + octets


def encoded_insert_count(required: int, max_entries: int) -> int:
    """How a Required Insert Count is written (RFC 9204 §4.5.1.1)."""
    return required % (2 * max_entries) + 1 if required else 0


def prefix(insert_count: int = 0, delta_base: int = 0, *, sign: bool = False) -> bytes:
    """The prefix of a field section; `insert_count` is the encoded one."""
    return integer(insert_count, 8) + integer(delta_base, 7, 0x80 if sign else 0)


def section(fields: Fields) -> bytes:
    """A field section in which each name and value is spelled out."""
    return prefix() + b"".join(literal(name, value) for name, value in fields)


def literal(name: bytes, value: bytes, *, never_indexed: bool = False) -> bytes:
    """A literal field line with a literal name (§4.5.6)."""
    return string(name, 3, 0x30 if never_indexed else 0x20) + string(value)


def indexed(index: int, *, static: bool = True) -> bytes:
    """An indexed field line (§4.5.2)."""
    return integer(index, 6, 0xC0 if static else 0x80)


def post_base(index: int) -> bytes:
    """An indexed field line with post-base index (§4.5.3)."""
    return integer(index, 4, 0x10)


def name_reference(
    index: int, value: bytes, *, static: bool = True, never_indexed: bool = False
) -> bytes:
    """A literal field line with a name reference (§4.5.4)."""
    pattern = 0x40 | (0x10 if static else 0) | (0x20 if never_indexed else 0)
    return integer(index, 4, pattern) + string(value)


def post_base_name(index: int, value: bytes) -> bytes:
    """A literal field line with a post-base name reference (§4.5.5)."""
    return integer(index, 3) + string(value)
