"""Small changes to an input: the mutations of the fallback loop and of the runs under pytest.

This file knows edits of bytes. It refuses to know coverage: atheris does. Its one rule: all
chance comes from the `random.Random` that is handed in, so that a run can be repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

__all__ = ["mutate"]

MAX_EDITS = 6

# Where parsers branch: zero, one, the sizes of a varint, and every bit set.
_INTERESTING = (0x00, 0x01, 0x20, 0x3F, 0x40, 0x7F, 0x80, 0xBF, 0xC0, 0xFE, 0xFF)


def mutate(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """`data` after one to `MAX_EDITS` edits; `others` are inputs that pieces may come from."""
    for _ in range(random.randint(1, MAX_EDITS)):
        start = random.randint(0, len(data))
        end = min(len(data), start + random.choice((0, 1, 1, 2, 4, 16)))
        data = data[:start] + random.choice(_EDITS)(data[start:end], others, random) + data[end:]
    return data


def _delete(piece: bytes, others: Sequence[bytes], random: Random) -> bytes:
    return b""


def _repeat(piece: bytes, others: Sequence[bytes], random: Random) -> bytes:
    return piece * random.choice((2, 2, 3, 16))


def _insert(piece: bytes, others: Sequence[bytes], random: Random) -> bytes:
    return piece + random.randbytes(random.randint(1, 4))


def _replace(piece: bytes, others: Sequence[bytes], random: Random) -> bytes:
    return bytes(random.choice(_INTERESTING) for _ in piece or b"-")


def _flip(piece: bytes, others: Sequence[bytes], random: Random) -> bytes:
    return bytes(octet ^ 1 << random.randrange(8) for octet in piece)


def _splice(piece: bytes, others: Sequence[bytes], random: Random) -> bytes:
    other = random.choice(others) if others else b""
    start = random.randint(0, len(other))
    return piece + other[start : start + random.randint(1, 32)]


_EDITS: tuple[Callable[[bytes, Sequence[bytes], Random], bytes], ...] = (
    _delete,
    _repeat,
    _insert,
    _replace,
    _flip,
    _splice,
)
