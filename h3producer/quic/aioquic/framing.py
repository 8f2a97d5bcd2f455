"""Frames of a connection that is open: which there are to send, and how they are written.

This file knows the frames of everyday life: ACK, MAX_DATA, MAX_STREAMS, MAX_STREAM_DATA,
STOP_SENDING, RESET_STREAM, DATAGRAM and STREAM (RFC 9000 §19, RFC 9221). It refuses to know
packets, and all others: `fast_writer.py` leaves a flush that needs one of those to aioquic.

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
from h3producer.quic.aioquic.packing import SMALLEST_STREAM_FRAME
from h3producer.quic.aioquic.turns import TURN_PACKETS
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

_STREAM = tuple(bytes((kind,)) for kind in range(QuicFrameType.STREAM_BASE, 0x10))
_FIN, _LENGTH, _OFFSET = 1, 2, 4
_WHOLE_STREAM = _STREAM[_LENGTH | _FIN]
_TWO_BYTES = 0x4000

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

    def add_streams(self, flight: Flight) -> bool:
        """What streams have to say, in their order, while there is room.

        Return false if a download is left out because something goes ahead of it. That leaves
        without waiting until the download's packets are written, too, which takes as long again as
        all the rest of a small response beside it.
        """
        queue = self.queue
        rank = None
        while flight.room:
            stream = queue.first()
            if stream is None:
                break
            if rank is not None and queue.rank is not rank and self.is_long(stream):
                return False
            queue.take()
            room = flight.room
            if self.add_turn(flight, stream):
                queue.add(stream)
            if flight.room != room:
                rank = queue.rank
        return True

    def is_long(self, stream: QuicStream) -> bool:
        """Whether it has more to send than one turn takes."""
        sender = stream.sender
        unsent = sender._buffer_stop - sender.highest_offset
        return unsent > TURN_PACKETS * self._max_datagram_size

    def add_turn(self, flight: Flight, stream: QuicStream) -> bool:
        """STREAM frames of one stream; return whether there is more to send."""
        if self.add_whole(flight, stream):
            return False
        sender = stream.sender
        packets = TURN_PACKETS
        while not sender.buffer_is_empty:
            if flight.room < SMALLEST_STREAM_FRAME and not flight.open_next():
                return True
            start, stop = self.next_range(stream)
            if start < 0:
                return False  # flow control: whoever raises the limit announces it
            packets = self.add_range(flight, stream, start, stop, packets)
            if not packets:
                return True
        return False

    def add_whole(self, flight: Flight, stream: QuicStream) -> bool:
        """All of a stream in one frame, if the packet has room for it; else nothing is done.

        What most responses are, in a third of the time.
        """
        sender = stream.sender
        size = sender._buffer_fin
        if (
            not size
            or sender.highest_offset
            or sender.buffer_is_empty
            or size > flight.room - SMALLEST_STREAM_FRAME
            or size > stream.max_stream_data_remote
            or size > self._remote_max_data - self._remote_max_data_used
            or stream.is_blocked
            or stream.receiver.stop_pending
        ):
            return False
        assert stream.stream_id is not None
        stream_id = encode_varint(stream.stream_id)
        parts = (_WHOLE_STREAM, stream_id, (size | _TWO_BYTES).to_bytes(2, "big"), sender._buffer)
        count = 3 + len(stream_id) + size
        flight.add_parts(parts, count, self.data_decided, stream, 0, size, True)
        sender._pending.shift()
        sender.highest_offset = size
        self._remote_max_data_used += size
        sender._pending_eof = False
        sender.buffer_is_empty = True
        return True

    def next_range(self, stream: QuicStream) -> tuple[int, int]:
        """What to send next, as far as flow control lets it; an empty range is a bare FIN.

        (-1, -1) if nothing may be sent; then the stream waits elsewhere for what it needs.
        """
        sender = stream.sender
        assert stream.stream_id is not None
        if stream.is_blocked:
            self.starved[stream.stream_id] = stream
            return -1, -1
        if not len(sender._pending):
            if sender._pending_eof:
                assert sender._buffer_fin is not None
                return sender._buffer_fin, sender._buffer_fin
            sender.buffer_is_empty = True  # aioquic's writer finds this out with its next packet
            return -1, -1
        first = sender._pending[0]
        start = first.start
        limit = stream.max_stream_data_remote
        if start >= limit:
            return -1, -1
        credit = self._remote_max_data - self._remote_max_data_used
        stop = min(first.stop, limit, sender.highest_offset + credit)
        if start >= stop:
            self.starved[stream.stream_id] = stream
            return -1, -1
        return start, stop

    def add_range(
        self, flight: Flight, stream: QuicStream, start: int, stop: int, packets: int
    ) -> int:
        """STREAM frames for a range, to the end of so many packets at most.

        Return how many of them are left; 0 also if no more may leave.
        """
        sender = stream.sender
        buffer, base, fin = sender._buffer, sender._buffer_start, sender._buffer_fin
        assert stream.stream_id is not None
        stream_id = encode_varint(stream.stream_id)
        decided = self.data_decided
        at = start
        while True:
            offset = encode_varint(at) if at else b""
            header = 3 + len(stream_id) + len(offset)
            size = min(stop - at, flight.room - header)
            end = at + size
            kind = _STREAM[(_LENGTH | _OFFSET if at else _LENGTH) | (end == fin)]
            data = buffer[at - base : end - base]
            parts = (kind, stream_id, offset, (size | _TWO_BYTES).to_bytes(2, "big"), data)
            flight.add_parts(parts, header + size, decided, stream, at, end, end == fin)
            at = end
            if at == stop:
                break
            packets = packets - 1 if flight.open_next() else 0
            if not packets:
                break
        self.range_sent(flight, stream, start, at)
        return packets

    def range_sent(self, flight: Flight, stream: QuicStream, start: int, stop: int) -> None:
        """Take note of it; what waited for the end of the stream follows at once."""
        sender = stream.sender
        if stop > start:
            sender._pending.subtract(start, stop)
            if stop > sender.highest_offset:
                self._remote_max_data_used += stop - sender.highest_offset
                sender.highest_offset = stop
        if stop == sender._buffer_fin:
            sender._pending_eof = False
        if not sender._pending_eof and not len(sender._pending):
            sender.buffer_is_empty = True
            if stream.receiver.stop_pending:
                self.has_notice(stream)
                self.add_notices(flight)

    # What became of them

    def datagram_decided(self, _delivery: QuicDeliveryState) -> None:
        """A DATAGRAM frame was acknowledged or lost."""

    def data_decided(
        self, delivery: QuicDeliveryState, stream: QuicStream, start: int, stop: int, fin: bool
    ) -> None:
        """A STREAM frame was acknowledged or lost."""
        sender = stream.sender
        sender.on_data_delivery(delivery, start, stop, fin)
        if delivery is _LOST:
            self.has_data(stream)
        elif sender.is_finished:
            self.has_ended(stream)

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
