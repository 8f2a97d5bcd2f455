"""The parent of all workers: starts them, replaces them, and stops them; serves nothing itself.

**Start.** A failure ends everything and raises `StartupError`.

1. Bind the sockets, and see that there is a certificate.
2. Start one worker. What is wrong with the application is so found out, and said, once.
3. Start the others, all at once.

**Meanwhile.**

| what happens | what is done |
|---|---|
| a worker dies, or hangs and is killed | another starts in its slot, at once or after a pause |
| a worker asks to retire (`limit_max_requests`, TERM to it alone) | a roll of that worker |
| HUP | a roll of each that is there, one after the other |
| TTIN, TTOU | one more, one fewer: the youngest drains |
| INT, TERM | all drain; a second INT forces them, a third kills them |

A **roll** starts another worker in a free slot, waits until it answers clients, leads newcomers to
it, and only then has the old one drain. It goes on to the next without waiting for the old one's
end: that may take as long as a download. If the new one cannot start, the old one stays, and so do
those that were to follow.

This file refuses to know what a worker is made of: it asks `hire` for one. It never imports the
application.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING, Final

from h3producer.server.workers.channel import Word
from h3producer.server.workers.crew import Crew
from h3producer.server.workers.process import Phase
from h3producer.server.workers.rolls import Rolls
from h3producer.server.workers.staff import Staff

if TYPE_CHECKING:
    from h3producer.server.workers.crew import Steer
    from h3producer.server.workers.process import Worker
    from h3producer.server.workers.staff import Hire

__all__ = ["SNAPSHOT_PATIENCE", "Supervisor"]

logger = logging.getLogger("h3producer.error")

SNAPSHOT_PATIENCE: Final = 1.0
"""Seconds that workers get to say what they see: whoever scrapes waits ten at most. One whose event
loop is blocked is left out."""


class Supervisor:
    """Keeps `count` workers at work in `slots` slots, of which one has to be left for rolls.

    `steer` is called with the slots that serve and those that drain, whenever these change.
    """

    def __init__(self, count: int, slots: int, hire: Hire, steer: Steer) -> None:
        self._crew = Crew(slots, steer)
        self._staff = Staff(count, self._crew, hire, lambda worker: self._rolls.want([worker]))
        self._rolls = Rolls()
        self._interrupts = 0

    async def start(self) -> None:
        """Return once all workers serve, or earlier if it is to stop.

        Raises `StartupError`; then no worker is left.
        """
        staff = self._staff
        try:
            await staff.employ()
            if not staff.stops.is_set():
                others = [staff.spawn(staff.employ()) for _ in range(1, staff.count)]
                for employed in asyncio.as_completed(others):
                    await employed
        except BaseException:
            await self._kill_all()
            raise
        staff.spawn(self._rolls.go_on(staff, self._crew))

    async def wait_exit(self) -> None:
        """Wait for the first INT or TERM."""
        await self._staff.stops.wait()

    async def stop(self) -> None:
        """Have all workers drain, and return once they have ended. Being cancelled kills them."""
        logger.info("Stopping; %d workers are at work.", len(self._crew))
        self._no_more()
        try:
            self._crew.stop(*self._crew.of(Phase.STARTING, Phase.SERVING))
            await self._staff.wait_gone()
        except asyncio.CancelledError:
            await self._kill_all()
            raise
        logger.info("Stopped.")

    # What the world asks

    def signal_received(self, number: signal.Signals) -> None:
        """Do what the table above says of a signal."""
        if number in (signal.SIGINT, signal.SIGTERM):
            self._exit_asked(number)
        elif not self._staff.stops.is_set():
            _ORDERS[number](self)

    def roll(self) -> None:
        """Have each worker that is there replaced, one after the other; returns at once."""
        there = self._crew.of(Phase.STARTING, Phase.SERVING)
        logger.info("Replacing %d workers, one after the other.", len(there))
        self._rolls.want(there)

    def more(self) -> None:
        """Have one worker more."""
        if self._staff.count >= self._crew.slots - 1:
            logger.warning("There are %d workers, and cannot be more.", self._staff.count)
            return
        self._staff.count += 1
        logger.info("One worker more: %d.", self._staff.count)
        self._staff.add()

    def fewer(self) -> None:
        """Have one worker fewer; the youngest drains."""
        if self._staff.count == 1:
            logger.warning("There is one worker, and has to be.")
            return
        self._staff.count -= 1
        logger.info("One worker fewer: %d.", self._staff.count)
        self._staff.trim()

    def say(self, word: Word) -> None:
        """Tell all workers that serve or drain."""
        for worker in self._at_work:
            worker.say(word)

    async def snapshots(self) -> dict[int, dict[str, object]]:
        """What each worker sees that serves or drains, by slot; waits for `SNAPSHOT_PATIENCE`."""
        asked = {asyncio.ensure_future(each.snapshot()): each.slot for each in self._at_work}
        if not asked:
            return {}
        answered, silent = await asyncio.wait(asked, timeout=SNAPSHOT_PATIENCE)
        for task in silent:
            task.cancel()
        return {asked[task]: task.result() for task in answered}

    @property
    def _at_work(self) -> list[Worker]:
        return self._crew.of(Phase.SERVING, Phase.DRAINING)

    def _exit_asked(self, number: signal.Signals) -> None:
        if number is signal.SIGINT and self._staff.stops.is_set():
            self._interrupts += 1
            for worker in self._crew.of():
                if self._interrupts == 1:
                    worker.say(Word.FORCE)
                else:
                    worker.kill()
        self._no_more()

    def _no_more(self) -> None:
        self._staff.stops.set()
        self._rolls.want(())

    async def _kill_all(self) -> None:
        self._no_more()
        for worker in self._crew.of():
            worker.kill()
        await self._staff.wait_gone()


_ORDERS: Final = {
    signal.SIGHUP: Supervisor.roll,
    signal.SIGTTIN: Supervisor.more,
    signal.SIGTTOU: Supervisor.fewer,
}
