"""A client's end of a QUIC connection that gives flow-control credit only when it is told to.

This file knows aioquic's windows from the inside. It refuses to know HTTP/3. Its one rule: while
`gives_credit` is False neither MAX_DATA nor MAX_STREAM_DATA nor MAX_STREAMS leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.connection import QuicConnection

if TYPE_CHECKING:
    from aioquic.quic.packet_builder import QuicPacketBuilder
    from aioquic.quic.recovery import QuicPacketSpace
    from aioquic.quic.stream import QuicStream

__all__ = ["Creditor"]


class Creditor(QuicConnection):
    """A QUIC connection that grants credit only while `gives_credit`.

    aioquic doubles a window as soon as half of it is used, so this is where a reader that does
    not read has to be made.
    """

    gives_credit = True
    window: int | None = None
    """Bytes of a stream that the server may be ahead; None leaves that to aioquic."""

    def _write_connection_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace) -> None:
        if self.gives_credit:
            super()._write_connection_limits(builder, space)

    def _write_stream_limits(
        self, builder: QuicPacketBuilder, space: QuicPacketSpace, stream: QuicStream
    ) -> None:
        if not self.gives_credit:
            return
        if self.window is None or not stream.max_stream_data_local:
            super()._write_stream_limits(builder, space, stream)
            return
        receiver = stream.receiver
        highest, receiver.highest_offset = receiver.highest_offset, 0  # so that nothing doubles
        stream.max_stream_data_local = highest + self.window
        super()._write_stream_limits(builder, space, stream)
        receiver.highest_offset = highest

    def uploaded(self, stream_id: int) -> int:
        """Bytes that have left on this stream."""
        return self._streams[stream_id].sender.highest_offset

    def downloaded(self, stream_id: int) -> int:
        """Bytes of this stream that the server has sent, frame headers included."""
        return self._streams[stream_id].receiver.highest_offset
