"""A server's first flight: ServerHello to Finished, in as few datagrams as hold them.

This file knows Initial and Handshake packets with CRYPTO frames and an acknowledgement (RFC 9000
§17.2.2, §17.2.4), as they answer a ClientHello. It refuses to know all else that may be sent before
a handshake is complete: what was lost or is late, probes, 0-RTT, and more than the client's address
has earned; all of that is aioquic's.

Its one rule: the datagrams are those that aioquic would have built, at a third of their price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.connection import QuicConnectionState
from aioquic.quic.packet import QuicPacketType
from aioquic.quic.packet_builder import QuicSentPacket
from aioquic.tls import Epoch

from h3producer.quic.aioquic.greeting import GreetingConnection, crypto_frame
from h3producer.quic.aioquic.sealing import LongHeader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aioquic.quic.connection import NetworkAddress
    from aioquic.quic.packet_builder import QuicDeliveryHandler

    Handlers = list[tuple[QuicDeliveryHandler, Sequence[object]]]

__all__ = ["FirstFlightConnection"]

_INITIAL, _HANDSHAKE, _ONE_RTT = Epoch.INITIAL, Epoch.HANDSHAKE, Epoch.ONE_RTT
_CONNECTED = QuicConnectionState.CONNECTED
"""Members of an enumeration are looked up in a roundabout way."""

_TYPES = {_INITIAL: QuicPacketType.INITIAL, _HANDSHAKE: QuicPacketType.HANDSHAKE}

MAX_HELLO = 512
"""Bytes of a ServerHello and the acknowledgement before it, with which this is an ordinary flight;
its Handshake packet begins in the same datagram."""

_FRAME_HEAD = 8
"""Bytes of a CRYPTO frame that are not data, at most: type, length, and an offset of four bytes."""


class FirstFlightConnection(GreetingConnection):
    """A QuicConnection that answers a ClientHello by itself."""

    def is_first_flight(self) -> bool:
        """Whether this flush sends TLS's answer to a ClientHello, for the first time, and no more.

        And whether all of it may leave now.
        """
        if (
            self._handshake_confirmed
            or self._state is not _CONNECTED
            or self._close_pending
            or self._probe_pending
            or self._streams
            or self._ping_pending
            or self._quic_logger is not None
            or len(self._network_paths) != 1
            or self._packet_number
        ):
            return False
        initial, handshake, one_rtt = self._spaces.values()
        if initial.discarded or handshake.ack_at is not None or one_rtt.ack_at is not None:
            return False
        hello, rest = (self._crypto_streams[epoch].sender for epoch in _TYPES)
        size, path = self._max_datagram_size, self._network_paths[0]
        capacity = size - self.long_header(_HANDSHAKE).overhead - _FRAME_HEAD
        most = size * (1 + (MAX_HELLO + rest._buffer_stop) // capacity)  # noqa: SLF001
        return (
            0 < hello._buffer_stop <= MAX_HELLO - 64  # noqa: SLF001
            and rest._buffer_stop > 0  # noqa: SLF001
            and len(initial.ack_queue) == 1
            and path.can_send(most)
            and most <= self._loss.congestion_window
        )

    def write_first_flight(self, now: float) -> list[tuple[bytes, NetworkAddress]]:
        """Build it, and tell aioquic's recovery of its packets."""
        self._pacing_at = None
        space, path = self._spaces[_INITIAL], self._network_paths[0]
        handlers: Handlers = []
        ack = b""
        if space.ack_at is not None:
            ack, _ = self.encode_ack(space, now)
            handlers.append((self._on_ack_delivery, (space, space.largest_received_packet)))
            space.ack_at = None
        size = self._max_datagram_size
        datagram = self.add_crypto(_INITIAL, ack, handlers, size, now)
        datagrams: list[bytes] = []
        rest = self._crypto_streams[_HANDSHAKE].sender
        while not rest.buffer_is_empty:
            datagram += self.add_crypto(_HANDSHAKE, b"", [], size - len(datagram), now)
            # RFC 9000 §14.1: "a server MUST expand the payload of all UDP datagrams carrying
            # ack-eliciting Initial packets to at least the smallest allowed maximum datagram size".
            datagrams.append(datagram if datagrams else datagram.ljust(size, b"\0"))
            datagram = b""
        path.bytes_sent += sum(map(len, datagrams))
        if not self._ack_eliciting_sent_since_receipt:
            self._close_at = now + self._idle_timeout()
            self._ack_eliciting_sent_since_receipt = True
        return [(each, path.addr) for each in datagrams]

    def add_crypto(
        self, epoch: Epoch, frames: bytes, handlers: Handlers, room: int, now: float
    ) -> bytes:
        """A packet of at most `room` bytes, with a CRYPTO frame behind `frames`."""
        sender = self._crypto_streams[epoch].sender
        header = self.long_header(epoch)
        frame, start, stop = crypto_frame(sender, room - header.overhead - len(frames))
        if stop == sender._buffer_stop:  # noqa: SLF001
            sender.buffer_is_empty = True  # aioquic's writer finds this out with its next packet
        handlers.append((sender.on_data_delivery, (start, stop, False)))
        number = self._packet_number
        data = header.seal(number, frames + frame, self._cryptos[epoch].send)
        packet = QuicSentPacket(
            epoch=epoch,
            in_flight=True,
            is_ack_eliciting=True,
            is_crypto_packet=True,
            packet_number=number,
            packet_type=_TYPES[epoch],
            sent_time=now,
            sent_bytes=len(data),
            delivery_handlers=handlers,
        )
        self._loss.on_packet_sent(packet=packet, space=self._spaces[epoch])
        self._packet_number = number + 1
        return data

    def long_header(self, epoch: Epoch) -> LongHeader:
        """That of our packets of this type."""
        assert self._version is not None
        is_initial = epoch is _INITIAL
        return LongHeader(is_initial, self._version, self._peer_cid.cid, self.host_cid)
