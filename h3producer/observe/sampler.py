"""Once a second: how late the event loop is, and how connections get on.

This file knows a timer and whom to look at when it fires. It refuses to know what is seen.

Its one rule: a look costs less than a millisecond, however many connections there are: of many,
some are looked at now and others the next time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.observe.instruments import LOOP_LAG

if TYPE_CHECKING:
    from h3producer.observe.connection_meters import ConnectionMeters
    from h3producer.observe.meters import Meters
    from h3producer.quic.timer import Clock, TimerHandle

__all__ = ["MAX_SAMPLES", "SAMPLING", "Sampler"]

SAMPLING: Final = 1.0
"""Seconds between two looks."""

MAX_SAMPLES: Final = 128
"""Connections in one look: half a millisecond."""


class Sampler:
    """Looks from `start` until `stop`."""

    def __init__(self, meters: Meters, connections: ConnectionMeters) -> None:
        self._meters = meters
        self._connections = connections
        self._clock: Clock | None = None
        self._timer: TimerHandle | None = None
        self._due = 0.0
        self._next = 0

    def start(self, clock: Clock) -> None:
        """Look once a second of this clock."""
        self._clock = clock
        self._due = clock.time() + SAMPLING
        self._timer = clock.call_at(self._due, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = self._clock = None

    def _look(self) -> None:
        clock = self._clock
        if clock is None:
            return
        now = clock.time()
        self._meters.record(LOOP_LAG, max(0.0, now - self._due))
        live = self._connections.live
        first = self._next if self._next < len(live) else 0
        for connection in live[first : first + MAX_SAMPLES]:
            self._connections.sample(connection)
        self._next = first + MAX_SAMPLES
        # From now on, not from when it was due: a loop that stood still is late once.
        self._due = clock.time() + SAMPLING
        self._timer = clock.call_at(self._due, self._look)
