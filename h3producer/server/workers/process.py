"""A worker, as its parent sees it.

This file knows one process and what is said on its channel. It refuses to know the other workers
(`crew.py`) and when one is needed (`supervisor.py`).

Its one rule: however a worker ends, `ended` returns, once; and a worker that does not answer is
made to end.
"""

from __future__ import annotations

import asyncio
import enum
import json
import logging
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from h3producer.server.errors import StartupError
from h3producer.server.workers.channel import ChannelError, Word
from h3producer.server.workers.launch import launch

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.server.workers.assignment import Assignment
    from h3producer.server.workers.channel import Channel

__all__ = ["Phase", "Worker", "WorkerProcess", "describe_exit"]

logger = logging.getLogger("h3producer.error")

PING_INTERVAL: Final = 1.0
"""Seconds between two questions whether a worker's event loop runs."""

TRACE_GRACE: Final = 1.0
"""Seconds that a worker which hangs gets to say where; a stopped one cannot."""


class Phase(enum.Enum):
    """Where in its one life a worker is."""

    STARTING = "starting"
    SERVING = "serving"
    DRAINING = "draining"
    ENDED = "ended"


class Worker(Protocol):
    """What a supervisor asks of a worker; only the supervisor changes its `phase`."""

    slot: int
    phase: Phase
    pid: int
    started_at: float
    """On the event loop's clock."""

    async def ready(self) -> None:
        """Wait until it answers clients. Raises `StartupError` if it will not."""

    async def ended(self) -> int:
        """Wait for its end: its exit code, or a signal's number, negated."""

    def say(self, word: Word, body: bytes = b"") -> None:
        """Tell it something."""

    def kill(self) -> None:
        """End it now."""

    async def snapshot(self) -> dict[str, object]:
        """What it sees; waits for its event loop. Empty if it ends meanwhile."""


class WorkerProcess:
    """A worker in a process of its own."""

    def __init__(self, slot: int, process: asyncio.subprocess.Process, channel: Channel) -> None:
        loop = asyncio.get_running_loop()
        self.slot = slot
        self.pid = process.pid
        self.phase = Phase.STARTING
        self.started_at = loop.time()
        self._process = process
        self._channel = channel
        self._ready: asyncio.Future[str] = loop.create_future()
        """The sentence that says why it cannot start; empty: it serves."""
        self._heard = asyncio.Event()
        self._facts: asyncio.Future[dict[str, object]] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def launched(
        cls,
        assignment: Assignment,
        *,
        patience: float | None,
        retires: Callable[[WorkerProcess], None],
    ) -> WorkerProcess:
        """Start it. It is killed once it has not answered for `patience` seconds; None: never.
        `retires` is called when it asks for a successor.

        Raises OSError if the system has no room for one more.
        """
        process, channel = await launch(assignment)
        worker = cls(assignment.place.slot, process, channel)
        worker.attend(patience, retires)
        return worker

    def attend(self, patience: float | None, retires: Callable[[WorkerProcess], None]) -> None:
        """Listen to it, and see that it answers; once, until it has ended. See `launched`."""
        self._tasks.append(asyncio.create_task(self._listen(retires)))
        if patience is not None:
            self._tasks.append(asyncio.create_task(self._watch(patience)))

    def __repr__(self) -> str:
        return f"<Worker {self.slot} {self.phase.value} {self.pid}>"

    async def ready(self) -> None:
        sentence = await self._ready
        if sentence:
            raise StartupError(sentence)

    async def ended(self) -> int:
        code = await self._process.wait()
        for task in self._tasks:
            # Of the last words nothing is of use, and a hung worker's child may keep the channel.
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._channel.close()
        self._give_up(f"A worker ended before it could serve, {describe_exit(code)}.")
        return code

    def say(self, word: Word, body: bytes = b"") -> None:
        self._channel.say(word, body)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()

    async def snapshot(self) -> dict[str, object]:
        if self._facts is None:
            self._facts = asyncio.get_running_loop().create_future()
            self.say(Word.SNAPSHOT)
        return await asyncio.shield(self._facts)

    async def _listen(self, retires: Callable[[WorkerProcess], None]) -> None:
        try:
            async for word, body in self._channel:
                self._heard.set()
                if word is Word.READY:
                    self._settle("")
                elif word is Word.FAILED:
                    self._settle(str(json.loads(body)))
                elif word is Word.RETIRE:
                    retires(self)
                elif word is Word.FACTS and self._facts is not None:
                    self._facts.set_result(json.loads(body))
                    self._facts = None
        except (ChannelError, ValueError) as error:
            logger.error("%r is ended, since it does not make sense: %s", self, error)
            self.kill()

    async def _watch(self, patience: float) -> None:
        """See that it answers, once it serves: an application may take long to be imported."""
        await asyncio.wait({self._ready})
        while True:
            await asyncio.sleep(PING_INTERVAL)
            self._heard.clear()
            self.say(Word.PING)
            try:
                await asyncio.wait_for(self._heard.wait(), patience)
            except TimeoutError:
                logger.error("%r has not answered for %g s: it is killed.", self, patience)
                with suppress(ProcessLookupError):
                    self._process.send_signal(signal.SIGABRT)
                await asyncio.sleep(TRACE_GRACE)
                self.kill()
                return

    def _settle(self, sentence: str) -> None:
        if not self._ready.done():
            self._ready.set_result(sentence)

    def _give_up(self, sentence: str) -> None:
        self._settle(sentence)
        if self._facts is not None:
            self._facts.set_result({})
            self._facts = None


def describe_exit(code: int) -> str:
    """An exit code as part of a sentence."""
    if code < 0:
        with suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"with exit code {code}"
