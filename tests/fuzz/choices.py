"""Bytes as a row of choices: what a fuzzer knows to mutate, read as what a scenario needs.

This file knows how a choice lies in bytes. It refuses to know what is chosen. Its one rule: any
bytes are a scenario, and where they end every choice is the first one, so that cutting an input
shortens its scenario and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Choices", "chunk", "cut"]

T = TypeVar("T")


def chunk(octets: bytes) -> bytes:
    """What `Choices.chunk` reads as `octets`: at most 255 of them."""
    return bytes((len(octets),)) + octets


def cut(octets: bytes, sizes: Sequence[int]) -> list[bytes]:
    """`octets` in pieces of these sizes, over and over; in one piece if there are none."""
    pieces: list[bytes] = []
    offset = 0
    while offset < len(octets):
        size = sizes[len(pieces) % len(sizes)] if sizes else len(octets)
        pieces.append(octets[offset : offset + size])
        offset += size
    return pieces


class Choices:
    """Reads choices from the front of `data`; false when nothing is left."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    def __bool__(self) -> bool:
        return self._offset < len(self._data)

    def octet(self) -> int:
        """The next octet, 0 at the end."""
        if not self:
            return 0
        self._offset += 1
        return self._data[self._offset - 1]

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1, of at most 256."""
        return self.octet() % limit

    def flag(self) -> bool:
        return bool(self.octet() & 1)

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, of which there are at most 256."""
        return options[self.octet() % len(options)]

    def take(self, count: int) -> bytes:
        """The next `count` octets, or as many as there are."""
        self._offset += count
        return self._data[self._offset - count : self._offset]

    def chunk(self) -> bytes:
        """A length in one octet, then so many octets."""
        return self.take(self.octet())

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._data))

    def sizes(self) -> list[int]:
        """Up to 15 sizes of 1 to 256, for `cut`."""
        return [1 + size for size in self.take(self.below(16))]
