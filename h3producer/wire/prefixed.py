"""Integers and strings with a prefix, as QPACK writes them (RFC 9204 §4.1, RFC 7541 §5.1).

This file knows how one integer or one string lies in octets whose first one it shares with other
bits. It refuses to know Huffman code: a string is skipped or written, never decoded. Its one
rule: no integer is larger than 62 bits, whatever length it is written in.
"""

from __future__ import annotations

from h3producer.wire.varint import MAX_VARINT

__all__ = ["encode_integer", "encode_string", "pull_integer", "skip_string"]


def encode_integer(value: int, bits: int, pattern: int) -> bytes:
    """Write `value` behind the bits of `pattern`, which leave the last `bits` of an octet free."""
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


def encode_string(octets: bytes, bits: int, pattern: int) -> bytes:
    """Write a string as it is, without Huffman code; its length has a prefix of `bits`."""
    return encode_integer(len(octets), bits, pattern) + octets


def pull_integer(data: bytes, offset: int, bits: int) -> tuple[int, int] | None:
    """Read the integer whose first `bits` end the octet at `offset`: (value, offset behind it).

    Returns None when `data` ends before it does, and raises ValueError when it is larger than
    62 bits, or spelled longer than any such integer needs. RFC 9204 §4.1.1: "QPACK
    implementations MUST be able to decode integers up to and including 62 bits long."
    """
    if offset >= len(data):
        return None
    limit = (1 << bits) - 1
    value = data[offset] & limit
    if value < limit:
        return value, offset + 1
    for shift in range(0, 63, 7):
        offset += 1
        if offset >= len(data):
            return None
        octet = data[offset]
        value += (octet & 0x7F) << shift
        if octet < 0x80:
            break
    if octet >= 0x80 or value > MAX_VARINT:
        raise ValueError("The integer has more than 62 bits.")
    return value, offset + 1


def skip_string(data: bytes, offset: int, bits: int) -> int | None:
    """The offset behind the string whose length starts at `offset`; None if `data` ends before.

    Raises ValueError as `pull_integer` does.
    """
    length = pull_integer(data, offset, bits)
    if length is None:
        return None
    end = length[1] + length[0]
    return end if end <= len(data) else None
