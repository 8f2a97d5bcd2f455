"""Congestion control with a ceiling: New Reno or CUBIC.

This file knows how aioquic lets others register a congestion control. It refuses to know why the
window grows or shrinks: that is the base class's business (RFC 9002 §7, RFC 9438).

Its one rule: what is in flight on a connection has a bound, however fast its client seems to be.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aioquic.quic.congestion.base import QuicCongestionControl, register_congestion_control
from aioquic.quic.congestion.cubic import CubicCongestionControl
from aioquic.quic.congestion.reno import RenoCongestionControl

if TYPE_CHECKING:
    from aioquic.quic.packet_builder import QuicSentPacket

    from h3producer.config import CongestionControl

__all__ = ["BoundedControl", "bounded"]


class BoundedControl(QuicCongestionControl):
    """What a control gets on top of its own rules; stands in front of it among its bases."""

    ceiling = 0
    _max_datagram_size: int

    def on_packet_acked(self, *, now: float, packet: QuicSentPacket) -> None:
        super().on_packet_acked(now=now, packet=packet)  # type: ignore[safe-super]  # see above
        if self.congestion_window > self.ceiling:
            self.congestion_window = self.ceiling

    def datagram_size_changed(self, size: int) -> None:
        """Windows grow by datagrams of this size from now on; what is in them stays."""
        self._max_datagram_size = size


class _BoundedReno(BoundedControl, RenoCongestionControl):
    pass


class _BoundedCubic(BoundedControl, CubicCongestionControl):
    def datagram_size_changed(self, size: int) -> None:
        super().datagram_size_changed(size)
        self.additive_increase_factor = size


_CONTROLS: dict[CongestionControl, type[_BoundedReno | _BoundedCubic]] = {
    "reno": _BoundedReno,
    "cubic": _BoundedCubic,
}


def _make(
    control: type[_BoundedReno | _BoundedCubic], ceiling: int, *, max_datagram_size: int
) -> QuicCongestionControl:
    made = control(max_datagram_size=max_datagram_size)
    made.ceiling = ceiling
    return made


def bounded(name: CongestionControl, ceiling: int) -> str:
    """A congestion control with a window of `ceiling` bytes at most.

    Return its name, for `QuicConfiguration.congestion_control_algorithm`.
    """
    registered = f"{name} up to {ceiling}"
    register_congestion_control(registered, partial(_make, _CONTROLS[name], ceiling))
    return registered
