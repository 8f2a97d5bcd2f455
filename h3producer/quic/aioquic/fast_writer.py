"""A flush in everyday life: built without aioquic's packet builder, at a fifth of its cost.

This file knows when a flush needs nothing but the frames of `framing.py` and `greeting.py`, and
what aioquic wants to know about packets that left. It refuses to know frames and keys.

Its one rule: what it does not know it does not try. Handshakes, path validation, PING frames,
probes, closing and a key update that we begin are aioquic's: that flush is written as if this file
were not there.

aioquic's recovery learns of each packet what it would have learned from its own writer, so that
acknowledgements, losses, congestion control and all timers are its business as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.connection import QuicConnectionState
from aioquic.tls import Epoch

from h3producer.quic.aioquic.congestion import BoundedControl
from h3producer.quic.aioquic.first_flight import FirstFlightConnection
from h3producer.quic.aioquic.flight import Flight
from h3producer.quic.aioquic.pacing import BURST, MAX_BURST
from h3producer.quic.aioquic.sealing import OVERHEAD, first_byte, seal
from h3producer.quic.aioquic.stream_frames import StreamFramingConnection

if TYPE_CHECKING:
    from aioquic.quic.connection import NetworkAddress

    from h3producer.quic.aioquic.pacing import BurstPacer

__all__ = ["FastWritingConnection"]

_CONNECTED, _ONE_RTT = QuicConnectionState.CONNECTED, Epoch.ONE_RTT
"""Members of an enumeration are looked up in a roundabout way."""

HASTE = 0.1
"""Seconds for which a response that went ahead of a download is remembered: where one was, another
may follow, and waits for a burst as long as it takes to write it."""


class FastWritingConnection(FirstFlightConnection, StreamFramingConnection):
    """A QuicConnection that writes its own packets when it can."""

    pacer: BurstPacer
    """That of its recovery."""
    haste_until = 0.0
    """While small responses come beside downloads, bursts are short."""

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, NetworkAddress]]:
        if self.fast_path and self.is_everyday():
            return self.write(now)
        if self.fast_path and self.is_first_flight():
            return self.write_first_flight(now)
        return self.write_as_aioquic(now)

    def is_everyday(self) -> bool:
        """Whether this flush needs no frame and no state that we do not know."""
        path = self._network_paths[0]
        if (
            not self._handshake_confirmed
            or self._state is not _CONNECTED
            or not path.is_validated
            or path.remote_challenges
            or self._close_pending
            or self._probe_pending
            or self._ping_pending
            or self._streams_blocked_pending
            or self._retire_connection_ids
            or self._cryptos[_ONE_RTT]._update_key_requested  # noqa: SLF001
        ):
            return False
        # Paths that are not in use are probed by packets of their own.
        return len(self._network_paths) == 1 or not any(
            each.remote_challenges or not (each.is_validated or each.local_challenge_sent)
            for each in self._network_paths[1:]
        )

    def write(self, now: float) -> list[tuple[bytes, NetworkAddress]]:
        """Build what may leave now."""
        self._pacing_at = None
        if self.looks_around:
            self.look_around()
        if self.over:
            self.discard_streams()
        flight = self.fill(now)
        return self.register(flight, now) if flight.packets else []

    def fill(self, now: float) -> Flight:
        """The packets that congestion control and pacing allow, with what there is to say."""
        loss, pacer = self._loss, self.pacer
        space = self._spaces[_ONE_RTT]
        size = self._max_datagram_size
        burst = pacer.allowance(now, BURST if now < self.haste_until else MAX_BURST)
        if space.ack_at is not None and space.ack_at < now:
            burst = max(burst, 1)  # as aioquic: a late acknowledgement waits for no pacer
        window = (loss.congestion_window - loss.bytes_in_flight) // size
        flight = Flight(size - OVERHEAD - len(self._peer_cid.cid), min(burst, window))
        greets = self.has_greetings()
        # With data, an acknowledgement comes along for a few bytes; by itself it is a datagram.
        ack_at = space.ack_at
        has_data = flight.room and (greets or self.queue)
        if ack_at is not None and burst and (ack_at <= now or has_data):
            self.add_ack(flight, space, now)
        if greets and flight.room:
            self.add_greetings(flight)
        if flight.room:
            self.add_limits(flight)
            self.add_notices(flight)
            self.add_datagrams(flight)
            if not self.add_streams(flight):
                self._pacing_at = now
                self.haste_until = now + HASTE
        flight.close()
        if burst <= flight.number < window:
            self._pacing_at = pacer.next_time(now)  # there may be more, which only this keeps
        return flight

    def register(self, flight: Flight, now: float) -> list[tuple[bytes, NetworkAddress]]:
        """Turn packets into datagrams, and tell aioquic's recovery of them."""
        loss, space, path = self._loss, self._spaces[_ONE_RTT], self._network_paths[0]
        crypto = self._cryptos[_ONE_RTT]
        number = self._packet_number
        first = first_byte(self._spin_bit, crypto.key_phase)
        datagrams = seal(flight.payloads, first, number, self._peer_cid.cid, crypto.send)
        control = loss._cc  # noqa: SLF001
        sent = space.sent_packets
        for packet, datagram in zip(flight.packets, datagrams, strict=True):
            packet.packet_number = number
            packet.sent_time = now
            packet.sent_bytes = len(datagram)
            sent[number] = packet
            number += 1
        self._packet_number = number
        path.bytes_sent += sum(map(len, datagrams))
        in_flight = [packet for packet in flight.packets if packet.in_flight]
        if in_flight:
            assert isinstance(control, BoundedControl)
            control.on_packets_sent(in_flight)
            space.ack_eliciting_in_flight += len(in_flight)
            loss._time_of_last_sent_ack_eliciting_packet = now  # noqa: SLF001
            self.pacer.spend(len(in_flight))
            # RFC 9000 §10.1: "An endpoint also restarts its idle timer when sending an
            # ack-eliciting packet if no other ack-eliciting packets have been sent since last
            # receiving and processing a packet."
            if not self._ack_eliciting_sent_since_receipt:
                self._close_at = now + self._idle_timeout()
                self._ack_eliciting_sent_since_receipt = True
        address = path.addr
        return [(datagram, address) for datagram in datagrams]
