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
    from collections.abc import Iterable, Sequence

    from aioquic.quic.packet_builder import QuicSentPacket

    from h3producer.config import CongestionControl

__all__ = ["BoundedControl", "bounded"]


class BoundedControl(QuicCongestionControl):
    """What a control gets on top of its own rules; stands in front of it among its bases."""

    ceiling = 0
    packets_lost = 0
    """Of the whole connection, also before it came to this path."""
    _max_datagram_size: int

    def on_packet_acked(self, *, now: float, packet: QuicSentPacket) -> None:
        super().on_packet_acked(now=now, packet=packet)  # type: ignore[safe-super]  # see above
        if self.congestion_window > self.ceiling:
            self.congestion_window = self.ceiling

    def on_packets_lost(self, *, now: float, packets: Iterable[QuicSentPacket]) -> None:
        lost = list(packets)
        self.packets_lost += len(lost)
        super().on_packets_lost(now=now, packets=lost)  # type: ignore[safe-super]  # see above

    def on_packets_sent(self, packets: Sequence[QuicSentPacket]) -> None:
        """Some packets have left at the same time."""
        for packet in packets:
            self.on_packet_sent(packet=packet)

    def on_packets_acked(self, *, now: float, packets: Sequence[QuicSentPacket]) -> None:
        """Some packets were acknowledged together; in the order in which they were sent."""
        for packet in packets:
            self.on_packet_acked(now=now, packet=packet)

    def datagram_size_changed(self, size: int) -> None:
        """Windows grow by datagrams of this size from now on; what is in them stays."""
        self._max_datagram_size = size


class _BoundedReno(BoundedControl, RenoCongestionControl):
    def on_packets_sent(self, packets: Sequence[QuicSentPacket]) -> None:
        self.bytes_in_flight += sum([each.sent_bytes for each in packets])

    def on_packets_acked(self, *, now: float, packets: Sequence[QuicSentPacket]) -> None:
        size = sum([each.sent_bytes for each in packets])
        window, threshold = self.congestion_window, self.ssthresh
        if (packets[0].sent_time or 0.0) <= self._congestion_recovery_start_time:
            super().on_packets_acked(now=now, packets=packets)
        elif threshold is None or window + size <= threshold:
            # Slow start, up to the last of them.
            self.bytes_in_flight -= size
            self.congestion_window = min(window + size, self.ceiling)
        elif window >= threshold and self._congestion_stash + size < window <= self.ceiling:
            # Congestion avoidance, and not enough for the next step.
            self.bytes_in_flight -= size
            self._congestion_stash += size
        else:
            super().on_packets_acked(now=now, packets=packets)


class _MendedCubic(CubicCongestionControl):
    """CUBIC, where aioquic 1.7.2 is not as RFC 9438 and RFC 9002 have it.

    - Behind a loss it keeps seven tenths of what is still in flight, when an acknowledgement has
      covered most of it and the pacer holds back the rest: on a short path that was two packets.
    - It grows in a recovery period.
    - It takes 2 s without an acknowledgement for an idle connection, with anything in flight.
    """

    def on_packet_sent(self, *, packet: QuicSentPacket) -> None:
        if self.bytes_in_flight:
            self.last_ack = packet.sent_time or 0.0
        super().on_packet_sent(packet=packet)

    def on_packet_acked(self, *, now: float, packet: QuicSentPacket) -> None:
        # RFC 9002 §7.3.2: in a recovery period the window does not grow.
        if (packet.sent_time or 0.0) > self._congestion_recovery_start_time:
            super().on_packet_acked(now=now, packet=packet)
        else:
            self.bytes_in_flight -= packet.sent_bytes

    def on_packets_lost(self, *, now: float, packets: Iterable[QuicSentPacket]) -> None:
        packets = list(packets)
        in_flight = self.bytes_in_flight - sum(packet.sent_bytes for packet in packets)
        # RFC 9438 §4.6 has implementations that reckon with the window, too; aioquic's New Reno is
        # one. The base class takes the lost ones off, and calls what is left the flight size.
        self.bytes_in_flight += self.congestion_window - in_flight
        super().on_packets_lost(now=now, packets=packets)
        self.bytes_in_flight = in_flight


class _BoundedCubic(BoundedControl, _MendedCubic):
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
