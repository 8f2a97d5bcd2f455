"""Bytes of a stream, by offset: which there have been, each counted once.

This file knows intervals. It refuses to know what they are for.
"""

from __future__ import annotations

from bisect import bisect_left

__all__ = ["ByteRanges"]


class ByteRanges:
    """A set of bytes, kept as intervals that do not touch."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.total = 0
        """How many bytes are in it."""

    def add(self, start: int, end: int) -> int:
        """Put `start` up to `end` in; return how many bytes are new."""
        if end <= start:
            return 0
        first = bisect_left(self._ends, start)
        last = first
        before = self.total
        low, high, held = start, end, 0
        while last < len(self._starts) and self._starts[last] <= end:
            low, high = min(low, self._starts[last]), max(high, self._ends[last])
            held += self._ends[last] - self._starts[last]
            last += 1
        self._starts[first:last] = [low]
        self._ends[first:last] = [high]
        self.total += high - low - held
        return self.total - before
