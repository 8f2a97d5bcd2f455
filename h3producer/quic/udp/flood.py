"""When datagrams come faster than anybody's customers send them, and what is sieved then.

This file knows rates and their thresholds, for first packets and for each connection whose inbox
overflows. It refuses to know how a sieve works, and reads no clock: times are numbers.

Its one rule: it looks at a period at a time, and what it cannot see while the sieve is on it does
not guess: a connection that flooded is sieved for a set time, then it may show that it stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from h3producer.quic.limits import (
    CONNECTION_ID_LENGTH,
    FLOOD,
    FLOOD_PENALTY,
    FLOOD_PERIOD,
    MAX_FLOODERS,
    SIEVE_MESH,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["FloodGauge", "FloodWatch"]


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


class Flooder(Protocol):
    """A connection, as far as a sieve is concerned."""

    connection_ids: set[bytes]
    """All ids under which it is reached now."""


class Filter(Protocol):
    """What we use of a `Sieve`."""

    def set(self, *, first_packets: bool, connection_ids: Iterable[bytes] = ()) -> None: ...


class FloodWatch:
    """Sets the sieve of a socket by what comes on it.

    `flooded` hears when first packets begin to flood, and when that is over; it returns whether
    they may be sieved. `id_length` are the bytes of our own connection ids.
    """

    def __init__(
        self,
        sieve: Filter,
        flooded: Callable[[bool], bool],
        id_length: int = CONNECTION_ID_LENGTH,
    ) -> None:
        self._sieve = sieve
        self._flooded = flooded
        self._id_length = id_length
        self._gauge = FloodGauge()
        self._sieves_first_packets = False
        self._dropped: dict[Flooder, int] = {}
        self._since = 0.0
        self._until: dict[Flooder, float] = {}

    @property
    def is_on(self) -> bool:
        """Whether it wants to look again soon, whatever comes."""
        return self._gauge.is_flood or bool(self._until)

    def overflowed(self, connection: Flooder, dropped: int) -> None:
        """So many datagrams of a connection found no room in its inbox."""
        self._dropped[connection] = self._dropped.get(connection, 0) + dropped

    def look(self, first_packets: int, now: float) -> None:
        """So many first packets came since the last look."""
        changed = False
        if self._gauge.look(first_packets, now):
            is_flood = self._gauge.is_flood
            self._sieves_first_packets = self._flooded(is_flood) and is_flood
            changed = True
        if now - self._since >= FLOOD_PERIOD:
            changed |= self._judge(now)
        if changed:
            # Ours: the id that the client made up for its first packet may be of another length.
            ids = [
                id_
                for each in self._until
                for id_ in each.connection_ids
                if len(id_) == self._id_length
            ]
            self._sieve.set(first_packets=self._sieves_first_packets, connection_ids=ids)

    def _judge(self, now: float) -> bool:
        """Whose inbox overflowed too fast, and whose time is over; return whether that is news."""
        before = set(self._until)
        self._until = {each: until for each, until in self._until.items() if until > now}
        elapsed = now - self._since
        for connection, dropped in self._dropped.items():
            if dropped / elapsed >= FLOOD and len(self._until) < MAX_FLOODERS:
                self._until[connection] = now + FLOOD_PENALTY
        self._dropped.clear()
        self._since = now
        return set(self._until) != before
