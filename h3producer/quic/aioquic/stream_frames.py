"""STREAM frames: whose, how much of each, and how they are written.

This file knows turns, ranges and the room of a `Flight`. It refuses to know other frames
(`framing.py`), and whose turn it is (`turns.py`).

Its one rule: the two ways that most bytes take, a response that fits its packet and the packets
that a download fills, have code of their own, and write what the way of all others would write.
"""

# ruff: noqa: SLF001 - it does what aioquic's QuicStreamSender does, for many packets at once

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.packet import QuicFrameType
from aioquic.quic.packet_builder import QuicDeliveryState

from h3producer.quic.aioquic.framing import FramingConnection
from h3producer.quic.aioquic.pacing import MAX_BURST
from h3producer.quic.aioquic.packing import SMALLEST_STREAM_FRAME
from h3producer.quic.aioquic.turns import TURN_PACKETS
from h3producer.wire.varint import encode_varint

if TYPE_CHECKING:
    from aioquic.quic.stream import QuicStream

    from h3producer.quic.aioquic.flight import Flight

__all__ = ["StreamFramingConnection"]

_STREAM = tuple(bytes((kind,)) for kind in range(QuicFrameType.STREAM_BASE, 0x10))
_FIN, _LENGTH, _OFFSET = 1, 2, 4
_WHOLE_STREAM = _STREAM[_LENGTH | _FIN]
_MIDDLE = _STREAM[_LENGTH | _OFFSET]
_TWO_BYTES = 0x4000

_LOST = QuicDeliveryState.LOST
"""Members of an enumeration are looked up in a roundabout way."""


class StreamFramingConnection(FramingConnection):
    """A QuicConnection that puts what its streams have to say into a `Flight`."""

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
        # Nobody else waits for it to be over, so that it need not be.
        packets = TURN_PACKETS if self.queue else MAX_BURST
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
            if packets > 1:
                full = self.add_full_packets(flight, stream, at, stop, packets - 1)
                packets -= full[0]
                at = full[1]
        self.range_sent(flight, stream, start, at)
        return packets

    def add_full_packets(
        self, flight: Flight, stream: QuicStream, at: int, stop: int, most: int
    ) -> tuple[int, int]:
        """Packets that a range fills, up to its last one, which is written like any other.

        The open packet is empty, and stays so. Return how many they are, and where they end. What
        a download is, at half the cost.
        """
        # A length of two bytes (RFC 9000 §16), and an offset of four or eight, as long as need be.
        if at >> 14 == 0 or (at >> 30 == 0) is not (stop >> 30 == 0):
            return 0, at
        width, mark = (4, 0x80 << 24) if stop >> 30 == 0 else (8, 0xC0 << 56)
        head = _MIDDLE + encode_varint(stream.stream_id or 0)
        size = flight.room - len(head) - width - 2
        count = min(most, flight.left - 1, (stop - at - 1) // size)
        if count <= 0:
            return 0, at
        length = (size | _TWO_BYTES).to_bytes(2, "big")
        base, end = stream.sender._buffer_start, at + count * size
        starts = range(at, end, size)
        with memoryview(stream.sender._buffer) as view:
            payloads = [
                b"".join(
                    (
                        head,
                        (start | mark).to_bytes(width, "big"),
                        length,
                        view[start - base : start - base + size],
                    )
                )
                for start in starts
            ]
        flight.add_full(
            payloads,
            self.data_decided,
            [(stream, start, start + size, False) for start in starts],
        )
        return count, end

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
