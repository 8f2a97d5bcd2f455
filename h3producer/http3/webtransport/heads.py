"""Streams that have not said yet whether they are a session's.

This file knows the head of a data stream, a type and a session id, however it is cut. It refuses to
know what becomes of the stream. Its one rule: a stream that begins with anything else is given
back, with every byte that it began with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.wire.varint import pull_varint
from h3producer.wire.webtransport import (
    BIDIRECTIONAL_SIGNAL,
    UNIDIRECTIONAL_TYPE,
    pull_stream_head,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["StreamHeads"]


class StreamHeads:
    """The undecided streams of one connection: 16 bytes of each at most, and QUIC bounds how many
    a client can have open."""

    def __init__(self) -> None:
        self._held: dict[int, bytes] = {}
        self._since: dict[int, float] = {}
        self.size_of_last = 0
        """Bytes of the head that was complete last."""

    def feed(self, stream_id: int, data: bytes) -> tuple[int | None, bytes] | None:
        """Take the next bytes of a stream.

        Returns a session's id and what follows the head; or None and all bytes so far, of a stream
        that is no session's; or None while nobody can tell.
        """
        first = UNIDIRECTIONAL_TYPE if stream_id & 2 else BIDIRECTIONAL_SIGNAL
        data = self._held.pop(stream_id, b"") + data
        kind = pull_varint(data, 0)
        if kind is not None and kind[0] != first:
            return None, data
        head = pull_stream_head(data)
        if head is None:
            self._held[stream_id] = data
            return None
        self.size_of_last = head[2]
        return head[1], data[head[2] :]

    def give_back(self, stream_id: int) -> bytes | None:
        """All bytes of a stream that is not waited for any more; None if it was not waited for."""
        return self._held.pop(stream_id, None)

    def late(self, now: float, limit: float) -> Iterator[int]:
        """Streams that have been undecided for more than `limit` seconds.

        To be called once in a while; a stream's time begins with the first call that sees it.
        """
        since = self._since
        self._since = {each: since.get(each, now) for each in self._held}
        yield from [each for each, then in self._since.items() if now - then > limit]
