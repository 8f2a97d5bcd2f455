"""HTTP Datagrams in QUIC DATAGRAM frames (RFC 9297 §2.1).

This file knows the one integer in front of a payload: the quarter of a request stream's id. It
refuses to know which requests there are and what a payload means. Its one rule: a datagram that
names no request that could ever be is the connection's error, not a datagram's.
"""

from __future__ import annotations

from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.wire.varint import encode_varint, pull_varint

__all__ = ["MAX_DATAGRAM_HEAD", "encode_datagram", "parse_datagram"]

_MAX_QUARTER_ID = (1 << 60) - 1

MAX_DATAGRAM_HEAD = 8
"""Bytes in front of a payload at most."""


def encode_datagram(stream_id: int, payload: bytes) -> bytes:
    """What a QUIC DATAGRAM frame carries for the request on stream `stream_id`."""
    return encode_varint(stream_id // 4) + payload


def parse_datagram(data: bytes) -> tuple[int, bytes]:
    """The request stream that a QUIC DATAGRAM frame is for, and the payload, which may be empty.

    Raises Http3ConnectionError(H3_DATAGRAM_ERROR) if no request can be meant.
    """
    pulled = pull_varint(data, 0)
    if pulled is None:
        # RFC 9297 §2.1: "Receipt of a QUIC DATAGRAM frame whose payload is too short to allow
        # parsing the Quarter Stream ID field MUST be treated as an HTTP/3 connection error of type
        # H3_DATAGRAM_ERROR (0x33)."
        raise Http3ConnectionError(ErrorCode.H3_DATAGRAM_ERROR, "a datagram without a stream id")
    quarter_id, offset = pulled
    if quarter_id > _MAX_QUARTER_ID:
        # RFC 9297 §2.1: "Receipt of an HTTP/3 Datagram that includes a larger value MUST be treated
        # as an HTTP/3 connection error of type H3_DATAGRAM_ERROR (0x33)."
        raise Http3ConnectionError(ErrorCode.H3_DATAGRAM_ERROR, "a datagram for no stream id")
    return 4 * quarter_id, data[offset:]
