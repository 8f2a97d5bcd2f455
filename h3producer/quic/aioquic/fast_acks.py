"""Acknowledgements, the short way: what an ordinary ACK frame does to the packets in flight.

This file knows the sums of aioquic's `on_ack_received`, RFC 9002's, and does them in the same
order, so that every time and window comes out the same. It refuses to know how the congestion
window moves, and how a packet is found to be lost: it asks aioquic.

Its one rule: a packet number is looked at once. aioquic lists all that is in flight for each ACK,
and looks through what was acknowledged before.
"""

# ruff: noqa: SLF001 - it does what aioquic's QuicPacketRecovery does to itself

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.packet_builder import QuicDeliveryState
from aioquic.quic.recovery import K_PACKET_THRESHOLD

from h3producer.quic.aioquic.congestion import BoundedControl
from h3producer.quic.aioquic.numbers import NumberedConnection
from h3producer.quic.aioquic.stream_frames import StreamFramingConnection

if TYPE_CHECKING:
    from aioquic.quic.packet_builder import QuicSentPacket
    from aioquic.quic.recovery import QuicPacketSpace
    from aioquic.quic.stream import QuicStream

    from h3producer.quic.aioquic.internals import Buffer

__all__ = ["FastAckingConnection"]

_ACKED = QuicDeliveryState.ACKED
"""Members of an enumeration are looked up in a roundabout way."""

MIN_RTT = 0.001
"""Seconds that aioquic takes a round trip for at least."""


class FastAckingConnection(StreamFramingConnection, NumberedConnection):
    """A QuicConnection with a short way for the ACK frames of an honest peer."""

    acked_below = 0
    """No packet with a smaller number is in flight."""

    def read_ack(self, buf: Buffer, space: QuicPacketSpace, now: float) -> bool:
        """Do what an ACK frame asks for; False, and nothing has happened, if it is not ordinary.

        `buf` stands behind the frame's type.
        """
        pull = buf.pull_uint_var
        high = pull()
        delay = pull()
        more = pull()
        low = high - pull()
        acked_below, skipped = self.acked_below, self.skipped
        if high >= self._packet_number or low <= skipped <= high:
            return False
        runs = [(low, high)]
        while more:
            high = low - pull() - 2
            low = high - pull()
            if low <= skipped <= high:
                return False
            if high >= acked_below:
                runs.append((low, high))
            more -= 1
        if low < 0:
            return False
        self.acknowledge(runs, (delay << self._remote_ack_delay_exponent) / 1000000, space, now)
        return True

    def acknowledge(
        self, runs: list[tuple[int, int]], delay: float, space: QuicPacketSpace, now: float
    ) -> None:
        """Take what the runs cover, from the largest on, out of flight, and measure."""
        loss = self._loss
        largest = runs[0][1]
        if largest > space.largest_acked_packet:
            space.largest_acked_packet = largest
        sent = space.sent_packets
        acked_below = self.acked_below
        packets: list[QuicSentPacket] = []
        for low, high in reversed(runs):
            for number in range(max(low, acked_below), high + 1):
                packet = sent.pop(number, None)
                if packet is not None:
                    packets.append(packet)
            if low <= acked_below <= high:
                acked_below = high + 1
        if not packets:
            return
        in_flight = [packet for packet in packets if packet.in_flight]
        if in_flight:
            control = loss._cc
            assert isinstance(control, BoundedControl)
            control.on_packets_acked(now=now, packets=in_flight)
        eliciting = sum([packet.is_ack_eliciting for packet in packets])
        space.ack_eliciting_in_flight -= eliciting
        self.delivered(packets)

        newest = packets[-1]
        if newest.packet_number == largest and eliciting:
            assert newest.sent_time is not None
            self.measure(now - newest.sent_time, delay, now)

        if acked_below > space.largest_acked_packet:
            space.loss_time = None  # nothing older is in flight, so nothing can be lost
        else:
            loss._detect_loss(now=now, space=space)
            acked_below = max(acked_below, space.largest_acked_packet - K_PACKET_THRESHOLD + 1)
        self.acked_below = acked_below
        loss._pto_count = 0

    def delivered(self, packets: list[QuicSentPacket]) -> None:
        """Tell who wrote them that frames have arrived; pieces of a stream that touch as one."""
        decided = self.data_decided
        stream: QuicStream | None = None
        start, stop, fin = 0, 0, False
        for packet in packets:
            for handler, args in packet.delivery_handlers:
                is_data = handler == decided
                if is_data and args[0] is stream and args[1] == stop:
                    _, _, stop, fin = args
                    continue
                if stream is not None:
                    decided(_ACKED, stream, start, stop, fin)
                    stream = None
                if is_data:
                    stream, start, stop, fin = args
                else:
                    handler(_ACKED, *args)
        if stream is not None:
            decided(_ACKED, stream, start, stop, fin)

    def measure(self, latest_rtt: float, delay: float, now: float) -> None:
        """Take in a sample of the round trip (RFC 9002 §5.3)."""
        loss = self._loss
        # "MUST use the lesser of the acknowledgment delay and the peer's max_ack_delay after the
        # handshake is confirmed".
        delay = min(delay, loss.max_ack_delay)
        rtt = max(latest_rtt, MIN_RTT)
        loss._rtt_min = min(loss._rtt_min, rtt)
        if rtt > loss._rtt_min + delay:
            rtt -= delay
        loss._rtt_latest = rtt
        if loss._rtt_initialized:
            variance = abs(loss._rtt_min - rtt)
            loss._rtt_variance = 3 / 4 * loss._rtt_variance + 1 / 4 * variance
            loss._rtt_smoothed = 7 / 8 * loss._rtt_smoothed + 1 / 8 * rtt
        else:
            loss._rtt_first_sample_time = now
            loss._rtt_initialized = True
            loss._rtt_variance = latest_rtt / 2
            loss._rtt_smoothed = latest_rtt
        control = loss._cc
        control.on_rtt_measurement(now=now, rtt=latest_rtt)
        loss._pacer.update_rate(
            congestion_window=control.congestion_window, smoothed_rtt=loss._rtt_smoothed
        )
