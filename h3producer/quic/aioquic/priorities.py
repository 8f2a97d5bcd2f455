"""What the client wants first: the priority of each stream, for whoever fills packets.

This file keeps what HTTP/3 says of a stream (RFC 9218 §4). It refuses to know what follows from
it: who builds packets looks it up. Its one rule: a stream without a signal does not stand here.
"""

from __future__ import annotations

from aioquic.quic.connection import QuicConnection

__all__ = ["PrioritizedConnection"]


class PrioritizedConnection(QuicConnection):
    """A QuicConnection that remembers which of its streams is urgent."""

    priorities: dict[int, tuple[int, bool]]
    """Urgency (0 first, 7 last) and whether the stream is of use in pieces, by stream id."""

    def set_priority(self, stream_id: int, urgency: int, incremental: bool) -> None:
        if stream_id in self._streams:
            self.priorities[stream_id] = (urgency, incremental)
