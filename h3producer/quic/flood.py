"""When first packets come faster than anybody's customers do.

This file knows a rate and its two thresholds. It refuses to know what is done about it, and reads
no clock: times are numbers.
"""

from __future__ import annotations

from h3producer.quic.limits import FLOOD, FLOOD_PERIOD, SIEVE_MESH

__all__ = ["FloodGauge"]


class FloodGauge:
    """Whether first packets come faster than anybody's customers do; times are seconds."""

    def __init__(self) -> None:
        self._seen = 0
        self._since = 0.0
        self.is_flood = False

    def look(self, seen: int, now: float) -> bool:
        """`seen` first packets came since the last look; return whether `is_flood` changed.

        Looks at a period at a time. On at `FLOOD` a second, off at half of it. While it is on, only
        one in `SIEVE_MESH` of them is seen.
        """
        self._seen += seen
        elapsed = now - self._since
        if elapsed < FLOOD_PERIOD:
            return False
        rate = self._seen / elapsed * (SIEVE_MESH if self.is_flood else 1)
        self._seen, self._since = 0, now
        was_flood = self.is_flood
        self.is_flood = rate >= (FLOOD / 2 if was_flood else FLOOD)
        return self.is_flood is not was_flood
