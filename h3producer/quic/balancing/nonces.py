"""Numbers for connection ids, each used once ("Connection ID Entropy").

This file knows the two forms that the draft asks for: a counter where ids are encrypted, random
bytes where they are not. It refuses to know keys, and what is done when there are no more.

Its one rule: a nonce that was given out is never given out again; rather there is none.
"""

from __future__ import annotations

import math
import os
from typing import Protocol

__all__ = ["CountedNonces", "Nonces", "NoncesExhausted", "RandomNonces"]


class NoncesExhausted(Exception):
    """All have been used: ids have to be made in another way from now on."""


class Nonces(Protocol):
    """Where the nonces of one configuration come from."""

    @property
    def left(self) -> float:
        """How many there are still, at most."""

    def next(self) -> bytes:
        """One that was not used before. Raises `NoncesExhausted`."""
        ...


class CountedNonces:
    """Counts through `count` numbers of `length` bytes from `start` on, behind the last to 0.

    Without `start`, from a random one through all of them: "To maximize entropy, servers SHOULD
    start with a random nonce value, in which case the configuration is usable until the nonce value
    wraps around to zero and then reaches the initial value again."
    """

    def __init__(self, length: int, start: int | None = None, count: int | None = None) -> None:
        self._length = length
        self._space = 1 << 8 * length
        self._next = int.from_bytes(os.urandom(length)) if start is None else start
        self.left = self._space if count is None else count
        """How many there are still, at most."""

    def next(self) -> bytes:
        if not self.left:
            raise NoncesExhausted
        self.left -= 1
        number = self._next
        self._next = (number + 1) % self._space
        return number.to_bytes(self._length)


class RandomNonces:
    """Random ones: "no observable relationship to the field in previously issued connection IDs".

    They need not be remembered: what may come twice is an id in clear, which shows nobody a key,
    and whoever keeps routes to connections sees that it has the id already.
    """

    left = math.inf

    def __init__(self, length: int) -> None:
        self._length = length

    def next(self) -> bytes:
        return os.urandom(self._length)
