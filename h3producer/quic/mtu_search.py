"""How large datagrams may be on one path: what to try next, and what was learned (RFC 8899).

This file knows sizes, in bytes of UDP payload, and which of them arrived. It refuses to know
packets and clocks: it is told the time, and what became of a probe.

Its one rule: a size is used from when a probe of that size has arrived, and as long as other
packets of that size do.

| what happens | then |
|---|---|
| a probe arrives | its size is used, and a larger one is tried |
| a size is lost `MAX_LOSSES` times in a row | it is too large, and the middle is tried |
| what is left to gain is not worth it | the search rests for `RAISE_PAUSE` |
| packets in use are lost `MAX_LOSSES` times in a row | back to `BASE_SIZE`, and a shorter rest |
"""

from __future__ import annotations

__all__ = ["BASE_SIZE", "LIKELY_SIZE", "MAX_LOSSES", "MtuSearch"]

BASE_SIZE = 1200
"""Bytes that pass every path. RFC 9000 §14: "QUIC MUST NOT be used if the network path cannot
support a maximum datagram size of at least 1200 bytes." """

LIKELY_SIZE = 1452
"""Bytes that pass most paths: an Ethernet frame of 1500 without the headers of IPv6 and UDP. It is
tried first, since then most connections need one probe."""

MAX_LOSSES = 3
"""How often something is lost until its size is the reason: MAX_PROBES of RFC 8899 §5.1.2."""

STEP = 16
"""Bytes that are not worth a search: a percent."""

RAISE_PAUSE = 600.0
"""Seconds until larger sizes are tried again: PMTU_RAISE_TIMER of RFC 8899 §5.1.1."""

BLACK_HOLE_PAUSE = 60.0
"""Seconds for which nothing is tried on a path that swallowed what it had let pass."""


class MtuSearch:
    """What is known of one path, on which datagrams have `ceiling` bytes at most."""

    __slots__ = ("_ceiling", "_losses", "_pause", "_rest_until", "_too_large", "_vanished", "size")

    def __init__(self, ceiling: int) -> None:
        self.size = BASE_SIZE
        """Bytes that a datagram may have."""
        self._ceiling = ceiling
        self._too_large = ceiling + 1
        self._losses = 0
        self._vanished = 0
        self._pause = 0.0
        self._rest_until: float | None = None

    def next_probe(self, now: float) -> int | None:
        """The size to try; None if nothing is to be tried now."""
        if self.size >= self._ceiling or self._is_resting(now):
            return None
        for size in (LIKELY_SIZE, self._ceiling):
            if self.size < size < self._too_large:
                return size
        return (self.size + self._too_large) // 2

    def probe_passed(self, size: int) -> None:
        """A probe of this size has arrived."""
        if not self._pause:
            self.size = size
            self._losses = 0
            self._rest_if_done()

    def probe_lost(self, size: int) -> None:
        """A probe of this size was lost, be it for its size or not."""
        self._losses += 1
        if self._losses >= MAX_LOSSES and not self._pause:
            self._too_large = size
            self._losses = 0
            self._rest_if_done()

    def packet_passed(self) -> None:
        """A packet that was larger than `BASE_SIZE` has arrived."""
        self._vanished = 0

    def packet_lost(self) -> None:
        """A packet that was larger than `BASE_SIZE`, and sent after the last one, was lost."""
        self._vanished += 1
        if self._vanished >= MAX_LOSSES:
            self.fall_back()

    def fall_back(self) -> None:
        """Larger packets do not arrive any more (RFC 8899 §4.3)."""
        self.size = BASE_SIZE
        self._vanished = 0
        self._pause, self._rest_until = BLACK_HOLE_PAUSE, None

    def _rest_if_done(self) -> None:
        if self._too_large - self.size <= STEP:
            self._pause, self._rest_until = RAISE_PAUSE, None

    def _is_resting(self, now: float) -> bool:
        """Whether a rest is not over; a search that follows one starts anew."""
        if not self._pause:
            return False
        if self._rest_until is None:
            self._rest_until = now + self._pause  # it begins when it is asked for first
        if now < self._rest_until:
            return True
        self._pause = 0.0
        self._losses = 0
        self._too_large = self._ceiling + 1
        return False
