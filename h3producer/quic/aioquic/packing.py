"""What goes into a packet, where aioquic decides otherwise: credit, full packets, the order.

This file knows the hooks that aioquic calls for each frame while it builds a packet. It refuses
to know who reads and writes streams (`connection.py`), and how much credit there is.

Its one rule: a hook may leave a frame to a later packet, and never raises before aioquic has
counted what the packet holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.connection import STOP_SENDING_FRAME_CAPACITY

from h3producer.quic.aioquic.migration import MigratingConnection
from h3producer.quic.aioquic.priorities import PrioritizedConnection

if TYPE_CHECKING:
    from aioquic.quic.packet_builder import QuicPacketBuilder
    from aioquic.quic.recovery import QuicPacketSpace
    from aioquic.quic.stream import QuicStream

__all__ = ["SMALLEST_STREAM_FRAME", "PackingConnection"]

SMALLEST_STREAM_FRAME = 20
"""Bytes left in a packet below which a STREAM frame is not worth its header, of 19 at most."""


class PackingConnection(MigratingConnection, PrioritizedConnection):
    """A QuicConnection that announces the credit it is told to, and ends before it stops."""

    def _write_connection_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace) -> None:
        limit = self._local_max_data
        used, limit.used = limit.used, 0  # so that the doubling rule never fires
        try:
            super()._write_connection_limits(builder, space)
        finally:
            limit.used = used

    def _write_stream_limits(
        self, builder: QuicPacketBuilder, space: QuicPacketSpace, stream: QuicStream
    ) -> None:
        if stream.max_stream_data_local_sent == stream.max_stream_data_local:
            return
        receiver = stream.receiver
        highest, receiver.highest_offset = receiver.highest_offset, 0
        try:
            super()._write_stream_limits(builder, space, stream)
        finally:
            receiver.highest_offset = highest

    def _write_stream_frame(
        self,
        builder: QuicPacketBuilder,
        space: QuicPacketSpace,
        stream: QuicStream,
        max_offset: int,
    ) -> int:
        # aioquic asks each stream that has data, for each packet, also when the packet is full.
        if builder.remaining_flight_space < SMALLEST_STREAM_FRAME:
            return 0
        used = super()._write_stream_frame(builder, space, stream, max_offset)
        if (
            stream.receiver.stop_pending
            and builder.remaining_flight_space >= STOP_SENDING_FRAME_CAPACITY
        ):
            self._write_stop_sending_frame(builder, stream)
        return used

    def _write_stop_sending_frame(self, builder: QuicPacketBuilder, stream: QuicStream) -> None:
        # aioquic would write it ahead of the stream's data, but clients (quiche) take it for the
        # end of the exchange. RFC 9114 §4.1: "... send a complete response, and cleanly close
        # the sending part of the stream". So it waits for the FIN, if one is to come.
        sender = stream.sender
        if sender.buffer_is_empty or not sender._pending_eof:  # noqa: SLF001
            super()._write_stop_sending_frame(builder, stream)
