"""aioquic's pacer, with the bursts that it means to allow.

This file knows how the pacer counts: in time, and a packet takes at least a microsecond. It refuses
to know windows and round trips, which it is told.

Its one rule: what a timer cannot space out leaves at once. On long paths a burst is as many
packets as aioquic means it to be, sixteen. Where a window is large and a round trip short, its own
sum leaves three of them, and each burst costs a pass of the event loop and an acknowledgement: over
loopback a download took twice the CPU time with three instead of sixteen, and half as much again
with sixteen instead of 64. Where losses keep the window small, a quarter of it was two packets.
"""

from __future__ import annotations

import math

from aioquic.quic.recovery import QuicPacketPacer

__all__ = ["BURST", "MAX_BURST", "BurstPacer"]

BURST = 16
"""Packets that may leave at once, as in aioquic; fewer while the congestion window is small."""

MAX_BURST = 64
"""Packets that may leave at once on a fast path: one system call takes as many."""

TICK = 0.001
"""Seconds that an event loop's timer is late by. What the path carries in the meantime cannot be
paced, so it is a burst, too."""

_UNPACED = 1 << 30


class BurstPacer(QuicPacketPacer):
    """A pacer whose bucket holds packets rather than time."""

    def __init__(self, *, max_datagram_size: int) -> None:
        super().__init__(max_datagram_size=max_datagram_size)
        self._datagram_size = max_datagram_size

    def update_rate(self, congestion_window: int, smoothed_rtt: float) -> None:
        super().update_rate(congestion_window, smoothed_rtt)
        packet_time = self.packet_time
        assert packet_time is not None
        paced = min(congestion_window / 4 / self._datagram_size, BURST)
        packets = max(2, paced, min(TICK / packet_time, MAX_BURST))
        self.bucket_max = max(self.bucket_max, packets * packet_time)

    def datagram_size_changed(self, size: int) -> None:
        """A packet takes that much of the path from the next rate on."""
        self._max_datagram_size = self._datagram_size = size

    # For a whole flush at once

    def allowance(self, now: float, most: int = MAX_BURST) -> int:
        """How many packets may leave now, and no more than `most` until time has passed."""
        if self.packet_time is None:
            return _UNPACED
        self.update_bucket(now)
        self.bucket_time = min(self.bucket_time, most * self.packet_time)
        return math.ceil(self.bucket_time / self.packet_time)

    def next_time(self, now: float) -> float:
        """When another may leave, if none may now."""
        return now + (self.packet_time or 0.0)

    def spend(self, packets: int) -> None:
        """So many have left."""
        if self.packet_time is not None:
            self.bucket_time = max(0.0, self.bucket_time - packets * self.packet_time)
