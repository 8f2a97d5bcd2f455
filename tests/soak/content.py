"""Bytes that both ends know without having sent them to each other.

This file knows how a number becomes content of any size, and how content becomes a digest. It
refuses to know who sends it. Its one rule: the same seed gives the same bytes, and no two nearby
stretches of them are alike, so that a digest tells a lost, doubled or misplaced byte.

Nobody who sends it holds more than a block of it: a server that keeps an exchange for a while must
not keep its content, or its memory would say more of the application than of the server.
"""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["content", "digest", "pieces"]

BLOCK = 40_000
"""Bytes: more than a DATA frame of ours holds, and less than the response buffer."""


def content(seed: int, size: int) -> bytes:
    """`size` bytes that `seed` decides."""
    return b"".join(_blocks(seed, size))


def pieces(seed: int, size: int) -> Iterator[bytes]:
    """The same bytes, cut at places that `seed` decides; some pieces are empty."""
    cut = random.Random(seed)
    for block in _blocks(seed, size):
        at = cut.choice((0, 1, 100, 1200, 16384, BLOCK))
        yield block[:at]
        yield block[at:]


def digest(octets: bytes) -> str:
    """The SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(octets).hexdigest()


def _blocks(seed: int, size: int) -> Iterator[bytes]:
    for number, at in enumerate(range(0, size, BLOCK)):
        yield hashlib.shake_128(b"%d %d" % (seed, number)).digest(min(BLOCK, size - at))
