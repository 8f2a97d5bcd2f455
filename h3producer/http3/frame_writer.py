"""Values to frames on one stream: the last room before QUIC (Kestrel's Http3FrameWriter).

This file knows the order HEADERS, DATA, trailers, FIN and how frames are gathered, so that what
is known together leaves in one write. It refuses to know who asks and why: states stand in
`http3/state.py`, and the pump that calls it in `http3/output_producer.py`.

Its one rule: frames that need not leave yet wait in `_pending` and ride with the next write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.pipe.results import COMPLETED, FLUSHED
from h3producer.pipe.wakeup import Wakeup
from h3producer.wire.frames import encode_data_header

if TYPE_CHECKING:
    from h3producer.http3.field_encoder import FieldEncoder
    from h3producer.http3.transport import QuicTransport
    from h3producer.pipe.results import FlushResult
    from h3producer.pipe.sequence import ReadOnlySequence
    from h3producer.wire.fields import Fields

__all__ = ["MAX_DATA_PAYLOAD", "Http3FrameWriter"]

MAX_DATA_PAYLOAD = 16 * 1024
"""Bytes of a DATA frame. HTTP/3 has no maximum; 16 KiB is Kestrel's choice, and it bounds what
is handed to QUIC between two looks at the back-pressure."""

MAX_DATA_HEADER = 1 + 4
"""Bytes in front of as much payload."""


class Http3FrameWriter:
    """The sending half of one request stream.

    After `abort` or the end every write is a silent no-op whose result is `is_completed`.
    """

    __slots__ = (
        "_behind",
        "_encoder",
        "_pending",
        "_transport",
        "is_aborted",
        "is_completed",
        "stream_id",
    )

    def __init__(self, stream_id: int, transport: QuicTransport, encoder: FieldEncoder) -> None:
        self.stream_id = stream_id
        self._transport = transport
        self._encoder = encoder
        self._pending = b""
        self._behind: list[Wakeup] | None = None  # who waits behind a drain, while there is one
        self.is_completed = False
        """FIN was handed to QUIC."""
        self.is_aborted = False

    @property
    def _is_over(self) -> bool:
        return self.is_aborted or self.is_completed

    def write_headers(self, fields: Fields) -> None:
        """Add a HEADERS frame, final or interim, to what the next write sends.

        Raises FieldSectionTooLarge, and adds nothing, if the peer takes no section of that size.
        """
        if not self._is_over:
            self._pending += self._encoder.headers_frame(fields)

    async def write_data(self, data: ReadOnlySequence) -> FlushResult:
        """Send what is pending and `data` as DATA frames; wait until the stream has room.

        `is_completed` tells that nobody listens any more. Empty data makes no frame.
        """
        if data.length > MAX_DATA_PAYLOAD:
            data = await self._send_full_frames(data)
        await self._send_frame(data)
        return COMPLETED if self._is_over else FLUSHED

    def try_write_data(self, data: bytes) -> bool:
        """`write_data` of one frame at most, if it has room and need not wait; else do nothing."""
        if self._behind is not None or self.is_aborted or self.is_completed:
            return False
        size = len(self._pending) + len(data) + MAX_DATA_HEADER
        if len(data) > MAX_DATA_PAYLOAD or size >= self._transport.room(self.stream_id):
            return False
        frames = self._take_bytes(data)
        if frames:
            self._transport.send(self.stream_id, frames)
        return True

    def try_write_end(self, data: bytes) -> bool:
        """`write_end` of one frame at most and without trailers, which need not wait for room."""
        if self.is_aborted or self.is_completed or len(data) > MAX_DATA_PAYLOAD:
            return False
        self.is_completed = True
        self._transport.send(self.stream_id, self._take_bytes(data), end_stream=True)
        return True

    async def write_end(
        self, data: ReadOnlySequence, trailers: Fields | None = None
    ) -> FlushResult:
        """Send what is pending, the last `data`, the trailers and FIN.

        FIN rides with the last frame, and whatever fits the last frame's write is one write.
        Waits for room only between frames: nothing follows that would have to be held back.
        The result is always `is_completed`. Raises FieldSectionTooLarge, before anything is
        sent, if the peer refuses the trailers.
        """
        if self._is_over:
            return COMPLETED
        suffix = self._encoder.headers_frame(trailers) if trailers else b""
        if data.length > MAX_DATA_PAYLOAD:
            data = await self._send_full_frames(data)
            if self._is_over:
                return COMPLETED
        self.is_completed = True
        self._transport.send(self.stream_id, self._take(data) + suffix, end_stream=True)
        return COMPLETED

    def write_empty_response(self, fields: Fields) -> None:
        """Send what is pending, a final HEADERS frame and FIN, without waiting for room.

        Raises FieldSectionTooLarge, and sends nothing, as `write_headers` does.
        """
        self.write_headers(fields)
        if not self._is_over:
            pending, self._pending = self._pending, b""
            self.is_completed = True
            self._transport.send(self.stream_id, pending, end_stream=True)

    async def flush(self) -> FlushResult:
        """Send what is pending; wait until the stream has room."""
        if not self._is_over:
            if self._pending:
                pending, self._pending = self._pending, b""
                self._transport.send(self.stream_id, pending)
            await self._drain()
        return COMPLETED if self._is_over else FLUSHED

    def abort(self, error_code: int) -> None:
        """RESET_STREAM; what is pending is dropped. A no-op once FIN was handed over.

        Upstream resets behind the FIN too; on a real network that may overtake and drop a
        response which is complete. Each response ends with exactly one FIN or one reset.
        """
        if not self._is_over:
            self.is_aborted = True
            self._pending = b""
            self._transport.reset(self.stream_id, error_code)

    async def _send_full_frames(self, data: ReadOnlySequence) -> ReadOnlySequence:
        """Send all that does not fit the last frame; return what does, unless it is over."""
        while data.length > MAX_DATA_PAYLOAD and not self._is_over:
            await self._send_frame(data.slice(0, MAX_DATA_PAYLOAD))
            data = data.slice(MAX_DATA_PAYLOAD)
        return data

    async def _send_frame(self, data: ReadOnlySequence) -> None:
        if self._is_over:
            return
        self._send(self._take(data))
        del data  # who waits for room holds no copy
        await self._drain()

    def _send(self, frames: bytes) -> None:
        if frames:
            self._transport.send(self.stream_id, frames)

    async def _drain(self) -> None:
        """Wait for room. A stream has one drain at a time, but an interim response may still wait
        for room when the response itself begins: who comes second waits behind the first."""
        while self._behind is not None:
            wakeup = Wakeup()
            self._behind.append(wakeup)
            await wakeup
        self._behind = []
        try:
            await self._transport.drain(self.stream_id)
        finally:
            behind, self._behind = self._behind, None
            for wakeup in behind:
                wakeup.wake()

    def _take(self, data: ReadOnlySequence) -> bytes:
        """What is pending and `data` as one DATA frame, joined: one copy, into one write."""
        pending, self._pending = self._pending, b""
        length = data.length
        if not length:
            return pending
        return b"".join((pending, encode_data_header(length), *data.segments))

    def _take_bytes(self, data: bytes) -> bytes:
        """`_take` of data that is one piece."""
        pending, self._pending = self._pending, b""
        if not data:
            return pending
        return b"".join((pending, encode_data_header(len(data)), data))

    def __repr__(self) -> str:
        state = "aborted" if self.is_aborted else "completed" if self.is_completed else "open"
        return f"<Http3FrameWriter {self.stream_id} {state}>"
