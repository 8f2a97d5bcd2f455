"""A fraction of all connections, evenly.

This file knows how to count. It refuses to know what for.

Its one rule: who is chosen depends on how many came before and on nothing that a client says, so
none can choose to be.
"""

from __future__ import annotations

__all__ = ["Sampling"]


class Sampling:
    """Of 12 that come, a `fraction` of 0.25 takes three: the 4th, the 8th and the 12th."""

    def __init__(self, fraction: float) -> None:
        """`fraction` is 0 to 1."""
        self._fraction = fraction
        self._number = 0

    def takes(self) -> bool:
        """Whether the one that comes now is one of them."""
        before = int(self._number * self._fraction)
        self._number += 1
        return int(self._number * self._fraction) > before
