"""The reading end as a contract, with what every reader can do on top of it.

This file knows what callers may rely on. It refuses to know where the bytes come from: a
`Pipe`, a stream, or a wrapper of either implements the five abstract methods.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Protocol

from h3producer.pipe.as_stream import PipeReaderStream
from h3producer.pipe.errors import FLUSH_CANCELED, READ_CANCELED, OperationCanceledError
from h3producer.pipe.options import StreamPipeWriterOptions
from h3producer.pipe.writer import PipeWriter

if TYPE_CHECKING:
    from h3producer.pipe.options import StreamPipeReaderOptions
    from h3producer.pipe.results import ReadResult
    from h3producer.pipe.sequence import ReadOnlySequence, SequencePosition
    from h3producer.pipe.streams import ReadableStream, WritableStream

__all__ = ["PipeReader"]

LEAVE_OPEN = StreamPipeWriterOptions(leave_open=True)


class CreateReader(Protocol):
    """What `PipeReader.create` is."""

    def __call__(
        self, stream: ReadableStream, options: StreamPipeReaderOptions = ...
    ) -> PipeReader:
        """A reader of this stream."""


class PipeReader(ABC):
    """Gives bytes as they come, and takes them back when told how far they were used.

    One owner, one read at a time: after each read comes one `advance_to`. A cancellation token
    of upstream is here the cancellation of the awaiting task: `CancelledError` is raised where
    the read waited, the pipe stays usable, no byte is lost, and a later read starts afresh. A
    read that need not wait does not notice a cancellation; the task's next wait does.
    """

    __slots__ = ()

    create: ClassVar[CreateReader]
    """A reader of an asyncio or file-like stream. Set by `stream_reader.py`, which explains it."""

    @abstractmethod
    async def read(self) -> ReadResult:
        """Everything that is there and not consumed; waits until some of it is unexamined.

        Does not wait, or stops waiting, when the writer is complete and after
        `cancel_pending_read`. Raises the writer's error if it completed with one, and
        `InvalidOperationError` if the last read was not advanced, if another read waits, and
        after `complete`.
        """

    @abstractmethod
    def try_read(self) -> ReadResult | None:
        """What `read` would return without waiting, or `None`, after which nothing is open."""

    @abstractmethod
    def advance_to(
        self, consumed: SequencePosition | None, examined: SequencePosition | None = None
    ) -> None:
        """End the read: bytes before `consumed` are done with, those before `examined` seen.

        The buffer of the read must not be used any more. The next read waits for bytes after
        `examined`; if that is before the end, it returns at once. `examined` defaults to
        `consumed`, or to what was examined before if that is further. It may be less than
        before. `None` for both ends the read and moves nothing.
        """

    @abstractmethod
    def cancel_pending_read(self) -> None:
        """Make the waiting read, or else the next one, return at once with `is_canceled`."""

    @abstractmethod
    def complete(self, error: BaseException | None = None) -> None:
        """Stop reading for good; the first call wins.

        The writer's flushes report it, or raise `error`. Bytes not consumed are dropped.
        """

    async def complete_async(self, error: BaseException | None = None) -> None:
        """`complete`, and wait until what lies below is closed."""
        self.complete(error)

    async def read_at_least(self, minimum: int) -> ReadResult:
        """Like `read`, but waits until `minimum` unexamined bytes are there.

        Fewer come only with `is_completed` or `is_canceled`. A writer that waits for room is
        released as long as the bytes do not suffice. `ValueError` for a negative number.
        """
        if minimum < 0:
            raise ValueError(f"minimum must not be negative: {minimum}")
        while True:
            result = await self.read()
            buffer = result.buffer
            if len(buffer) >= minimum or result.is_completed or result.is_canceled:
                return result
            self.advance_to(buffer.start, buffer.end)

    async def copy_to(self, destination: PipeWriter | WritableStream) -> None:
        """Write everything that comes to `destination`, until one of the two is complete.

        Completes neither. What the destination has taken is consumed, also if the copying task
        is cancelled. If the destination raises, the piece it refused and all after it are not
        consumed and can be read again. `OperationCanceledError` after `cancel_pending_read`
        here or `cancel_pending_flush` there.
        """
        if not isinstance(destination, PipeWriter):
            writer = PipeWriter.create(destination, LEAVE_OPEN)
            try:
                await self.copy_to(writer)
            finally:
                await writer.complete_async()
            return
        goes_on = True
        while goes_on:
            result = await self.read()
            if result.is_canceled:
                self.advance_to(result.buffer.start)
                raise OperationCanceledError(READ_CANCELED)
            goes_on = await self._copy(result.buffer, destination) and not result.is_completed

    async def _copy(self, buffer: ReadOnlySequence, destination: PipeWriter) -> bool:
        """Whether the destination wants more."""
        taken = 0
        try:
            for piece in buffer.segments:
                size = len(piece)
                try:
                    flushed = await destination.write_async(piece)
                except asyncio.CancelledError:
                    taken += size  # committed before the wait that was cancelled
                    raise
                taken += size
                if flushed.is_canceled:
                    raise OperationCanceledError(FLUSH_CANCELED)
                if flushed.is_completed:
                    return False
        finally:
            self.advance_to(buffer.get_position(taken))
        return True

    def as_stream(self, *, leave_open: bool = False) -> PipeReaderStream:
        """This reader with the methods of an `asyncio.StreamReader`; see `as_stream.py`.

        Closing the stream completes the reader, unless `leave_open`.
        """
        return PipeReaderStream(self, leave_open=leave_open)
