"""The streams of the suite's client: what is written on them, and what came.

This file knows one stream at a time. It refuses to know when a server has answered (`peer.py`) and
what the octets mean (`inbox.py`). Its one rule: what is told to leave leaves at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.inbox import Cutter, ResponseReader
from tests.conformance.octets import Code

if TYPE_CHECKING:
    from tests.conformance.observed import Response
    from tests.conformance.peer import Peer

__all__ = ["Incoming", "Outgoing", "Stream"]

REMEMBERED = 4096
"""Octets of each stream that are kept, to tell what the client has agreed to."""


class Outgoing:
    """The client's half of a stream."""

    def __init__(self, peer: Peer, stream_id: int) -> None:
        self.peer = peer
        self.stream_id = stream_id
        self.stop_code: int | None = None
        """STOP_SENDING: the server reads no more."""
        self.said = bytearray()
        """The first `REMEMBERED` octets that were written."""

    def write(self, octets: bytes = b"", *, end: bool = False) -> None:
        """Octets, and with `end` the FIN; they leave at once, unless the server reads no more."""
        self.said += octets[: REMEMBERED - len(self.said)]
        if self.stop_code is None:
            self.peer.quic.send_stream_data(self.stream_id, octets, end)
        self.peer.transmit()

    def reset(self, code: int = Code.H3_REQUEST_CANCELLED) -> None:
        """RESET_STREAM."""
        self.peer.quic.reset_stream(self.stream_id, code)
        self.peer.transmit()


class Stream(Outgoing, ResponseReader):
    """A request stream."""

    def __init__(self, peer: Peer, stream_id: int) -> None:
        Outgoing.__init__(self, peer, stream_id)
        ResponseReader.__init__(self, stream_id, peer.sections)
        self.ended = False
        """FIN of the response."""
        self.reset_code: int | None = None
        """RESET_STREAM of the response."""

    @property
    def is_over(self) -> bool:
        """Nothing more comes back."""
        return self.ended or self.reset_code is not None or self.peer.close is not None

    def stop(self, code: int = Code.H3_REQUEST_CANCELLED) -> None:
        """STOP_SENDING, unless all has come."""
        if self.stream_id in self.peer.quic._streams:
            self.peer.quic.stop_stream(self.stream_id, code)
        self.peer.transmit()

    async def over(self) -> Response:
        """Wait for the end of the response, whatever it is."""
        await self.peer.until(lambda: self.is_over)
        return self.response


class Incoming:
    """A unidirectional stream of the server."""

    def __init__(self, stream_id: int) -> None:
        self.stream_id = stream_id
        self.kind: int | None = None
        self.frames: list[tuple[int, bytes]] = []
        """What came on the control stream."""
        self.cutter = Cutter()
        self.octets = bytearray()
        """All that came, its type among it."""
        self.ended = False
        self.reset_code: int | None = None
        self.was_stopped = False
        """We sent STOP_SENDING, upon which the server has to reset it (RFC 9000 §3.5)."""
