"""Any bytes → fields of bounded size, or one of two documented errors; the decoder works on.

Covers `wire/qpack.py` and `wire/field_lines.py`. Allowed: QPACK_DECOMPRESSION_FAILED, which ends a
connection, and H3_MESSAGE_ERROR for an empty name, which ends a stream. What was decoded is
encoded again and must say the same.
"""

from __future__ import annotations

from h3producer.errors import ErrorCode, Http3ConnectionError, Http3StreamError
from h3producer.wire.fields import Fields, field_section_size
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder

__all__ = ["SEEDS", "fuzz"]

GET = bytes.fromhex("0000 d1 d7 c1")
GET_FIELDS = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/")]

EXPANSION = 150
"""Octets that one octet can stand for: the longest entry of the static table, and 32 (RFC 9114
§4.2.2). A Huffman code is at least 5 bits long."""

SEEDS = {
    "a GET": GET,
    "a name from the table": bytes.fromhex("0000 500a") + b"h3.example",
    "both as literals": bytes.fromhex("0000 21 61 01 62"),
    "Huffman": bytes.fromhex("0000 50 8c f1e3 c2e5 f23a 6ba0 ab90 f4ff"),
    "an empty name": bytes.fromhex("0000 d1 20 01 61"),
    "an empty section": bytes.fromhex("0000"),
    "a required insert count": bytes.fromhex("0100 d1"),
    "a negative base": bytes.fromhex("0081 d1"),
    "a large base": bytes.fromhex("007f ffffff0f d1"),
    "the dynamic table": bytes.fromhex("0000 80"),
    "behind the base": bytes.fromhex("0000 10"),
    "the longest entry": bytes.fromhex("0000") + b"\xff\x16" * 20,
    "no such entry": bytes.fromhex("0000 ff24"),
    "a cut string": bytes.fromhex("0000 50ff"),
    "a wrong Huffman code": bytes.fromhex("0000 5084 ffffffff"),
}


def fuzz(data: bytes) -> None:
    decoder = FieldSectionDecoder()
    fields = decode(decoder, data)
    if fields is not None:
        assert field_section_size(fields) <= EXPANSION * len(data)
        section = FieldSectionEncoder().encode(fields)
        assert FieldSectionDecoder().decode(0, section) == fields
    # One request's section must not spoil the next one's, whoever sent it.
    assert decoder.decode(4, GET) == GET_FIELDS


def decode(decoder: FieldSectionDecoder, section: bytes) -> Fields | None:
    try:
        return decoder.decode(0, section)
    except Http3ConnectionError as error:
        if error.error_code != ErrorCode.QPACK_DECOMPRESSION_FAILED:
            raise
    except Http3StreamError as error:
        if error.error_code != ErrorCode.H3_MESSAGE_ERROR:
            raise
    return None
