"""The bytes that travel: the same for every run, and different in each piece.

This file knows how a body of any length looks, so that both ends can make it and compare
digests without keeping it. Its one rule: no two pieces are alike, so that a piece that is lost,
doubled or swapped shows.
"""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CHUNK", "chunks", "digest_of"]

CHUNK = 64 * 1024
"""Bytes of a piece: what a streaming ASGI application typically sends at once."""

_NUMBER = 8
_NOISE = random.Random(9114).randbytes(CHUNK - _NUMBER)


def chunks(length: int) -> Iterator[bytes]:
    """The body of `length` bytes, in pieces of `CHUNK`: a number, then noise."""
    whole, rest = divmod(length, CHUNK)
    for number in range(whole):
        yield number.to_bytes(_NUMBER, "big") + _NOISE
    if rest:
        yield (whole.to_bytes(_NUMBER, "big") + _NOISE)[:rest]


def digest_of(length: int) -> str:
    """SHA-256 of the body of `length` bytes, in hexadecimal."""
    digest = hashlib.sha256()
    for piece in chunks(length):
        digest.update(piece)
    return digest.hexdigest()
