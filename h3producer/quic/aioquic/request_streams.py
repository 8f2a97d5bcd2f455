"""A client's request stream, made with as little as it needs at first.

This file knows what aioquic's streams start with, and which of it most requests never use: a
request that comes in order needs no buffer and no ranges, nor does a response of which nothing is
lost. It refuses to know what streams are for: all else is aioquic's, which makes twelve objects for
a stream and sets thirty attributes.

Its one rule: what is not there yet looks as if it were there and empty.
"""

from __future__ import annotations

from aioquic.quic.packet_builder import QuicDeliveryState
from aioquic.quic.rangeset import RangeSet
from aioquic.quic.stream import QuicStream, QuicStreamReceiver, QuicStreamSender

__all__ = ["RequestStream"]

_ACKED = QuicDeliveryState.ACKED
"""Members of an enumeration are looked up in a roundabout way."""


class _Receiver(QuicStreamReceiver):
    highest_offset = 0
    is_finished = False
    stop_pending = False
    _buffer_start = 0
    _final_size = None
    _stop_error_code = None

    def __init__(self, stream_id: int) -> None:
        self._stream_id = stream_id

    def __getattr__(self, name: str) -> object:
        if name == "_buffer":
            self._buffer = bytearray()
        elif name == "_ranges":
            self._ranges = RangeSet()
        else:
            raise AttributeError(name)
        return self.__dict__[name]


class _Sender(QuicStreamSender):
    buffer_is_empty = True
    highest_offset = 0
    is_finished = False
    reset_pending = False
    _acked_fin = False
    _buffer_fin = None
    _buffer_start = 0
    _buffer_stop = 0
    _pending_eof = False
    _reset_error_code = None

    def __init__(self, stream_id: int) -> None:
        self._stream_id = stream_id
        self._buffer = bytearray()
        self._pending = RangeSet()

    def __getattr__(self, name: str) -> object:
        if name != "_acked":
            raise AttributeError(name)
        self._acked = RangeSet()
        return self._acked

    def on_data_delivery(
        self, delivery: QuicDeliveryState, start: int, stop: int, fin: bool
    ) -> None:
        acked = self.__dict__.get("_acked")
        if (
            delivery is not _ACKED
            or start != self._buffer_start
            or self._reset_error_code is not None
            or (acked is not None and len(acked))
        ):
            super().on_data_delivery(delivery, start, stop, fin)
            return
        # In order, so there is nothing to remember.
        self._buffer_start = stop
        del self._buffer[: stop - start]
        if fin:
            self._acked_fin = True
        if self._acked_fin and stop == self._buffer_fin:
            self.is_finished = True


class RequestStream(QuicStream):
    """A bidirectional stream that the peer opened."""

    def __init__(self, stream_id: int, limit: int, peer_limit: int) -> None:
        self.stream_id = stream_id
        self.max_stream_data_local = self.max_stream_data_local_sent = limit
        self.max_stream_data_remote = peer_limit
        self.is_blocked = False
        self.receiver = _Receiver(stream_id)
        self.sender = _Sender(stream_id)
