"""What was used once must not be used again: a memory of ids, for a while and up to a number.

This file knows ids and when they came. It refuses to know what is used with them: tickets are
(`early_data.py`, RFC 8446 §8.1).

Its one rule: it forgets an id only when nobody could use it any more, so what has no room in it is
refused.
"""

from __future__ import annotations

from typing import Final

__all__ = ["MAX_STRIKES", "StrikeRegister"]

MAX_STRIKES: Final = 65_536
"""Ids that are remembered at most: 7 MB. A second's worth is two thousand, which is more sessions
than a process can resume."""


class StrikeRegister:
    """Remembers each id for `window` seconds at least, and for twice as long at most.

    Two sets take turns, so that forgetting costs nothing but a look at the clock.
    """

    def __init__(self, window: float, capacity: int = MAX_STRIKES) -> None:
        self._window = window
        self._capacity = capacity
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()
        self._young_since = 0.0

    def strike(self, id_: bytes, now: float) -> bool:
        """Whether the id is used for the first time; `now` is in seconds on any one clock.

        False as well when there is no room to remember it.
        """
        self._forget(now)
        if id_ in self._young or id_ in self._old or len(self) >= self._capacity:
            return False
        self._young.add(id_)
        return True

    def __len__(self) -> int:
        """How many ids are remembered."""
        return len(self._young) + len(self._old)

    def _forget(self, now: float) -> None:
        since = now - self._young_since
        if since >= self._window:
            self._old = self._young if since < 2 * self._window else set()
            self._young = set()
            self._young_since = now
