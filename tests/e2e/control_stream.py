"""What a server says on its control stream, read without the help of any library.

This file knows frames and variable-length integers. It refuses to know what a GOAWAY leads to.
"""

from __future__ import annotations

__all__ = ["goaways"]

CONTROL = 0x00
GOAWAY = 0x07


def goaways(octets: bytes) -> list[int]:
    """The ids of the GOAWAY frames on a unidirectional stream, if it is a control stream."""
    if not octets or octets[0] != CONTROL:
        return []
    return [_varint(payload, 0)[0] for kind, payload in _frames(octets[1:]) if kind == GOAWAY]


def _frames(octets: bytes) -> list[tuple[int, bytes]]:
    """The frames of a control stream, of which the last may be cut off."""
    frames, at = [], 0
    while at < len(octets):
        kind, at = _varint(octets, at)
        size, at = _varint(octets, at)
        frames.append((kind, octets[at : at + size]))
        at += size
    return frames


def _varint(octets: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer (RFC 9000 §16), and where it ends."""
    size = 1 << (octets[at] >> 6)
    value = int.from_bytes(octets[at : at + size], "big") & ((1 << (8 * size - 2)) - 1)
    return value, at + size
