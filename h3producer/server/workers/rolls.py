"""Rolls: workers that serve are replaced one after the other, and nobody is turned away.

This file knows the order: the successor serves before the old one drains. It refuses to know why
(`supervisor.py`), and how one worker is started (`staff.py`).

Its one rule: if a successor cannot start, those stay that are there.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from h3producer.server.errors import StartupError
from h3producer.server.workers.process import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from h3producer.server.workers.crew import Crew
    from h3producer.server.workers.process import Worker
    from h3producer.server.workers.staff import Staff

__all__ = ["Rolls"]

logger = logging.getLogger("h3producer.error")


class Rolls:
    """Those that are to be replaced, and the one that is."""

    def __init__(self) -> None:
        self._waiting: dict[Worker, None] = {}
        self._wanted = asyncio.Event()

    def want(self, workers: Iterable[Worker]) -> None:
        """Have these replaced, after those that wait already; returns at once."""
        self._waiting.update(dict.fromkeys(workers))
        self._wanted.set()

    async def go_on(self, staff: Staff, crew: Crew) -> None:
        """Replace whoever waits, until `staff` stops and `want` is called once more.

        It does not wait for the end of the old one, which may take as long as a download.
        """
        while not staff.stops.is_set():
            if self._waiting:
                old = next(iter(self._waiting))
                del self._waiting[old]
                if old.phase in (Phase.STARTING, Phase.SERVING):
                    await self._replace(old, staff, crew)
            else:
                self._wanted.clear()
                await self._wanted.wait()

    async def _replace(self, old: Worker, staff: Staff, crew: Crew) -> None:
        staff.spare += 1
        try:
            await staff.employ()
            if old.phase is Phase.SERVING:
                crew.drain(old)
        except StartupError as error:
            if not staff.stops.is_set():
                logger.error("No worker is replaced, since another could not start: %s", error)
            self._waiting.clear()
        finally:
            staff.spare -= 1
        staff.trim()  # the old one may have died, and have been replaced, meanwhile
