"""What an application under test has lived through, for a test to wait for.

This file knows a list of words and who waits for the next one. It refuses to know what they mean.
Its one rule: a wait is bounded, and when the time is up it fails with all that was noted.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PATIENCE", "Notes", "Progress"]

PATIENCE = 20.0
"""Seconds until a wait counts as in vain. Far more than any takes, so that only a wait that would
never end reaches it, on however slow a machine."""


class Progress:
    """Conditions that are looked at again after each `announce`."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._changed = asyncio.Event()

    def announce(self) -> None:
        """Something may have become true."""
        self._changed.set()

    async def until(self, condition: Callable[[], bool], story: Callable[[], object]) -> None:
        """Wait until `condition` holds; fails with the `story` if it never does."""
        try:
            async with asyncio.timeout(self._patience):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"It never came true; until then: {story()}") from None


class Notes(list[str]):
    """What an application noted down, in order."""

    def __init__(self) -> None:
        super().__init__()
        self._progress = Progress()

    def add(self, note: str) -> None:
        """Note something down."""
        self.append(note)
        self._progress.announce()

    async def until(self, note: str, count: int = 1) -> None:
        """Wait until `note` has been added `count` times."""
        await self._progress.until(lambda: self.count(note) >= count, lambda: list(self))
