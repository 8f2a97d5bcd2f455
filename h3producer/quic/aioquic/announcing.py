"""Who has something to send: streams say so themselves, and nobody asks those that do not.

This file knows each reason for which a stream gets something to send, or is over. It refuses to
know packets (`fast_writer.py`) and whose turn it is (`turns.py`). aioquic 1.7.2 asks all streams
twice for each packet: a hundred stalled downloads made a MiB of another one three times as dear.

Its one rule: whoever changes a stream announces it. What aioquic's own writer has sent announces
nothing when it is lost, so then all streams are looked at, once.

Only with `fast_path`; without it the announcements go nowhere, and aioquic's writer looks around
for each packet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.tls import Epoch

from h3producer.quic.aioquic.internals import NoQueue
from h3producer.quic.aioquic.packing import PackingConnection
from h3producer.quic.aioquic.turns import SendQueue

if TYPE_CHECKING:
    from aioquic.quic.connection import NetworkAddress, QuicReceiveContext
    from aioquic.quic.packet_builder import QuicDeliveryState
    from aioquic.quic.stream import QuicStream

    from h3producer.quic.aioquic.internals import Buffer

__all__ = ["AnnouncingConnection"]


class AnnouncingConnection(PackingConnection):
    """A QuicConnection that knows which of its streams to look at."""

    fast_path = False

    queue: SendQueue
    """Streams with data or a FIN to send that flow control may let out."""
    notices: dict[int, QuicStream]
    """Streams with MAX_STREAM_DATA, STOP_SENDING or RESET_STREAM to send, by id."""
    starved: dict[int, QuicStream]
    """Streams that wait for MAX_DATA or MAX_STREAMS, by id."""
    over: list[QuicStream]
    """Streams whose halves have both ended, to be discarded."""
    looks_around = False
    """Whether something may have changed without an announcement."""

    def start_fast_path(self) -> None:
        """Begin to listen; before the first stream."""
        self.fast_path = True
        self.queue = SendQueue(self.priorities)
        self.notices = {}
        self.starved = {}
        self.over = []
        self._streams_queue = NoQueue()

    # Announcements

    def has_data(self, stream: QuicStream) -> None:
        """There are bytes or a FIN to send, for the first time or again."""
        if self.fast_path:
            self.queue.add(stream)

    def has_notice(self, stream: QuicStream) -> None:
        """There is another frame about the stream to send."""
        if self.fast_path:
            assert stream.stream_id is not None
            self.notices[stream.stream_id] = stream

    def has_ended(self, stream: QuicStream) -> None:
        """One of the stream's halves is over, and perhaps both."""
        if self.fast_path and stream.receiver.is_finished and stream.sender.is_finished:
            self.over.append(stream)

    def forget_stream(self, stream_id: int) -> None:
        """The stream is discarded."""
        if self.fast_path:
            self.notices.pop(stream_id, None)
            self.starved.pop(stream_id, None)

    def set_priority(self, stream_id: int, urgency: int, incremental: bool) -> None:
        super().set_priority(stream_id, urgency, incremental)
        if self.fast_path:
            self.queue.priorities_changed()

    def look_around(self) -> None:
        """Ask every stream what it has to send."""
        self.looks_around = False
        for stream in self._streams.values():
            sender, receiver = stream.sender, stream.receiver
            self.has_ended(stream)
            if (
                sender.reset_pending
                or receiver.stop_pending
                or stream.max_stream_data_local != stream.max_stream_data_local_sent
            ):
                self.has_notice(stream)
            if not sender.buffer_is_empty:
                self.has_data(stream)

    def discard_streams(self) -> None:
        """Forget the streams that are over, and let the client open others in their place."""
        for stream in self.over:
            stream_id = stream.stream_id
            assert stream_id is not None
            if self._streams.get(stream_id) is stream:
                self._streams.pop(stream_id)
                if not stream_id & 1:
                    # RFC 9000 §4.6: limits follow what is closed, as aioquic has it.
                    self._stream_limit(stream_id).value += 1
        self.over.clear()

    # What the peer allows

    def _handle_max_stream_data_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        start = buf.tell()
        stream_id = buf.pull_uint_var()
        buf.seek(start)
        super()._handle_max_stream_data_frame(context, frame_type, buf)
        stream = self._streams.get(stream_id)
        if stream is not None and not stream.sender.buffer_is_empty:
            self.has_data(stream)

    def _handle_max_data_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        super()._handle_max_data_frame(context, frame_type, buf)
        self.feed_starved()

    def _unblock_streams(self, is_unidirectional: bool) -> None:
        super()._unblock_streams(is_unidirectional)
        self.feed_starved()

    def feed_starved(self) -> None:
        """There is new credit for the connection, so who waits for that asks again."""
        if self.fast_path and self.starved:
            for stream in self.starved.values():
                self.queue.add(stream)
            self.starved.clear()

    # aioquic's own writer

    def write_as_aioquic(self, now: float) -> list[tuple[bytes, NetworkAddress]]:
        """A flush by aioquic's own writer, which sees all streams and tells of none."""
        if not self.fast_path:
            return super().datagrams_to_send(now)
        first = self._packet_number
        self._streams_queue = list(self._streams.values())
        datagrams = super().datagrams_to_send(now)
        self._streams_queue = NoQueue()
        packets = self._spaces[Epoch.ONE_RTT].sent_packets if self._spaces else {}
        for number in reversed(packets):
            if number < first:
                break
            packets[number].delivery_handlers.append((self.foreign_packet_decided, ()))
        return datagrams

    def foreign_packet_decided(self, _delivery: QuicDeliveryState) -> None:
        """A packet that aioquic wrote was acknowledged or lost; who knows what was in it."""
        self.looks_around = True
