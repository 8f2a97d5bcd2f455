"""How many handlers begin in one pass of the event loop, and whose.

This file knows who may begin now and who a pass later, and how long those took who began together.
It refuses to know what a handler does, and what a key means: all requests of a key stand in one
line, and whoever makes the lines takes the client's address for it.

One datagram can hold seventy requests, and four hundred can come at once. Begun all together, their
handlers would keep the event loop for a tenth of a second, and everybody else would wait behind
them: an event loop runs all that is ready before it looks at its sockets again. So a few begin, the
loop comes round, and a few more begin, those of each line in turn. What is begun in a pass bounds
what goes on in the passes behind it, too.

Its one rule: who is not in a crowd does not notice, and within a line nobody overtakes.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["ALONE", "CROWD_MEMORY", "MAX_STARTS", "STARTS_AT_ONCE", "TOGETHER", "Turnstile"]

TOGETHER: Final = 0.0005
"""Seconds of first steps in a pass while several lines have requests: about what a small request
takes by itself. It is a dozen of small handlers, and two of those that make 64 KiB each."""

ALONE: Final = 0.004
"""Seconds of first steps in a pass while one line has all requests. Fewer passes cost less; who
comes from elsewhere meanwhile waits once for so long."""

CROWD_MEMORY: Final = 0.1
"""Seconds for which a request of another line is remembered: whoever asks ten times a second is
there all the time."""

STARTS_AT_ONCE: Final = 4
"""Handlers of a line that begin in a pass while others are there, however long they may take."""

MAX_STARTS: Final = 128
"""Handlers that begin in a pass, however short they are: as many as a connection has streams."""

_SHORTEST_STEP = TOGETHER / MAX_STARTS
"""Seconds that a first step takes at least: four microseconds; a coarse clock may say zero."""


class Turnstile:
    """Lets the handlers of a whole server begin, all in one event loop."""

    __slots__ = (
        "_began_at",
        "_begun",
        "_crowded_until",
        "_in_a_row",
        "_is_clock_set",
        "_is_turning",
        "_last_key",
        "_lines",
        "_pace",
        "_time",
    )

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._time = clock
        self._lines: dict[Hashable, deque[Callable[[], None]]] = {}
        """Those who wait, by their keys; the line whose turn is next is the first."""
        self._pace = ALONE / STARTS_AT_ONCE
        """Seconds of a first step, of late; a cautious guess to begin with."""
        self._began_at = 0.0
        """When the clock was started, right ahead of some first steps."""
        self._begun = 0
        """How many of them there are."""
        self._is_clock_set = False
        self._is_turning = False
        self._last_key: Hashable = None
        self._in_a_row = 0
        """Requests of the last key that began, with none of another key in between."""
        self._crowded_until = 0.0

    def enter(self, key: Hashable, begin: Callable[[], None]) -> None:
        """Call `begin`, which makes the task of a handler: at once, or in a later pass."""
        if key != self._last_key:
            if self._last_key is not None:
                self._crowded_until = self._time() + CROWD_MEMORY
            self._last_key = key
            self._in_a_row = 0
        if not self._is_clock_set:
            self._is_clock_set = True
            asyncio.get_running_loop().call_soon(self._start_clock)
        if key not in self._lines and (self._in_a_row < STARTS_AT_ONCE or self._has_room()):
            self._in_a_row += 1
            if not self._is_turning:
                self._begun += 1
            begin()
            return
        self._lines.setdefault(key, deque()).append(begin)
        if not self._is_turning:
            self._is_turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _has_room(self) -> bool:
        """Whether a line that is alone may have more begin in this pass."""
        is_alone = not self._lines and self._time() >= self._crowded_until
        return is_alone and self._in_a_row < self._room(ALONE)

    def _room(self, seconds: float) -> int:
        """How many may begin in a pass that has so much time for it."""
        return max(1, int(min(seconds / self._pace, MAX_STARTS)))

    def _start_clock(self) -> None:
        """Comes in the next pass, right ahead of the first steps of those who begin now."""
        self._is_clock_set = False
        self._in_a_row = 0
        if self._is_turning:
            self._began_at = self._time()
        else:
            self._begun = 0

    def _turn(self) -> None:
        """Comes right behind the first steps of those who began; have others begin."""
        loop, lines = asyncio.get_running_loop(), self._lines
        now = self._time()
        if self._begun:
            # It falls by half at most: who comes next may take longer than those who did.
            took = (now - self._began_at) / self._begun
            self._pace = max(took, self._pace / 2, _SHORTEST_STEP)
        is_crowded = len(lines) > 1 or now < self._crowded_until
        room = self._room(TOGETHER if is_crowded else ALONE)
        self._begun = 0
        loop.call_soon(self._restart_clock)
        while lines and self._begun < room:
            key = next(iter(lines))
            line = lines.pop(key)
            begin = line.popleft()
            if line:
                lines[key] = line  # behind the others
            self._begun += 1
            begin()
        self._is_turning = bool(lines)
        if lines:
            loop.call_soon(self._turn)

    def _restart_clock(self) -> None:
        self._began_at = self._time()
