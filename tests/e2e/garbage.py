"""Datagrams that mean nothing, or too little, or something for nobody.

This file knows the outside of QUIC packets. It refuses to know what a server does with them.
"""

from __future__ import annotations

import random

__all__ = ["garbage"]


def garbage(seed: int) -> list[bytes]:
    """One of each sort; the bytes in which nothing is meant come from the seed."""
    random_bytes = random.Random(seed).randbytes
    initial = bytes.fromhex("c3 00000001 08") + bytes(8) + b"\x08" + bytes(8)
    return [
        b"",
        b"\x00",
        b"\xff" * 6,
        *(random_bytes(size) for size in (7, 20, 100, 1200, 1400)),
        *(b"\x40" + random_bytes(size) for size in (8, 40, 1199)),  # short header
        *(b"\xc0" + random_bytes(size) for size in (8, 40, 1199)),  # long header
        b"\xc0\xba\xba\xba\xba" + random_bytes(1195),  # a version to negotiate
        b"\xc0\x00\x00\x00\x00" + random_bytes(1195),  # a version negotiation
        initial,  # cut off
        initial + bytes(1200 - len(initial)),  # an Initial of zeros
        initial + b"\x00\x44\x9e" + random_bytes(1200),  # an Initial that does not decrypt
        initial + b"\x00\x7f\xff" + random_bytes(1200),  # and one that is longer than it is
        b"\xf0\x00\x00\x00\x01\xff" + random_bytes(1200),  # ids beyond their longest
    ]
