"""Flow-control credit: how far a peer may send, from what the application consumed.

This file knows one sum, limit = consumed + window, and what "consumed" means for a stream that
nobody reads. It refuses to know frames and libraries: ids and byte counts go in, limits come out
(RFC 9000 §4.1: MAX_STREAM_DATA and MAX_DATA).

Its one rule: what a peer has sent, or claims to have sent, never moves a limit. So a window
bounds what one peer can make us hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ConnectionCredit", "ReceiveCredit"]


class ReceiveCredit:
    """The credit of one stream or one connection, in bytes.

    `limit` is what to announce: it starts as one window and follows `consumed` in steps of a
    quarter of the window. Smaller steps cost a frame each; larger ones make a sender wait a round
    trip for its credit.
    """

    __slots__ = ("_step", "consumed", "limit", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        self.consumed = 0
        self.limit = window
        self._step = max(1, window // 4)

    def consume(self, count: int) -> bool:
        """Count bytes as consumed; return whether `limit` moved and wants to be announced."""
        consumed = self.consumed = self.consumed + count
        reach = consumed + self.window
        if reach - self.limit < self._step:
            return False
        self.limit = reach
        return True


class ConnectionCredit:
    """The credit of a connection and of all its streams.

    A byte is consumed for its stream when the application consumed it. For the connection it is
    also consumed when nobody ever will: on a stream that we stopped, once it was delivered, so
    that what lies behind a gap still counts; on one that the peer reset, or that is over on both
    sides, up to its final size. `announce` hears each new MAX_DATA.
    """

    def __init__(self, window: int, stream_window: int, announce: Callable[[int], None]) -> None:
        self._connection = ReceiveCredit(window)
        self._announce = announce
        self._stream_window = stream_window
        self._streams: dict[int, ReceiveCredit] = {}
        self._stopped: set[int] = set()

    def data_delivered(self, stream_id: int, offset: int) -> bool:
        """Bytes arrived in order, up to `offset`; return whether anybody wants them."""
        if stream_id not in self._stopped:
            return True
        self._abandon(stream_id, offset)
        return False

    def consume(self, stream_id: int, count: int, offset: int) -> int:
        """The application consumed `count` of the bytes delivered up to `offset`.

        Return what to announce as MAX_STREAM_DATA. More than was delivered counts for nothing.
        """
        stream = self._stream(stream_id)
        wanted = offset - stream.consumed
        if count > wanted:
            count = wanted
        if count > 0:
            stream.consume(count)
            if self._connection.consume(count):
                self._announce(self._connection.limit)
        return stream.limit

    def stop(self, stream_id: int, offset: int) -> bool:
        """We want no more of the stream, delivered up to `offset`; return whether that is new."""
        if stream_id in self._stopped:
            return False
        self._stopped.add(stream_id)
        self._abandon(stream_id, offset)
        return True

    def stream_reset(self, stream_id: int, offset: int, final_size: int) -> None:
        """The peer reset the stream, delivered up to `offset`; what was missing never comes."""
        self._abandon(stream_id, final_size)

    def stream_discarded(self, stream_id: int, final_size: int) -> None:
        """Both halves of the stream are over, so it is forgotten."""
        stream = self._streams.pop(stream_id, None)
        missing = final_size - (0 if stream is None else stream.consumed)
        if missing:
            self._consume(missing)
        self._stopped.discard(stream_id)

    def _abandon(self, stream_id: int, offset: int) -> None:
        """Credit the connection, and not the stream, with everything up to `offset`."""
        stream = self._stream(stream_id)
        self._consume(offset - stream.consumed)
        stream.consumed = offset

    def _consume(self, count: int) -> None:
        if count and self._connection.consume(count):
            self._announce(self._connection.limit)

    def _stream(self, stream_id: int) -> ReceiveCredit:
        stream = self._streams.get(stream_id)
        if stream is None:
            stream = self._streams[stream_id] = ReceiveCredit(self._stream_window)
        return stream
