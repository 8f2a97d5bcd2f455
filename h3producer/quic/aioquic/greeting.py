"""Frames that a connection sends when it opens: the end of the handshake, a ticket, and ids.

This file knows HANDSHAKE_DONE, CRYPTO and NEW_CONNECTION_ID (RFC 9000 §19.20, §19.6, §19.15) behind
the handshake. It refuses to know what TLS says and how an id is made. They leave with the first
flush of each connection, and nearly never again.

Its one rule: as in `framing.py`, aioquic's state is changed as aioquic changes it, so that either
writer can go on where the other left off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic import events
from aioquic.quic.packet import QuicFrameType
from aioquic.tls import Epoch

from h3producer.quic.aioquic.connection_ids import IdentifiedConnection
from h3producer.quic.aioquic.framing import FramingConnection
from h3producer.wire.varint import encode_varint

if TYPE_CHECKING:
    from aioquic.quic.stream import QuicStreamSender

    from h3producer.quic.aioquic.flight import Flight

__all__ = ["GreetingConnection", "crypto_frame"]

_HANDSHAKE_DONE = encode_varint(QuicFrameType.HANDSHAKE_DONE)
_NEW_CONNECTION_ID = encode_varint(QuicFrameType.NEW_CONNECTION_ID)
_CRYPTO = encode_varint(QuicFrameType.CRYPTO)
_NOTHING_RETIRED = encode_varint(0)

_ONE_RTT = Epoch.ONE_RTT
"""Members of an enumeration are looked up in a roundabout way."""

_TWO_BYTES = 0x4000

SMALLEST_CRYPTO_FRAME = 64
"""Bytes left in a packet below which a CRYPTO frame waits for the next."""


class GreetingConnection(FramingConnection, IdentifiedConnection):
    """A QuicConnection that fills a `Flight` with what its client has to know first."""

    def has_greetings(self) -> bool:
        """Whether there is such a frame to send, for the first time or again."""
        if self._handshake_done_pending:
            return True
        for each in self._host_cids:
            if not each.was_sent:
                return True
        return not self._crypto_streams[_ONE_RTT].sender.buffer_is_empty

    def add_greetings(self, flight: Flight) -> None:
        """All of them, while there is room."""
        if self._handshake_done_pending:
            if not flight.add(_HANDSHAKE_DONE, self._on_handshake_done_delivery):
                return
            self._handshake_done_pending = False
        for each in self._host_cids:
            if each.was_sent:
                continue
            head = _NEW_CONNECTION_ID + encode_varint(each.sequence_number) + _NOTHING_RETIRED
            frame = b"%b%c%b%b" % (head, len(each.cid), each.cid, each.stateless_reset_token)
            if not flight.add(frame, self._on_new_connection_id_delivery, each):
                return
            each.was_sent = True
            self.last_id_sent = max(self.last_id_sent, each.sequence_number)
            self._events.append(events.ConnectionIdIssued(connection_id=each.cid))
        sender = self._crypto_streams[_ONE_RTT].sender
        while not sender.buffer_is_empty:
            if flight.room < SMALLEST_CRYPTO_FRAME and not flight.open_next():
                return
            frame, start, stop = crypto_frame(sender, flight.room)
            if frame:
                flight.add(frame, sender.on_data_delivery, start, stop, False)


def crypto_frame(sender: QuicStreamSender, room: int) -> tuple[bytes, int, int]:
    """A CRYPTO frame with as much of a flow as there is room for, and which part of it that is.

    Empty if the flow has nothing more to say, of which its sender takes note.
    """
    frame = sender.get_frame(room - 3 - len(encode_varint(sender.next_offset)))
    if frame is None:
        return b"", 0, 0
    size = (len(frame.data) | _TWO_BYTES).to_bytes(2, "big")
    return (
        b"".join((_CRYPTO, encode_varint(frame.offset), size, frame.data)),
        frame.offset,
        frame.offset + len(frame.data),
    )
