"""As many workers as there are to be: each that ends without having been asked is replaced.

This file knows how one worker is started and what its end means. It refuses to know why the number
changes (`supervisor.py`) and how workers are renewed (`rolls.py`).

Its one rule: one worker that cannot start is an error of the start, and later only news: those
that serve go on.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from h3producer.server.errors import StartupError
from h3producer.server.workers.pauses import LONGEST_PAUSE, Pauses
from h3producer.server.workers.process import Phase, Worker, describe_exit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from h3producer.server.workers.crew import Crew

__all__ = ["Hire", "Staff"]

logger = logging.getLogger("h3producer.error")

Hire: TypeAlias = "Callable[[int, Callable[[Worker], None]], Awaitable[Worker]]"
"""Starts a worker in a slot; it calls the function when it wants a successor.
Raises OSError if the system has no room for one more."""


class Staff:
    """Keeps `count` workers at work, and `spare` more. `retires` hears who wants a successor."""

    def __init__(
        self, count: int, crew: Crew, hire: Hire, retires: Callable[[Worker], None]
    ) -> None:
        self.count = count
        self.spare = 0
        self.stops = asyncio.Event()
        """Set once and for all: nobody is employed any more."""
        self._crew = crew
        self._hire = hire
        self._retires = retires
        self._pauses = Pauses()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def employ(self, wish: int = 0) -> Worker:
        """Have one worker more serve, in the slot `wish` if that is free.

        Waits for a slot, and until it answers clients. Raises `StartupError` if it does not come
        so far; then it has ended.
        """
        slot = await self._crew.take_slot(wish)
        try:
            if self.stops.is_set():
                raise StartupError("The server stops.")
            worker = await self._hire(slot, self._retires)
        except BaseException as error:
            self._crew.free_slot(slot)
            if isinstance(error, OSError):
                raise StartupError(f"A worker cannot be started: {error.strerror}.") from error
            raise
        self._crew.started(worker)
        attending = self.spawn(self._attend(worker))
        if self.stops.is_set():
            self._crew.stop(worker)
        try:
            await worker.ready()
        except StartupError:
            await asyncio.wait({attending})
            raise
        if worker.phase is Phase.STARTING:
            self._crew.serves(worker)
            logger.info("Worker %d (process %d) serves.", worker.slot, worker.pid)
        return worker

    def add(self) -> None:
        """Employ one, unless there are enough by then; returns at once."""
        self.spawn(self._fill(0, 0.0))

    def trim(self) -> None:
        """Have the youngest drain that are too many."""
        serving = self._crew.of(Phase.SERVING)
        surplus = self._staying - self.count - self.spare
        if surplus > 0:
            self._crew.drain(*serving[-surplus:])

    async def wait_gone(self) -> None:
        """Wait until all workers have ended, once it `stops`."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something that goes on until it `stops`, or longer."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, StartupError):
            logger.error("Looking after workers failed.", exc_info=error)

    @property
    def _staying(self) -> int:
        """How many serve, or will."""
        return len(self._crew.of(Phase.STARTING, Phase.SERVING))

    async def _attend(self, worker: Worker) -> None:
        """See what becomes of it."""
        code = await worker.ended()
        phase, how = worker.phase, describe_exit(code)
        self._crew.ended(worker)
        if phase is Phase.SERVING:
            logger.error("Worker %d (process %d) ended, %s.", worker.slot, worker.pid, how)
            lifetime = asyncio.get_running_loop().time() - worker.started_at
            self.spawn(self._fill(worker.slot, self._pauses.after(lifetime)))
        elif phase is Phase.DRAINING and code:
            logger.warning("Worker %d (process %d) ended, %s.", worker.slot, worker.pid, how)

    async def _fill(self, slot: int, pause: float) -> None:
        """Have one serve, in `slot` if that is free, after `pause` seconds, if one is missing."""
        while True:
            await self._pause(pause)
            if self.stops.is_set() or self._staying >= self.count + self.spare:
                return
            try:
                await self.employ(slot)
                return
            except StartupError as error:
                if not self.stops.is_set():
                    logger.error("A worker could not start: %s", error)
                pause = self._pauses.after(0.0)

    async def _pause(self, seconds: float) -> None:
        if self._pauses.are_news:
            logger.error(
                "Workers end as soon as they start; from now on the next one waits, %g s at most.",
                LONGEST_PAUSE,
            )
        if seconds:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stops.wait(), seconds)
