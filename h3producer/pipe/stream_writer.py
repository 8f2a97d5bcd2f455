"""A stream as a `PipeWriter` (upstream `PipeWriter.Create(Stream)`).

This file knows the pump that carries bytes from a pipe inside to the stream. It refuses to
know what a stream is (`streams.py`) or how a writer behaves: the pipe does all that, with
pause threshold 1, so that a flush waits until the stream has taken everything.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h3producer.pipe.options import PipeOptions, StreamPipeWriterOptions
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.streams import Sink, WritableStream
from h3producer.pipe.wakeup import start_inline
from h3producer.pipe.writer import PipeWriter

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from h3producer.pipe.reader import PipeReader
    from h3producer.pipe.results import FlushResult

__all__ = ["StreamPipeWriter"]

DEFAULT_OPTIONS = StreamPipeWriterOptions()


class StreamPipeWriter(PipeWriter):
    """Writes to an asyncio or file-like stream. Get one with `PipeWriter.create`.

    `flush` returns when the stream has taken the bytes and has room for more. A flush that is
    cancelled, either way, gives up waiting; its bytes are still written. An exception of the
    stream is raised by that flush and every later one. `complete` writes the rest in the
    background (nothing of it after an error) and closes the stream; `complete_async` waits for
    that and raises what went wrong.
    """

    __slots__ = ("_leave_open", "_pump", "_sink", "_writer")

    def __init__(
        self, stream: WritableStream, options: StreamPipeWriterOptions = DEFAULT_OPTIONS
    ) -> None:
        pipe = Pipe(
            PipeOptions(pause_writer_threshold=1, minimum_segment_size=options.minimum_buffer_size)
        )
        self._writer = pipe.writer
        self._sink = Sink.of(stream)
        self._leave_open = options.leave_open
        self._pump = start_inline(self._carry(pipe.reader))

    @property
    def unflushed_bytes(self) -> int:
        return self._writer.unflushed_bytes

    def get_memory(self, size_hint: int = 0) -> memoryview:
        return self._writer.get_memory(size_hint)

    def advance(self, count: int) -> None:
        self._writer.advance(count)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._writer.write(data)

    def publish(self) -> None:
        self._writer.publish()

    async def flush(self) -> FlushResult:
        return await self._writer.flush()

    def cancel_pending_flush(self) -> None:
        self._writer.cancel_pending_flush()

    def complete(self, error: BaseException | None = None) -> None:
        self._writer.complete(error)

    async def complete_async(self, error: BaseException | None = None) -> None:
        self._writer.complete(error)
        failure = await self._pump
        if failure is not None:
            raise failure

    async def _carry(self, reader: PipeReader) -> Exception | None:
        """The pump; gives what the stream raised, so that it is never an unseen failure."""
        failure = None
        while failure is None:
            try:
                result = await reader.read()
            except (Exception, asyncio.CancelledError):
                break  # our own complete(error): what is left is not written
            if result.buffer:
                failure = await failure_of(self._sink.write(result.buffer.segments))
            if failure is None:
                reader.advance_to(result.buffer.end)
            if result.is_completed:
                break
        reader.complete(failure)
        closing = None if self._leave_open else await failure_of(self._sink.close())
        return failure or closing


async def failure_of(step: Awaitable[None]) -> Exception | None:
    """What `step` raised."""
    try:
        await step
    except Exception as error:
        return error
    return None


PipeWriter.create = StreamPipeWriter
