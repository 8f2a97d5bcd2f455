"""One worker, which ends when a file changes so that another can start: for development.

This file knows the order: first the old one ends, then the new one starts, so that an application
is never there twice. Clients that come in between find the socket open and wait a moment. It
refuses to know which files count (`changes.py`) and what a worker is made of: it asks `hire`.

Its one rule: whatever is wrong with the application is shown, and the next change is waited for.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING, Any, Final

from h3producer.server.errors import StartupError
from h3producer.server.workers.channel import Word
from h3producer.server.workers.process import describe_exit
from h3producer.server.workers.supervisor import SNAPSHOT_PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from h3producer.server.workers.process import Worker

__all__ = ["END_PATIENCE", "Reloader"]

logger = logging.getLogger("h3producer.error")

END_PATIENCE: Final = 10.0
"""Seconds that a worker gets to end when a file has changed; then it is killed. Its requests get
less by themselves; an endless loop in a module would take all there is."""


class Reloader:
    """Has a worker from `hire`, and another one with each item of `changes`."""

    def __init__(
        self, hire: Callable[[], Awaitable[Worker]], changes: AsyncIterator[list[Path]]
    ) -> None:
        self._hire = hire
        self._changes = changes
        self._exit = asyncio.Event()
        self._due = asyncio.Event()
        """Set: another worker is to start."""
        self._worker: Worker | None = None
        self._interrupts = 0

    async def run(self) -> None:
        """Go on until INT or TERM. Raises `StartupError` if changes cannot be told."""
        watching = asyncio.create_task(self._watch())
        stopping = asyncio.create_task(self._exit.wait())
        try:
            while not (self._exit.is_set() or watching.done()):
                self._due.clear()
                await self._employ(stopping, watching)
        finally:
            stopping.cancel()
            watching.cancel()
            await asyncio.wait({watching})
        if not watching.cancelled():
            watching.result()

    def signal_received(self, number: signal.Signals) -> None:
        """INT and TERM end, a second INT forces, a third kills; HUP counts as a change."""
        if number is signal.SIGHUP:
            self._due.set()
        if number not in (signal.SIGINT, signal.SIGTERM):
            return
        if number is signal.SIGINT and self._exit.is_set() and self._worker is not None:
            self._interrupts += 1
            if self._interrupts == 1:
                self._worker.say(Word.FORCE)
            else:
                self._worker.kill()
        self._exit.set()

    async def snapshots(self) -> dict[int, dict[str, object]]:
        """What the worker sees, by its slot; waits for `SNAPSHOT_PATIENCE`, then it is nothing."""
        if self._worker is None:
            return {}
        try:
            async with asyncio.timeout(SNAPSHOT_PATIENCE):
                return {self._worker.slot: await self._worker.snapshot()}
        except TimeoutError:
            return {}

    async def _watch(self) -> None:
        async for paths in self._changes:
            logger.info("Starting anew, since %s changed.", _show(paths))
            self._due.set()

    async def _employ(self, *ends: asyncio.Task[Any]) -> None:
        """One worker, until it is due for another or one of `ends` has come."""
        due = asyncio.create_task(self._due.wait())
        try:
            self._worker = worker = await self._hire()
            ended = asyncio.create_task(worker.ended())
            try:
                await asyncio.wait({ended, due, *ends}, return_when=asyncio.FIRST_COMPLETED)
                if ended.done():
                    await self._report(worker, ended.result())
                    await asyncio.wait({due, *ends}, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await self._end(worker, ended)
            finally:
                worker.kill()
                await asyncio.wait({ended})
        except OSError as error:
            logger.error("A worker cannot be started: %s.", error.strerror)
            await asyncio.wait({due, *ends}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            due.cancel()

    async def _end(self, worker: Worker, ended: asyncio.Task[int]) -> None:
        worker.say(Word.STOP)
        # At the end of all, whoever is in a hurry presses Ctrl-C again.
        patience = None if self._exit.is_set() else END_PATIENCE
        await asyncio.wait({ended}, timeout=patience)
        if not ended.done():
            logger.warning("The worker has not ended for %g s: it is killed.", END_PATIENCE)

    async def _report(self, worker: Worker, code: int) -> None:
        try:
            await worker.ready()
        except StartupError as error:
            logger.error("%s", error)
        else:
            logger.error("The worker ended, %s.", describe_exit(code))
        logger.info("Waiting for a change.")


def _show(paths: list[Path]) -> str:
    names = ", ".join(f"'{path.name}'" for path in paths[:3])
    return names if len(paths) <= 3 else f"{names} and {len(paths) - 3} others"
