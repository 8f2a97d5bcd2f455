"""Workers that are not there: they live, serve and die when a test says so.

This file knows what a parent may ask of a worker, and writes it down. Its one rule: like a process,
a worker that was told to stop is not gone until `ends` is called.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h3producer.server.errors import StartupError
from h3producer.server.workers.process import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.server.workers.channel import Word
    from h3producer.server.workers.process import Worker

__all__ = ["FakeWorker", "LabourMarket"]

LONG_AGO = -1e9


class FakeWorker:
    """One of them."""

    def __init__(self, slot: int, retires: Callable[[Worker], None]) -> None:
        self.slot = slot
        self.phase = Phase.STARTING
        self.pid = 1000 + slot
        self.started_at = LONG_AGO
        self.said: list[Word] = []
        """What it was told."""
        self.facts: asyncio.Future[dict[str, object]] = asyncio.Future()
        self._retires = retires
        self._readiness: asyncio.Future[str] = asyncio.Future()
        self._end: asyncio.Future[int] = asyncio.Future()

    def __repr__(self) -> str:
        return f"<FakeWorker {self.slot} {self.phase.value}>"

    # What the parent asks

    async def ready(self) -> None:
        if sentence := await self._readiness:
            raise StartupError(sentence)

    async def ended(self) -> int:
        return await self._end

    def say(self, word: Word, body: bytes = b"") -> None:
        self.said.append(word)

    def kill(self) -> None:
        self.ends(-9)

    async def snapshot(self) -> dict[str, object]:
        return await asyncio.shield(self.facts)

    # What a test does

    def serves(self) -> None:
        """Answer clients from now on."""
        self._readiness.set_result("")

    def fails(self, sentence: str) -> None:
        """Say why it cannot start, and end."""
        self._readiness.set_result(sentence)
        self.ends(3)

    def ends(self, code: int = 0) -> None:
        """Be gone."""
        if not self._end.done():
            self._end.set_result(code)
        if not self._readiness.done():
            self._readiness.set_result("A worker ended before it could serve.")

    def retires(self) -> None:
        """Ask for a successor."""
        self._retires(self)


class LabourMarket:
    """Where workers are hired; they serve at once unless `is_slow`."""

    def __init__(self) -> None:
        self.workers: list[FakeWorker] = []
        """All that were hired."""
        self.is_slow = False
        self.errors: list[OSError] = []
        """What the next hires end in."""
        self.failures: list[str] = []
        """Why the next ones cannot start."""

    async def hire(self, slot: int, retires: Callable[[Worker], None]) -> Worker:
        if self.errors:
            raise self.errors.pop()
        worker = FakeWorker(slot, retires)
        self.workers.append(worker)
        if self.failures:
            worker.fails(self.failures.pop())
        elif not self.is_slow:
            worker.serves()
        return worker

    @property
    def phases(self) -> list[tuple[int, str]]:
        """Slot and phase of each that lives, in the order in which they were hired."""
        return [(w.slot, w.phase.value) for w in self.workers if w.phase is not Phase.ENDED]
