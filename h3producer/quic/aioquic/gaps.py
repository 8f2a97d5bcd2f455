"""How shredded a stream may be: what arrives behind gaps waits, and each gap costs time.

This file knows how many gaps a stream has. It refuses to know how many bytes wait behind them: flow
control bounds that. aioquic goes through all gaps of a stream for each frame that is not in order,
and 100,000 of them cost it minutes.

Its one rule: only a frame that may have made a gap is looked at, and only its own stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.connection import QuicConnection, QuicConnectionError
from aioquic.quic.packet import QuicErrorCode, QuicFrameType

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicReceiveContext

    from h3producer.quic.aioquic.internals import Buffer

__all__ = ["GapBoundConnection"]


class GapBoundConnection(QuicConnection):
    """A QuicConnection that closes on a peer who shreds a stream."""

    max_gaps = 64
    """Gaps that one stream may have at a time."""

    def _handle_stream_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        start = buf.tell()
        stream_id = buf.pull_uint_var()
        buf.seek(start)
        super()._handle_stream_frame(context, frame_type, buf)
        if len(self._streams[stream_id].receiver._ranges) > self.max_gaps:  # noqa: SLF001
            raise QuicConnectionError(
                error_code=QuicErrorCode.INTERNAL_ERROR,
                frame_type=QuicFrameType.PADDING,
                reason_phrase="Too many gaps",
            )
