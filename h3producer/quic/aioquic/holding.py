"""What we hold of a connection's streams, and when we let go of it.

This file knows buffers that nobody needs any more, and credit for what was in them. It refuses to
know who reads and writes (`connection.py`), and the sums (`quic/credit.py`).

Its one rule: what will never be sent or delivered is let go of at once, not when the peer says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.quic.aioquic.path_mtu import PathMtuConnection

if TYPE_CHECKING:
    from aioquic.quic.stream import QuicStream

    from h3producer.quic.credit import ConnectionCredit

__all__ = ["SLACK", "HoldingConnection"]

SLACK = 4096
"""Bytes of a send buffer beyond what is in it that are left alone."""


class HoldingConnection(PathMtuConnection):
    """A QuicConnection that holds no more than it needs."""

    has_news = False
    """Whether a verb left something to send since the last flush."""
    credit: ConnectionCredit

    def announce(self, limit: int) -> None:
        """A new MAX_DATA goes with the next packet."""
        self._local_max_data.value = limit
        self.has_news = True

    def stream_discarded(self, stream_id: int, stream: QuicStream) -> None:
        """aioquic forgets the stream: both halves are finished and acknowledged."""
        self.credit.stream_discarded(stream_id, stream.receiver.highest_offset)
        self.priorities.pop(stream_id, None)
        self.forget_stream(stream_id)

    def tidy(self) -> int:
        """Give back what send buffers have grown by, to be called now and then; return the bytes.

        A bytearray that is added to at one end and taken from at the other is up to twice as large
        as what is in it. While data flows that saves time.
        """
        freed = 0
        for stream in self._streams.values():
            buffer = stream.sender._buffer  # noqa: SLF001
            slack = buffer.__alloc__() - len(buffer)
            if slack > SLACK:
                freed += slack
                stream.sender._buffer = bytearray(buffer)  # noqa: SLF001
        return freed

    def free_send_buffer(self, stream: QuicStream) -> None:
        """Nothing of a stream that was reset is sent again, but that it was."""
        if stream.sender.reset_pending:
            stream.sender._buffer.clear()  # noqa: SLF001
            self.has_notice(stream)

    def free_receive_buffer(self, stream_id: int) -> None:
        """What waited behind a gap when the peer reset the stream will never be delivered."""
        stream = self._streams[stream_id]
        receiver = stream.receiver
        self.credit.stream_reset(stream_id, receiver.starting_offset(), receiver.highest_offset)
        receiver._buffer.clear()  # noqa: SLF001
        self.has_ended(stream)
