"""Whose turn it is to send: the order of the streams of one connection (RFC 9218 §10).

This file knows streams that have something to send, and what the client said about them. It
refuses to know what that is, and whether flow control lets it out.

Its one rule: who has nothing to send is not here, so an idle stream costs nothing.

| rank | who | in which order |
|---|---|---|
| 0 | our own streams: control and QPACK | in turns |
| 1 | who is at its beginning, if the client signals nothing at all | in turns |
| 2–9 | urgency 0–7 | those of one rank in turns; all that are not incremental share one |

A turn is a few packets. RFC 9218 §4.2: "Serving non-incremental responses with the same urgency
one by one, in the order in which those requests were generated, is considered to be the best
strategy." Of those and incremental ones at once it says nothing; here nobody starves.

A client that never signals, such as curl, has not decided that its download goes ahead of all that
it asks for later, though by the defaults of the RFC (urgency 3, not incremental) it would. Its
streams take turns, and each one's first bytes go ahead of the rest of others: a small response
passes any number of downloads, and no download loses more than that.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aioquic.quic.stream import QuicStream

__all__ = ["BEGINNING", "TURN_PACKETS", "Rank", "SendQueue"]

BEGINNING = 16 * 1024
"""Bytes of a stream that are its beginning: a response that a person waits for, without the
downloads; a dozen packets, about what any connection may send at once."""

TURN_PACKETS = 4
"""Packets of a turn. Fewer cost more time for each, more make the others wait longer."""

_OWN, _BEGINNING, _MOST_URGENT = 0, 1, 2
_DEFAULT = (3, False)


class Rank:
    """The streams of one rank that wait; `None` in the line is the turn that some share."""

    __slots__ = ("in_order", "line")

    def __init__(self) -> None:
        self.line: deque[QuicStream | None] = deque()
        self.in_order: list[tuple[int, QuicStream]] = []

    def __len__(self) -> int:
        return len(self.line) + max(0, len(self.in_order) - 1)

    def add(self, stream: QuicStream, is_in_turns: bool) -> None:
        if is_in_turns:
            self.line.append(stream)
            return
        if not self.in_order:
            self.line.append(None)
        assert stream.stream_id is not None
        heapq.heappush(self.in_order, (stream.stream_id, stream))

    def first(self) -> QuicStream:
        return self.line[0] or self.in_order[0][1]

    def take(self) -> QuicStream:
        stream = self.line.popleft()
        if stream is None:
            stream = heapq.heappop(self.in_order)[1]
            if self.in_order:
                self.line.append(None)
        return stream


class SendQueue:
    """The streams that have something to send."""

    def __init__(self, priorities: Mapping[int, tuple[int, bool]]) -> None:
        """`priorities` has urgency and "incremental" by id, of streams whose client said so."""
        self._priorities = priorities
        self._ranks: list[Rank | None] = [None] * (_MOST_URGENT + 8)
        """Made when somebody is of that rank: each takes a kilobyte, and most are never needed."""
        self.rank: Rank | None = None
        """That of the stream which was named last."""
        self._waiting: set[int] = set()
        self._is_signaled = False
        self._is_stale = False

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, stream: QuicStream) -> None:
        """The stream has something to send; a no-op if that is known."""
        stream_id = stream.stream_id
        assert stream_id is not None
        if stream_id not in self._waiting:
            self._waiting.add(stream_id)
            self._line_up(stream, stream_id)

    def first(self) -> QuicStream | None:
        """The stream whose turn it is, which stays in the queue; None if nobody waits."""
        if not self._waiting:
            return None
        if self._is_stale:
            self._line_up_all()
        for rank in self._ranks:
            if rank is not None and rank.line:
                self.rank = rank
                return rank.first()
        raise AssertionError("who waits stands in a line")

    def take(self) -> None:
        """The stream that `first` has named leaves the queue."""
        assert self.rank is not None
        stream = self.rank.take()
        assert stream.stream_id is not None
        self._waiting.discard(stream.stream_id)

    def priorities_changed(self) -> None:
        """The client has said something about a stream."""
        self._is_signaled = True
        self._is_stale = True

    def _line_up(self, stream: QuicStream, stream_id: int) -> None:
        number, is_in_turns = _MOST_URGENT + _DEFAULT[0], True
        if stream_id & 1:
            number = _OWN
        elif self._is_signaled:
            urgency, is_in_turns = self._priorities.get(stream_id, _DEFAULT)
            number = _MOST_URGENT + urgency
        elif stream.sender.highest_offset < BEGINNING:
            number = _BEGINNING
        rank = self._ranks[number]
        if rank is None:
            rank = self._ranks[number] = Rank()
        rank.add(stream, is_in_turns)

    def _line_up_all(self) -> None:
        """Put everybody where the client's last words want it, once for any number of words."""
        self._is_stale = False
        ranks = [rank for rank in self._ranks if rank is not None]
        waiting = [rank.take() for rank in ranks for _ in range(len(rank))]
        for stream in waiting:
            assert stream.stream_id is not None
            self._line_up(stream, stream.stream_id)
