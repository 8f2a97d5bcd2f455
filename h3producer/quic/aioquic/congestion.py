"""New Reno with a ceiling.

This file knows how aioquic lets others register a congestion control. It refuses to know why the
window grows or shrinks: that is the base class's business (RFC 9002 §7).

Its one rule: what is in flight on a connection has a bound, however fast its client seems to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.congestion.base import register_congestion_control
from aioquic.quic.congestion.reno import RenoCongestionControl

from h3producer.quic.limits import MAX_CONGESTION_WINDOW

if TYPE_CHECKING:
    from aioquic.quic.packet_builder import QuicSentPacket

__all__ = ["BOUNDED_RENO"]

BOUNDED_RENO = "h3producer-reno"
"""Its name, for `QuicConfiguration.congestion_control_algorithm`."""


class _BoundedReno(RenoCongestionControl):
    def on_packet_acked(self, *, now: float, packet: QuicSentPacket) -> None:
        super().on_packet_acked(now=now, packet=packet)
        if self.congestion_window > MAX_CONGESTION_WINDOW:
            self.congestion_window = MAX_CONGESTION_WINDOW


register_congestion_control(BOUNDED_RENO, _BoundedReno)
