"""Which response of a connection is wanted first: what is said of it, put together (RFC 9218).

This file knows who may have an opinion of a response and who wins. It refuses to know how a
priority is written (`wire/priority.py`) and what order follows from it: the transport does that.

Three may speak: the `priority` field of the request, PRIORITY_UPDATE frames, which may come before
the request, and the `priority` field of the response. Its one rule: of a stream of which nobody
has spoken nothing is kept and nothing is told, which is not the same as urgency 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.wire.priority import DEFAULT_URGENCY, Priority

if TYPE_CHECKING:
    from h3producer.http3.transport import QuicTransport

__all__ = ["Priorities"]


class _Opinions:
    """What was said of one stream."""

    __slots__ = ("client", "is_updated", "server")

    def __init__(self) -> None:
        self.client = self.server = Priority()
        self.is_updated = False


class Priorities(dict[int, _Opinions]):
    """The opinions on the streams of one connection, by stream id; false if there are none.

    Whoever opens and closes streams bounds it: an entry belongs to a stream that is open, or that
    its client may open any time.
    """

    def __init__(self, transport: QuicTransport) -> None:
        super().__init__()
        self._transport = transport

    def request_received(self, stream_id: int, priority: Priority) -> None:
        """The request says it."""
        opinions = self._of(stream_id)
        # RFC 9218 §7: "the most recently received PRIORITY_UPDATE frame can be considered as the
        # most up-to-date information that overrides any other signal."
        if not opinions.is_updated:
            opinions.client = priority
            self.tell(stream_id)

    def update_received(self, stream_id: int, priority: Priority) -> None:
        """A PRIORITY_UPDATE frame says it; `tell` when there is such a stream."""
        opinions = self._of(stream_id)
        opinions.client, opinions.is_updated = priority, True

    def response_started(self, stream_id: int, priority: Priority) -> None:
        """The application says it in its response."""
        self._of(stream_id).server = priority
        self.tell(stream_id)

    def tell(self, stream_id: int) -> None:
        """Tell the transport what comes of all that was said of an open stream, if anything was."""
        opinions = self.get(stream_id)
        if opinions is None:
            return
        # RFC 9218 §8: "The absence of a priority parameter in an HTTP response indicates the
        # server's disinterest in changing the client-provided value. This is different from the
        # request header field, in which omission of a priority parameter implies the use of their
        # default values".
        urgency, incremental = opinions.server
        if urgency is None:
            urgency = opinions.client.urgency
        if incremental is None:
            incremental = opinions.client.incremental
        if urgency is None:
            urgency = DEFAULT_URGENCY
        self._transport.set_priority(stream_id, urgency, bool(incremental))

    def _of(self, stream_id: int) -> _Opinions:
        opinions = self.get(stream_id)
        if opinions is None:
            opinions = self[stream_id] = _Opinions()
        return opinions
