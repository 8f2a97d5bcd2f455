"""Is the other end too slow? A minimum data rate with a grace period, as in Kestrel.

This file knows two numbers, bytes and seconds. It refuses to know which bytes these are, which
way they go and what becomes of who is too slow.

Kestrel's MinRequestBodyDataRate and MinResponseDataRate: time counts only while somebody waits for
the other end, bytes count from the moment the wait began, and nobody is too slow within the grace
period. Its one rule: what is measured is the other end, so a clock that jumped because we were
busy must not be fed in here.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DataRate", "MinDataRate"]


class MinDataRate(NamedTuple):
    """What is asked of the other end."""

    bytes_per_second: float
    grace: float
    """Seconds from the beginning of a wait in which nothing is asked."""


class DataRate:
    """One wait for bytes, from its beginning to its end, as often as it begins."""

    __slots__ = ("_began", "_done_then")

    def __init__(self) -> None:
        self._began: float | None = None
        self._done_then = 0

    def rest(self) -> None:
        """Nobody waits now."""
        self._began = None

    def is_too_slow(self, now: float, done: int, minimum: MinDataRate, credit: int = 0) -> bool:
        """Somebody waits, and so far `done` bytes have come, or gone; asked once in a while.

        `credit` is bytes that the other end gets time for before they have gone.
        """
        if self._began is None:
            self._began, self._done_then = now, done
            return False
        waited = now - self._began
        served = done - self._done_then + credit
        return waited > minimum.grace and served < waited * minimum.bytes_per_second
