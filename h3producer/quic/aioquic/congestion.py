"""Congestion control with a ceiling.

This file knows how aioquic lets others register a congestion control. It refuses to know why the
window grows or shrinks: that is the base class's business (RFC 9002 §7).

Its one rule: what is in flight on a connection has a bound, however fast its client seems to be.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aioquic.quic.congestion.base import register_congestion_control
from aioquic.quic.congestion.reno import RenoCongestionControl

if TYPE_CHECKING:
    from aioquic.quic.packet_builder import QuicSentPacket

__all__ = ["bounded_reno"]


class _BoundedReno(RenoCongestionControl):
    def __init__(self, *, max_datagram_size: int, ceiling: int) -> None:
        super().__init__(max_datagram_size=max_datagram_size)
        self.ceiling = ceiling

    def on_packet_acked(self, *, now: float, packet: QuicSentPacket) -> None:
        super().on_packet_acked(now=now, packet=packet)
        if self.congestion_window > self.ceiling:
            self.congestion_window = self.ceiling


def bounded_reno(ceiling: int) -> str:
    """New Reno with a window of `ceiling` bytes at most.

    Return its name, for `QuicConfiguration.congestion_control_algorithm`.
    """
    name = f"reno up to {ceiling}"
    register_congestion_control(name, partial(_BoundedReno, ceiling=ceiling))
    return name
