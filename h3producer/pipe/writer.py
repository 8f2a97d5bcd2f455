"""The writing end as a contract, with what every writer can do on top of it.

This file knows what callers may rely on. It refuses to know where the bytes go: a `Pipe`, a
stream, or a wrapper of either implements the abstract methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Protocol

from h3producer.pipe.as_stream import PipeWriterStream

if TYPE_CHECKING:
    from h3producer.pipe.options import StreamPipeWriterOptions
    from h3producer.pipe.results import FlushResult
    from h3producer.pipe.streams import WritableStream

__all__ = ["PipeWriter"]


class CreateWriter(Protocol):
    """What `PipeWriter.create` is."""

    def __call__(
        self, stream: WritableStream, options: StreamPipeWriterOptions = ...
    ) -> PipeWriter:
        """A writer to this stream."""


class PipeWriter(ABC):
    """Takes bytes without waiting, and hands them on, perhaps waiting, at each flush.

    One owner, one flush at a time. A cancellation token of upstream is here the cancellation
    of the awaiting task: `CancelledError` is raised where the flush waited, the writer stays
    usable, and the bytes stay committed. A flush that need not wait does not notice it.
    """

    __slots__ = ()

    create: ClassVar[CreateWriter]
    """A writer to an asyncio or file-like stream. Set by `stream_writer.py`, which explains it."""

    @abstractmethod
    def get_memory(self, size_hint: int = 0) -> memoryview:
        """Writable memory of at least `size_hint` bytes, never empty; then call `advance`.

        Don't count on the size or on the same memory again. It ends at the next `advance` and
        when a larger piece is asked for: using it then raises `ValueError`.
        `ValueError` for a negative hint, `InvalidOperationError` after `complete`.
        """

    @abstractmethod
    def advance(self, count: int) -> None:
        """Say that `count` bytes of the memory are filled; they wait for a flush.

        `ValueError` if that is negative or more than there was.
        """

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append `data`; it waits for a flush. Never waits and never refuses.

        A writer may keep a reference to `bytes`; anything mutable is copied.
        `InvalidOperationError` after `complete`.
        """
        rest = memoryview(data).cast("B")
        while rest:
            memory = self.get_memory()
            size = min(len(memory), len(rest))
            memory[:size] = rest[:size]
            self.advance(size)
            rest = rest[size:]

    @abstractmethod
    async def flush(self) -> FlushResult:
        """Hand on what was written, and wait while the other side has too much of it.

        The bytes are committed before it waits, so they are delivered whatever it reports.
        `is_completed` says that nobody reads any more: stop writing. Raises the reader's error
        if it completed with one, `InvalidOperationError` if another flush waits.
        """

    def publish(self) -> None:
        """The half of `flush` that never waits: commit what was written and wake the reader.

        For a writer that something else holds back, as flow control does a request body.
        `NotImplementedError` if a writer can't hand on without waiting.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot publish without waiting")

    async def write_async(self, data: bytes | bytearray | memoryview) -> FlushResult:
        """`write`, then `flush` (upstream `WriteAsync`)."""
        self.write(data)
        return await self.flush()

    @abstractmethod
    def cancel_pending_flush(self) -> None:
        """Make the waiting flush, or else the next one, return at once with `is_canceled`."""

    @abstractmethod
    def complete(self, error: BaseException | None = None) -> None:
        """No more bytes; the first call wins. What was written and not flushed is still sent.

        The reader reads the rest and then the end, or gets `error` at once.
        """

    async def complete_async(self, error: BaseException | None = None) -> None:
        """`complete`, and wait until what lies below has taken everything."""
        self.complete(error)

    @property
    def unflushed_bytes(self) -> int:
        """Bytes written since the last flush. `NotImplementedError` if a writer can't say."""
        raise NotImplementedError(f"{type(self).__name__} does not count unflushed bytes")

    def as_stream(self, *, leave_open: bool = False) -> PipeWriterStream:
        """This writer with the methods of an `asyncio.StreamWriter`; see `as_stream.py`.

        Closing the stream completes the writer, unless `leave_open`.
        """
        return PipeWriterStream(self, leave_open=leave_open)
