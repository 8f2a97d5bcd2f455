"""aioquic's pacer, with the bursts that it means to allow.

This file knows how the pacer counts: in time, and a packet takes at least a microsecond. It refuses
to know windows and round trips, which it is told.

Its one rule: a burst is as many packets as aioquic says. Where a window is large and a round
trip short, aioquic's own sum leaves three of its sixteen, and each three cost a pass of the event
loop: a download over loopback took twice the CPU time.
"""

from __future__ import annotations

import math

from aioquic.quic.recovery import QuicPacketPacer

__all__ = ["MAX_BURST", "BurstPacer"]

MAX_BURST = 16
"""Packets that may leave at once, as in aioquic; fewer while the congestion window is small."""

_UNPACED = 1 << 30


class BurstPacer(QuicPacketPacer):
    """A pacer whose bucket holds packets rather than time."""

    def __init__(self, *, max_datagram_size: int) -> None:
        super().__init__(max_datagram_size=max_datagram_size)
        self._datagram_size = max_datagram_size

    def update_rate(self, congestion_window: int, smoothed_rtt: float) -> None:
        super().update_rate(congestion_window, smoothed_rtt)
        packets = max(2, min(congestion_window / 4 / self._datagram_size, MAX_BURST))
        self.bucket_max = max(self.bucket_max, packets * (self.packet_time or 0.0))

    # For a whole flush at once

    def allowance(self, now: float) -> int:
        """How many packets may leave now."""
        if self.packet_time is None:
            return _UNPACED
        self.update_bucket(now)
        return math.ceil(self.bucket_time / self.packet_time)

    def next_time(self, now: float) -> float:
        """When another may leave, if none may now."""
        return now + (self.packet_time or 0.0)

    def spend(self, packets: int) -> None:
        """So many have left."""
        if self.packet_time is not None:
            self.bucket_time = max(0.0, self.bucket_time - packets * self.packet_time)
