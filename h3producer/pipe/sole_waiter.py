"""A place where one coroutine at a time waits for the next thing to come.

This file knows that two who wait for one thing cannot share it. It refuses to know what comes, and
what is raised for the second: `is_taken` is for the caller to ask.

Its one rule: waking nobody is no mistake, and nobody is woken twice.
"""

from __future__ import annotations

from h3producer.pipe.wakeup import Wakeup

__all__ = ["SoleWaiter"]


class SoleWaiter:
    """Awaited by one, again and again; woken by others, whether or not somebody waits."""

    __slots__ = ("_wakeup",)

    def __init__(self) -> None:
        self._wakeup: Wakeup | None = None

    @property
    def is_taken(self) -> bool:
        """Whether somebody waits, so that nobody else may."""
        return self._wakeup is not None

    async def wait(self) -> None:
        """Wait for `wake`. Not to be called while `is_taken`; cancelling frees the place."""
        self._wakeup = Wakeup()
        try:
            await self._wakeup
        finally:
            self._wakeup = None

    def wake(self) -> None:
        """Let whoever waits go on. May run it inline, so wake when your own state is in order."""
        if self._wakeup is not None:
            self._wakeup.wake()
