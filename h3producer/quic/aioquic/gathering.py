"""What arrives of a stream in one turn, told in one piece.

An upload of a megabyte comes in 900 packets, and to hand on the 1,100 bytes of each took as long
as to decrypt it. This file knows what has arrived and is not told yet. It refuses to know packets
(`fast_reader.py`), and who decides that a turn is over.

Its one rule: only what continues a request waits, and never for longer than the turn. Its first
bytes, its end, and what comes on other streams are told at once, so that nothing starts later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from aioquic.quic import events
from aioquic.quic.connection import QuicConnection

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Arrived", "GatheringConnection"]

Arrived: TypeAlias = list[tuple[int, bytes, bool]]
"""Stream id, data in order, and whether the stream ends with it."""

_FROM_CLIENT_BOTH_WAYS = 0
"""The two low bits of a request stream's id (RFC 9000 §2.1)."""


class GatheringConnection(QuicConnection):
    """A QuicConnection that tells pieces of a request together."""

    gathered: dict[int, list[bytes]] | None = None
    """Pieces by stream, each stream's in order; made for connections that have an upload."""

    def data_arrived(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        """Data came in order. Called when its packet has been taken in."""
        raise NotImplementedError

    def gather(self, arrived: Iterable[tuple[int, bytes, bool]]) -> None:
        """Tell what arrived, or keep it until `tell_gathered`, which is to be called soon."""
        gathered = self.gathered
        for stream_id, data, end_stream in arrived:
            pieces = gathered.get(stream_id) if gathered else None
            if pieces is not None:
                pieces.append(data)
                if end_stream:
                    assert gathered is not None
                    del gathered[stream_id]
                    self.data_arrived(stream_id, b"".join(pieces), True)
            elif end_stream or not self.continues(stream_id, len(data)):
                self.data_arrived(stream_id, data, end_stream)
            else:
                if gathered is None:
                    gathered = self.gathered = {}
                gathered[stream_id] = [data]

    def continues(self, stream_id: int, size: int) -> bool:
        """Whether the last `size` bytes of the stream continue a request."""
        if stream_id & 3 != _FROM_CLIENT_BOTH_WAYS:
            return False
        return self._streams[stream_id].receiver.starting_offset() > size

    def tell_gathered(self) -> None:
        """Tell what was kept."""
        gathered, self.gathered = self.gathered, None
        for stream_id, pieces in (gathered or {}).items():
            self.data_arrived(stream_id, b"".join(pieces), False)

    def note_gathered(self) -> None:
        """Have aioquic tell what was kept, ahead of all that it notes from now on."""
        gathered, self.gathered = self.gathered, None
        for stream_id, pieces in (gathered or {}).items():
            data = b"".join(pieces)
            event = events.StreamDataReceived(data=data, end_stream=False, stream_id=stream_id)
            self._events.append(event)
