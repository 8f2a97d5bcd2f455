"""One timer per connection, set as seldom as can be.

This file knows `call_at` and nothing else. A connection's deadline moves with almost each packet,
mostly away; cancelling and making a loop timer each time would cost more than it is worth.

Its one rule: the loop's timer is moved only to an earlier time. One that fires too early looks
again and sets itself anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock", "LazyTimer", "TimerHandle"]


class TimerHandle(Protocol):
    """What `call_at` returns."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Time, as an event loop has it. A test drives one by hand."""

    def time(self) -> float: ...

    def call_soon(self, callback: Callable[..., object], /, *args: object) -> object: ...

    def call_at(
        self, when: float, callback: Callable[..., object], /, *args: object
    ) -> TimerHandle: ...


class LazyTimer:
    """Calls `fire(now)` when the time that `due()` gives has come. `due` may change at any time."""

    def __init__(
        self, clock: Clock, due: Callable[[], float], fire: Callable[[float], None]
    ) -> None:
        self._clock = clock
        self._due = due
        self._fire = fire
        self._handle: TimerHandle | None = None
        self._set_for = 0.0

    def set(self) -> None:
        """Make sure that `fire` is called in time; to be called whenever `due` may be earlier."""
        due = self._due()
        if self._handle is not None:
            if self._set_for <= due:
                return
            self._handle.cancel()
        self._set_for = due
        self._handle = self._clock.call_at(due, self._fired)

    def cancel(self) -> None:
        """Never fire, unless it is set again."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fired(self) -> None:
        self._handle = None
        # A loop fires up to its clock's resolution too early; whoever looks at the time then
        # would find that there is nothing to do.
        now = max(self._clock.time(), self._set_for)
        if self._due() > now:
            self.set()
        else:
            self._fire(now)
