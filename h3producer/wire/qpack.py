"""QPACK without a dynamic table: field sections to bytes and back (RFC 9204).

This file is the only one that knows pylsqpack. It refuses to know streams and frames. Its one
rule: both dynamic tables stay empty for ever. We announce capacity 0 and blocked streams 0, so a
peer has nothing to insert and no section can wait; our encoder references the static table
alone, so the peer has nothing to acknowledge. What that leaves of the two instruction streams is
small enough to be read here.

Without a table no small section can decode to a huge one (RFC 9114 §10.5.1): an octet yields at
most one entry of the static table, about 100 bytes.

Our sections are those of Kestrel, octet by octet, but for strings that are shorter in Huffman
code, which Kestrel never uses. The N bit (RFC 9204 §7.1.3) is never set: pylsqpack cannot, and
what it protects from is a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pylsqpack

from h3producer.errors import ErrorCode, Http3ConnectionError, Http3StreamError
from h3producer.wire.field_lines import find_empty_name
from h3producer.wire.prefixed import encode_string, pull_integer

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields

__all__ = ["MOST_BYTES_PER_OCTET", "FieldSectionDecoder", "FieldSectionEncoder"]

_PREFIX = b"\x00\x00"
"""Required Insert Count 0, Sign 0, Delta Base 0 (RFC 9204 §4.5.1)."""

MOST_BYTES_PER_OCTET = 107
"""Bytes of a field section, counted as in RFC 9114 §4.2.2, that one encoded octet yields at most:
entry 85 of the static table, `content-security-policy`, and 32. Huffman code yields 1.6."""

_SET_CAPACITY_0 = b"\x20"

_MAX_STRING = 65_535
"""Bytes of a name or value that pylsqpack takes."""


_DECODER = pylsqpack.Decoder(0, 0)
"""Without a table a decoder remembers nothing, so all connections have the same; one takes 4 kB."""


class FieldSectionDecoder:
    """Reads the field sections of one connection, and the peer's encoder stream."""

    __slots__ = ()

    def decode(self, stream_id: int, payload: bytes) -> Fields:
        """The fields of one HEADERS payload; what they say is not checked.

        Raises Http3ConnectionError(QPACK_DECOMPRESSION_FAILED) if it cannot be decoded, which a
        string of more than about 64 KiB cannot (RFC 9204 §7.4), and
        Http3StreamError(H3_MESSAGE_ERROR) for an empty name. The caller bounds the payload, and
        so the result.
        """
        if payload[:2] != _PREFIX:
            payload = _with_plain_prefix(stream_id, payload)
        if len(payload) == len(_PREFIX):
            return []  # no field lines, which pylsqpack would take for an error
        try:
            return _DECODER.feed_header(stream_id, payload)[1]
        except (pylsqpack.DecompressionFailed, pylsqpack.StreamBlocked):
            self._raise_if_empty_name(stream_id, payload)
            raise _failed(stream_id, "it has an invalid field line") from None

    def _raise_if_empty_name(self, stream_id: int, payload: bytes) -> None:
        """It is the empty name that pylsqpack refused if it takes all lines before."""
        offset = find_empty_name(payload, len(_PREFIX))
        if offset is None:
            return
        try:
            if offset > len(_PREFIX):
                _DECODER.feed_header(stream_id, payload[:offset])
        except (pylsqpack.DecompressionFailed, pylsqpack.StreamBlocked):
            return
        raise Http3StreamError(ErrorCode.H3_MESSAGE_ERROR, "A field has an empty name.")

    def feed_encoder_stream(self, data: bytes) -> int:
        """Take bytes of the peer's encoder stream, which has nothing to say; count instructions.

        The one instruction that is not wrong is Set Dynamic Table Capacity 0, a single octet.
        Any other raises Http3ConnectionError(QPACK_ENCODER_STREAM_ERROR). RFC 9204 §4.3.1: "The
        decoder MUST treat a new dynamic table capacity value that exceeds this limit as a
        connection error of type QPACK_ENCODER_STREAM_ERROR", and §3.2.2: "It is an error if the
        encoder attempts to add an entry that is larger than the dynamic table capacity".
        """
        if data.strip(_SET_CAPACITY_0):
            raise Http3ConnectionError(
                ErrorCode.QPACK_ENCODER_STREAM_ERROR,
                "The encoder stream changes a dynamic table that has no room.",
            )
        return len(data)


