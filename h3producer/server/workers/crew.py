"""Who has which slot: all workers that live, and where packets are to go because of it.

This file knows workers, phases and slots. It refuses to know when workers start and why they end.

Its one rule: a slot has one worker at a time, from before its process starts until after it has
ended; so nobody ever answers for connections that another still has.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from h3producer.server.workers.channel import Word
from h3producer.server.workers.process import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from h3producer.server.workers.process import Worker

__all__ = ["Crew", "Steer"]

Steer: TypeAlias = "Callable[[Sequence[int], Sequence[int]], None]"
"""Leads newcomers to the first slots, and leaves the connections of the second ones with them."""


class Crew:
    """The workers of one server, in `slots` slots.

    `steer` is called with the slots that serve and those that drain, whenever these change.
    """

    def __init__(self, slots: int, steer: Steer) -> None:
        self.slots = slots
        self._free = set(range(slots))
        self._workers: list[Worker] = []
        self._steer = steer
        self._freed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._workers)

    def of(self, *phases: Phase) -> list[Worker]:
        """Those that are in one of these phases, the oldest first; all, if none is named."""
        return [each for each in self._workers if not phases or each.phase in phases]

    # Slots

    async def take_slot(self, wish: int = 0) -> int:
        """A slot for a worker that is to start: `wish`, or else the lowest; waits until one is
        free."""
        while not self._free:
            self._freed.clear()
            await self._freed.wait()
        slot = wish if wish in self._free else min(self._free)
        self._free.discard(slot)
        return slot

    def free_slot(self, slot: int) -> None:
        """A slot that was taken is not needed."""
        self._free.add(slot)
        self._freed.set()

    # Phases

    def started(self, worker: Worker) -> None:
        """It lives, in a slot that was taken for it."""
        self._workers.append(worker)

    def serves(self, worker: Worker) -> None:
        """It is ready."""
        worker.phase = Phase.SERVING
        self._changed()

    def drain(self, *workers: Worker) -> None:
        """Have these stop, while others serve: new clients go to them."""
        for worker in workers:
            worker.phase = Phase.DRAINING
        # First of all newcomers are led away from who is about to drain.
        self._changed()
        for worker in workers:
            worker.say(Word.DRAIN)

    def stop(self, *workers: Worker) -> None:
        """Have these stop, and nobody serve in their place: clients stay with whom they have."""
        for worker in workers:
            worker.phase = Phase.DRAINING
            worker.say(Word.STOP)

    def ended(self, worker: Worker) -> None:
        """It is gone; its slot is free."""
        worker.phase = Phase.ENDED
        self._workers.remove(worker)
        self.free_slot(worker.slot)
        self._changed()

    def _changed(self) -> None:
        serving, draining = self._slots_of(Phase.SERVING), self._slots_of(Phase.DRAINING)
        if serving:  # else there is nowhere to lead anybody
            self._steer(serving, draining)

    def _slots_of(self, phase: Phase) -> list[int]:
        return sorted(each.slot for each in self.of(phase))
