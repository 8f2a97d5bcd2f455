"""A latch: set once, from anywhere; waited for in an event loop.

This file knows threads, signal handlers and one event loop. It refuses to know what is meant.
Its one rule: once set it stays set, and a wait that begins later does not wait.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

__all__ = ["Latch"]


class Latch:
    """A flag that any thread or signal handler may set and coroutines of one loop wait for."""

    def __init__(self) -> None:
        self._is_set = False
        self._event = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_set(self) -> bool:
        """Whether `set` was called, be it a moment ago."""
        return self._is_set

    def set(self) -> None:
        """Let all waiters go on, now and for ever; from any thread, any number of times."""
        self._is_set = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        """Wait until it is set; at once if it is."""
        # In this order: who sets it in between finds the loop.
        self._loop = asyncio.get_running_loop()
        if not self._is_set:
            await self._event.wait()