class FieldSectionEncoder:
    """Writes the field sections of one connection, and reads the peer's decoder stream."""

    __slots__ = ("_encoder", "_held")

    def __init__(self) -> None:
        self._encoder = pylsqpack.Encoder()
        self._held = b""  # an instruction that is cut

    def encode(self, fields: Fields) -> bytes:
        """The HEADERS payload that says `fields`: pairs of bytes, names in lower case.

        Raises ValueError for an empty name and for what is not bytes.
        """
        try:
            return self._encoder.encode(0, fields)[1]
        except ValueError:
            return _PREFIX + b"".join([self._encode_line(name, value) for name, value in fields])

    def _encode_line(self, name: bytes, value: bytes) -> bytes:
        if len(name) > _MAX_STRING or len(value) > _MAX_STRING:
            # 001NHnnn: a literal with a literal name (RFC 9204 §4.5.6).
            return encode_string(name, 3, 0x20) + encode_string(value, 7, 0)
        return self._encoder.encode(0, [(name, value)])[1][len(_PREFIX) :]

    def feed_decoder_stream(self, data: bytes) -> int:
        """Take bytes of the peer's decoder stream, cut anywhere; count instructions.

        Stream Cancellations are read and forgotten (RFC 9204 §4.4.2). The other instructions
        acknowledge what was never sent and raise
        Http3ConnectionError(QPACK_DECODER_STREAM_ERROR): Section Acknowledgment (§4.4.1) and
        Insert Count Increment (§4.4.3).
        """
        data, self._held = self._held + data, b""
        offset = instructions = 0
        while offset < len(data):
            if data[offset] & 0xC0 != 0x40:
                raise _decoder_stream_error("acknowledges what was never sent")
            try:
                stream_id = pull_integer(data, offset, 6)
            except ValueError:
                raise _decoder_stream_error("has an integer of more than 62 bits") from None
            if stream_id is None:
                self._held = data[offset:]  # less than ten octets: more are too large a number
                break
            offset = stream_id[1]
            instructions += 1
        return instructions


def _with_plain_prefix(stream_id: int, payload: bytes) -> bytes:
    """The section with its prefix checked and put in its shortest form.

    pylsqpack would let a negative base pass.
    """
    # RFC 9204 §4.5.1.1: a Required Insert Count "that could not have been produced by a
    # conformant encoder" is an error, and with no table there is none but 0.
    if payload[:1] not in (b"", b"\0"):
        raise _failed(stream_id, "it needs entries of a dynamic table")
    # RFC 9204 §4.5.1.2: "An endpoint MUST treat a field block with a Sign bit of 1 as invalid if
    # the value of Required Insert Count is less than or equal to the value of Delta Base."
    if len(payload) < len(_PREFIX) or payload[1] & 0x80:
        raise _failed(stream_id, "its prefix is cut or its base is negative")
    # A base that nothing refers to may be any number.
    try:
        delta_base = pull_integer(payload, 1, 7)
    except ValueError:
        delta_base = None
    if delta_base is None:
        raise _failed(stream_id, "its base is no number")
    return _PREFIX + payload[delta_base[1] :]


def _failed(stream_id: int, reason: str) -> Http3ConnectionError:
    return Http3ConnectionError(
        ErrorCode.QPACK_DECOMPRESSION_FAILED,
        f"The field section on stream {stream_id} cannot be decoded: {reason}.",
    )


def _decoder_stream_error(reason: str) -> Http3ConnectionError:
    return Http3ConnectionError(
        ErrorCode.QPACK_DECODER_STREAM_ERROR, f"The decoder stream {reason}."
    )
