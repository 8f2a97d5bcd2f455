"""That the end was asked for, once or with more force, and waits that heed the second.

This file knows two latches. It refuses to know who sets them and what is waited for.

Its one rule: force asks for the end, too.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from h3producer.server.latch import Latch

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["Exits"]


class Exits:
    """What one server has been asked, from any thread or signal handler."""

    def __init__(self) -> None:
        self.asked = Latch()
        self.forced = Latch()

    def force(self) -> None:
        """End now: no wait goes on."""
        self.asked.set()
        self.forced.set()

    async def unless_forced(
        self, steps: Coroutine[Any, Any, object], timeout: float | None = None
    ) -> bool:
        """Whether `steps` ran to their end; force, timeout and cancellation cancel them."""
        task = asyncio.create_task(steps)
        force = asyncio.create_task(self.forced.wait())
        try:
            await asyncio.wait({task, force}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            force.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
        if task.cancelled():
            return False
        task.result()
        return True
