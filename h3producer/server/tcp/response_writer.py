"""The end of a response's way, over TCP: in the place of HTTP/3's frame writer.

This file knows the order head, content, trailers, end. It refuses to know how each is written
(`stream.py`) and who asks. Its one rule is that of the frame writer: a call that waits ends when
the connection has room again, and after `abort` or the end nothing more is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.http3.frame_writer import MAX_DATA_PAYLOAD, Http3FrameWriter
from h3producer.pipe.results import COMPLETED, FLUSHED

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from h3producer.http3.exchange import ExchangeContext
    from h3producer.pipe.results import FlushResult
    from h3producer.pipe.sequence import ReadOnlySequence
    from h3producer.server.tcp.stream import TcpStream
    from h3producer.wire.fields import Fields

__all__ = ["TcpResponseWriter"]


class TcpResponseWriter(Http3FrameWriter):
    """The sending half of one exchange."""

    __slots__ = ("_heads", "_spawn", "stream")

    def __init__(
        self,
        stream: TcpStream,
        context: ExchangeContext,
        spawn: Callable[[Coroutine[object, object, None]], None],
    ) -> None:
        """`spawn` runs what somebody who cannot wait has asked for."""
        super().__init__(stream.stream_id, context.transport, context.encoder)
        self.stream = stream
        self._spawn = spawn
        self._heads: list[Fields] = []
        """Those that leave with the next write."""

    def write_headers(self, fields: Fields) -> None:
        if not self._is_over:
            self._heads.append(fields)

    async def write_data(self, data: ReadOnlySequence) -> FlushResult:
        await self._write(data)
        return COMPLETED if self._is_over else FLUSHED

    def try_write_data(self, data: bytes) -> bool:
        return False

    def try_write_end(self, data: bytes) -> bool:
        return False

    async def write_end(
        self, data: ReadOnlySequence, trailers: Fields | None = None
    ) -> FlushResult:
        await self._write(data)
        if not self._is_over:
            self.is_completed = True
            await self.stream.write_end(trailers)
        return COMPLETED

    def write_empty_response(self, fields: Fields) -> None:
        if not self._is_over:
            self._heads.append(fields)
            self.is_completed = True
            self._spawn(self._write_empty_response())

    async def flush(self) -> FlushResult:
        if not self._is_over:
            await self._write_heads()
        return COMPLETED if self._is_over else FLUSHED

    def abort(self, error_code: int) -> None:
        if not self._is_over:
            self.is_aborted = True
            self._heads.clear()
            self.stream.cut(error_code)

    # Inside

    async def _write(self, data: ReadOnlySequence) -> None:
        if not self._is_over:
            await self._write_heads()
        while data.length and not self._is_over:
            piece = data.slice(0, min(MAX_DATA_PAYLOAD, data.length))
            await self.stream.write_body(piece.to_bytes())
            data = data.slice(piece.length)

    async def _write_heads(self) -> None:
        while self._heads:
            await self.stream.write_head(self._heads.pop(0))

    async def _write_empty_response(self) -> None:
        await self._write_heads()
        await self.stream.write_end(None)
