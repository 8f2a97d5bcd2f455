"""Once a second, for all connections of an endpoint: time to look at what takes too long.

This file knows a set of tenants, when to tick them, and who gets the memory that they free. It
refuses to know what they look at.

Its one rule: no pass of the event loop ticks more than `MAX_TICKS_PER_PASS` of them, nor goes on
when they have taken `MAX_TICKING`, so that neither ten thousand quiet connections nor a few with a
hundred streams that are late hold up the one that is busy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.quic.heap import give_back
from h3producer.quic.limits import (
    HEARTBEAT,
    MAX_TICKING,
    MAX_TICKS_PER_PASS,
    WORTH_GIVING_BACK,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from h3producer.quic.link import Tenant
    from h3producer.quic.timer import Clock, TimerHandle

__all__ = ["Heartbeat"]


class Heartbeat:
    """Ticks each of `tenants`, a live collection, every `HEARTBEAT` seconds.

    Beats from `start` on, and falls silent by itself when there is nobody left to tick.
    """

    def __init__(self, clock: Clock, tenants: Collection[Tenant]) -> None:
        self._clock = clock
        self._tenants = tenants
        self._timer: TimerHandle | None = None
        self._freed = 0

    def start(self) -> None:
        """Beat from now on; a no-op if it does."""
        if self._timer is None:
            self._timer = self._clock.call_at(self._clock.time() + HEARTBEAT, self._beat)

    def stop(self) -> None:
        """Beat no more, until it is started again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        self._timer = None
        if self._tenants:
            self.start()
            self._tick(list(self._tenants))

    def _tick(self, tenants: list[Tenant]) -> None:
        time = self._clock.time
        began = now = time()
        done = 0
        for tenant in tenants[:MAX_TICKS_PER_PASS]:
            self._freed += tenant.tick(now)
            done += 1
            now = time()
            if now - began >= MAX_TICKING:
                break
        if len(tenants) > done:
            self._clock.call_soon(self._tick, tenants[done:])
        elif self._freed >= WORTH_GIVING_BACK:
            self._freed = 0
            give_back()
