"""Which request streams there have been: the ids of one client's bidirectional streams.

This file knows that ids come out of order, each of them new once, and how far a client can have
got. It refuses to know what comes on a stream. Its one rule: an id is remembered only while a lower
one than the highest has not been seen.
"""

from __future__ import annotations

from h3producer.errors import ErrorCode, Http3ConnectionError

__all__ = ["RequestIds"]


class RequestIds:
    """The ids of the streams that one client has opened."""

    __slots__ = ("_max_streams", "_skipped", "next")

    def __init__(self, max_streams: int) -> None:
        """The transport lets the client have `max_streams` open at once."""
        self._max_streams = max_streams
        self._skipped: set[int] = set()
        self.next = 0
        """The first that is higher than all that have been seen."""

    def is_new(self, stream_id: int) -> bool:
        """Whether nothing has come on the stream yet; from now on something has.

        Raises Http3ConnectionError for more streams than a client can have.
        """
        if stream_id < self.next:
            # Streams may arrive out of order (RFC 9000 §2.1): a lower id is new once.
            if stream_id not in self._skipped:
                return False
            self._skipped.discard(stream_id)
        else:
            if stream_id > self.next:
                self._skip(range(self.next, stream_id, 4))
            self.next = stream_id + 4
        return True

    def has_begun(self, stream_id: int) -> bool:
        """Whether something has come on the stream."""
        return stream_id < self.next and stream_id not in self._skipped

    def is_possible(self, stream_id: int) -> bool:
        """Whether the transport can have allowed a stream with this id.

        It allows so many at once, and another for each that has ended, which has come before.
        """
        return stream_id < self.next + 4 * self._max_streams

    def _skip(self, stream_ids: range) -> None:
        """Remember the streams below a new one that have not been seen yet."""
        # RFC 9000 §2.1: "a stream ID that is used out of order results in all streams of that
        # type with lower-numbered stream IDs also being opened". So they count as open, and the
        # transport lets nobody have more than this: a bound for the day when it does.
        if len(self._skipped) + len(stream_ids) > self._max_streams:
            raise Http3ConnectionError(ErrorCode.H3_EXCESSIVE_LOAD, "too many streams were skipped")
        self._skipped.update(stream_ids)
