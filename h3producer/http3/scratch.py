"""Memory that goes nowhere, for an application that writes after an abort (Kestrel's FakeMemory).

An application may be in the middle of "get memory, copy, advance, flush" when its exchange is
cut. It gets memory all the same, so that none of those steps needs a special case. The content
is thrown away.
"""

from __future__ import annotations

__all__ = ["ScratchMemory"]

_MINIMUM = 4096
"""Bytes; the segment size of a pipe, so that code which asks for 0 gets what it is used to."""


class ScratchMemory:
    """One block, made when it is first wanted and replaced when it is too small."""

    __slots__ = ("_block",)

    def __init__(self) -> None:
        self._block = bytearray()

    def get(self, size_hint: int) -> memoryview:
        """At least `max(size_hint, 1)` bytes; ValueError if the hint is negative."""
        if size_hint < 0:
            raise ValueError("size_hint must not be negative.")
        if len(self._block) < max(size_hint, 1):
            # A new block, never a resize: an earlier view may still be written to.
            self._block = bytearray(max(size_hint, _MINIMUM))
        return memoryview(self._block)
