"""The packets of one flush, while frames are put into them.

This file knows room: how much a packet has left, and how many more may leave. It refuses to know
what a frame means, and how a packet becomes a datagram (`sealing.py`).

Its one rule: a packet that counts as in flight is opened only if a full one may leave. A window
with less room than that waits for the next acknowledgement instead of sending crumbs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.packet import QuicPacketType
from aioquic.quic.packet_builder import QuicSentPacket
from aioquic.tls import Epoch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aioquic.quic.packet_builder import QuicDeliveryHandler

__all__ = ["Flight", "FlightPacket"]


class FlightPacket(QuicSentPacket):
    """aioquic's record of a sent packet; what all of ours have in common stands in the class.

    The dataclass sets ten attributes and makes two lists, for each packet.
    """

    epoch = Epoch.ONE_RTT
    is_crypto_packet = False
    packet_type = QuicPacketType.ONE_RTT

    def __init__(
        self, is_in_flight: bool, handlers: list[tuple[QuicDeliveryHandler, Sequence[object]]]
    ) -> None:
        # RFC 9002 §2: what is not acknowledged is not in flight, PADDING aside, which we write not.
        self.in_flight = self.is_ack_eliciting = is_in_flight
        self.delivery_handlers = handlers


class Flight:
    """Packets with at most `capacity` bytes of frames each, and at most `limit` in flight."""

    __slots__ = (
        "_capacity",
        "_frames",
        "_handlers",
        "_is_in_flight",
        "left",
        "packets",
        "payloads",
        "room",
    )

    def __init__(self, capacity: int, limit: int) -> None:
        self.packets: list[FlightPacket] = []
        self.payloads: list[bytes] = []
        self.room = capacity if limit > 0 else 0
        """Bytes of frames that the open packet still takes; 0 also if none may be opened."""
        self._capacity = capacity
        self.left = limit
        """How many packets in flight may still leave, the open one included."""
        self._is_in_flight = False
        self._frames: list[bytes | bytearray] = []
        self._handlers: list[tuple[QuicDeliveryHandler, Sequence[object]]] = []

    @property
    def number(self) -> int:
        """How many packets are closed."""
        return len(self.packets)

    def add_ack(self, frame: bytes, handler: QuicDeliveryHandler, *args: object) -> None:
        """Put an ACK frame into the first packet, which leaves with nothing else, too."""
        self._frames.append(frame)
        self._handlers.append((handler, args))
        self.room = max(0, self.room - len(frame))

    def add(self, frame: bytes, handler: QuicDeliveryHandler, *args: object) -> bool:
        """Put a frame into this packet or the next; return whether there was room."""
        if self.room < len(frame) and not self.open_next():
            return False
        self._frames.append(frame)
        self._handlers.append((handler, args))
        self._is_in_flight = True
        self.room -= len(frame)
        return True

    def add_parts(
        self,
        parts: Sequence[bytes | bytearray],
        size: int,
        handler: QuicDeliveryHandler,
        *args: object,
    ) -> None:
        """The same with a frame in parts, which together fit into the open packet."""
        self._frames += parts
        self._handlers.append((handler, args))
        self._is_in_flight = True
        self.room -= size

    def add_full(
        self,
        payloads: Sequence[bytes],
        handler: QuicDeliveryHandler,
        args: Iterable[Sequence[object]],
    ) -> None:
        """Put packets ahead of the open one, which is empty; to each its arguments."""
        self.payloads += payloads
        self.packets += [FlightPacket(True, [(handler, each)]) for each in args]
        self.left -= len(payloads)

    def open_next(self) -> bool:
        """Close the packet; return whether there is another."""
        self.close()
        self.room = self._capacity if self.left > 0 else 0
        return self.left > 0

    def close(self) -> None:
        """Close the packet, if anything is in it."""
        if self._frames:
            self.packets.append(FlightPacket(self._is_in_flight, self._handlers))
            self.payloads.append(b"".join(self._frames))
            self._frames = []
            self._handlers = []
            self.left -= self._is_in_flight
            self._is_in_flight = False
