"""Variable-length integers of QUIC: 1, 2, 4 or 8 octets (RFC 9000 §16).

This file knows how one integer is written and read. It refuses to know what the integer
means. Its one rule: it writes the shortest form and reads every form, because a frame type or
a length may come in any of the four (only the QUIC frame type must be minimal, RFC 9000 §12.4).
"""

from __future__ import annotations

__all__ = ["MAX_VARINT", "encode_varint", "pull_varint"]

MAX_VARINT = (1 << 62) - 1
"""The largest value: two of the 64 bits of the longest form say how long it is."""

_ONE_OCTET = tuple(bytes((value,)) for value in range(0x40))


def encode_varint(value: int) -> bytes:
    """Write `value` in as few octets as it takes.

    Raises ValueError outside 0 … `MAX_VARINT`. Source: RFC 9000 §16.
    """
    if 0 <= value < 0x40:
        return _ONE_OCTET[value]
    if not 0 <= value <= MAX_VARINT:
        raise ValueError(f"A variable-length integer is 0 to 2^62-1, not {value}.")
    if value < 0x4000:
        return (value | 0x4000).to_bytes(2, "big")
    if value < 0x4000_0000:
        return (value | 0x8000_0000).to_bytes(4, "big")
    return (value | 0xC000_0000_0000_0000).to_bytes(8, "big")


def pull_varint(data: bytes, offset: int) -> tuple[int, int] | None:
    """Read the integer that starts at `offset`: (its value, the offset behind it).

    Returns None when `data` ends before the integer does; nothing is consumed then.
    Source: RFC 9000 §16, appendix A.1.
    """
    if offset >= len(data):
        return None
    first = data[offset]
    if first < 0x40:
        return first, offset + 1
    length = 1 << (first >> 6)
    end = offset + length
    if end > len(data):
        return None
    # The two bits that say the length are the topmost of the whole integer.
    return int.from_bytes(data[offset:end], "big") & ((1 << (8 * length - 2)) - 1), end
