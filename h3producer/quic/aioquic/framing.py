"""Frames of a connection that is open: which there are to send, and how they are written.

This file knows the frames of everyday life: ACK, MAX_DATA, MAX_STREAMS, MAX_STREAM_DATA,
STOP_SENDING, RESET_STREAM and DATAGRAM (RFC 9000 §19, RFC 9221); for STREAM see `stream_frames.py`.
It refuses to know packets, and all others: `fast_writer.py` leaves a flush that needs one of those
to aioquic.

Its one rule: a stream's state is changed as aioquic changes it, so that either writer can go on
where the other left off.
"""

# ruff: noqa: SLF001 - it does what aioquic's QuicStreamSender does, for many packets at once

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.packet import QuicFrameType, push_ack_frame
from aioquic.quic.packet_builder import QuicDeliveryState

from h3producer.quic.aioquic.announcing import AnnouncingConnection
from h3producer.quic.aioquic.internals import Buffer
from h3producer.wire.varint import encode_varint

if TYPE_CHECKING:
    from aioquic.quic.recovery import QuicPacketSpace
    from aioquic.quic.stream import QuicStream

    from h3producer.quic.aioquic.flight import Flight

__all__ = ["FramingConnection"]

_MAX_STREAM_DATA = encode_varint(QuicFrameType.MAX_STREAM_DATA)
_STOP_SENDING = encode_varint(QuicFrameType.STOP_SENDING)
_RESET_STREAM = encode_varint(QuicFrameType.RESET_STREAM)
_DATAGRAM = encode_varint(QuicFrameType.DATAGRAM_WITH_LENGTH)
_PING = encode_varint(QuicFrameType.PING)

_LOST = QuicDeliveryState.LOST
"""Members of an enumeration are looked up in a roundabout way."""


class FramingConnection(AnnouncingConnection):
    """A QuicConnection that fills a `Flight`."""

    def add_ack(self, flight: Flight, space: QuicPacketSpace, now: float) -> None:
        """What has arrived, into the first packet."""
        frame, ranges = self.encode_ack(space, now)
        flight.add_ack(frame, self._on_ack_delivery, space, space.largest_received_packet)
        space.ack_at = None
        # RFC 9000 §13.2.4: who sends only ACK frames has to ask for an acknowledgment now and then,
        # to learn which ranges need not be sent any more. As often as aioquic does.
        if ranges > 1 and self._packet_number % 8 == 0:
            flight.add(_PING, self._on_ping_delivery, ())

    def encode_ack(self, space: QuicPacketSpace, now: float) -> tuple[bytes, int]:
        """An ACK frame, and how many ranges are in it."""
        assert space.largest_received_time is not None
        delay = int((now - space.largest_received_time) * 1_000_000)
        buf = Buffer(capacity=self._max_datagram_size)
        buf.push_uint_var(QuicFrameType.ACK)
        ranges = push_ack_frame(
            buf,
            space.ack_queue,
            delay >> self._local_ack_delay_exponent,
            self._max_datagram_size // 2,
        )
        return buf.data, ranges

    def add_limits(self, flight: Flight) -> None:
        """What the peer may send on all streams, and how many it may open."""
        data = self._local_max_data
        for limit in (data, self._local_max_streams_bidi, self._local_max_streams_uni):
            if limit.value == limit.sent:
                continue
            # Streams in batches, as aioquic does: when fewer are left to open than there are new.
            if limit is not data and limit.sent - limit.used >= limit.value - limit.sent:
                continue
            frame = encode_varint(limit.frame_type) + encode_varint(limit.value)
            if not flight.add(frame, self._on_connection_limit_delivery, limit):
                return
            limit.sent = limit.value

    def add_notices(self, flight: Flight) -> None:
        """What there is to say about streams."""
        notices = self.notices
        while notices:
            stream_id = next(iter(notices))
            if not self.add_notice(flight, notices[stream_id], encode_varint(stream_id)):
                return
            del notices[stream_id]

    def add_notice(self, flight: Flight, stream: QuicStream, stream_id: bytes) -> bool:
        """What there is to say about one stream; return whether there was room for all of it."""
        limit = stream.max_stream_data_local
        if stream.max_stream_data_local_sent != limit:
            frame = _MAX_STREAM_DATA + stream_id + encode_varint(limit)
            if not flight.add(frame, self.stream_limit_decided, stream):
                return False
            stream.max_stream_data_local_sent = limit
        sender, receiver = stream.sender, stream.receiver
        # As in `packing.py`: it waits for a FIN that is to come, which will bring it along.
        if receiver.stop_pending and (sender.buffer_is_empty or not sender._pending_eof):
            assert receiver._stop_error_code is not None
            frame = _STOP_SENDING + stream_id + encode_varint(receiver._stop_error_code)
            if not flight.add(frame, self.stop_decided, stream):
                return False
            receiver.stop_pending = False
        if sender.reset_pending:
            assert sender._reset_error_code is not None
            end = encode_varint(sender._reset_error_code) + encode_varint(sender.highest_offset)
            if not flight.add(_RESET_STREAM + stream_id + end, self.reset_decided, stream):
                return False
            sender.reset_pending = False
        return True

    def add_datagrams(self, flight: Flight) -> None:
        """DATAGRAM frames, which nobody sends again (RFC 9221 §5)."""
        pending = self._datagrams_pending
        while pending:
            frame = _DATAGRAM + encode_varint(len(pending[0])) + pending[0]
            if not flight.add(frame, self.datagram_decided):
                return
            pending.popleft()

    # What became of them

    def datagram_decided(self, _delivery: QuicDeliveryState) -> None:
        """A DATAGRAM frame was acknowledged or lost."""

    def stream_limit_decided(self, delivery: QuicDeliveryState, stream: QuicStream) -> None:
        """A MAX_STREAM_DATA frame was acknowledged or lost."""
        if delivery is _LOST:
            self._on_max_stream_data_delivery(delivery, stream)
            self.has_notice(stream)

    def stop_decided(self, delivery: QuicDeliveryState, stream: QuicStream) -> None:
        """A STOP_SENDING frame was acknowledged or lost."""
        if delivery is _LOST:
            stream.receiver.on_stop_sending_delivery(delivery)
            self.has_notice(stream)

    def reset_decided(self, delivery: QuicDeliveryState, stream: QuicStream) -> None:
        """A RESET_STREAM frame was acknowledged or lost."""
        stream.sender.on_reset_delivery(delivery)
        if delivery is _LOST:
            self.has_notice(stream)
        else:
            self.has_ended(stream)
