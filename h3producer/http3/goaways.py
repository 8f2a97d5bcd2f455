"""The GOAWAY frames of one connection: that it ends, and where.

This file knows the two of them. It refuses to know why it ends, and what becomes of requests.

Its one rule: the first is sent once, whoever asks for it, and before the last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.wire.frames import encode_goaway

if TYPE_CHECKING:
    from h3producer.http3.transport import QuicTransport

__all__ = ["Goaways"]

# RFC 9114 §5.2: a server that is about to stop says so with the largest request stream id there
# is. Kestrel's 2^62-1 is no such id.
_LARGEST_REQUEST_ID = (1 << 62) - 4


class Goaways:
    """Those on one control stream."""

    def __init__(self, transport: QuicTransport, control_stream: int) -> None:
        self._transport = transport
        self._control_stream = control_stream
        self._is_announced = False

    def announce(self) -> None:
        """Say that the end is near, unless that was said."""
        if not self._is_announced:
            self._is_announced = True
            self._send(_LARGEST_REQUEST_ID)

    def conclude(self, stream_id: int) -> None:
        """Say which request is the first that was not accepted."""
        self.announce()
        self._send(stream_id)

    def _send(self, stream_id: int) -> None:
        self._transport.send(self._control_stream, encode_goaway(stream_id))
