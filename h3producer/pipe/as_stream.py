"""A pipe end with the methods of asyncio's streams, for code that was written for those.

This file knows the shape: `PipeReaderStream` has `read`, `readexactly`, `at_eof` and `close`;
`PipeWriterStream` has `write`, `drain`, `close`, `is_closing` and `wait_closed`, each meaning
what it means in `asyncio.StreamReader` and `asyncio.StreamWriter`. It refuses to know which
pipe is below. Where a pipe would report `is_canceled` these raise `OperationCanceledError`,
since they have no result to say it with.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from h3producer.pipe.errors import (
    FLUSH_CANCELED,
    READ_CANCELED,
    STREAM_CLOSED,
    InvalidOperationError,
    OperationCanceledError,
)

if TYPE_CHECKING:
    from h3producer.pipe.results import FlushResult, ReadResult
    from h3producer.pipe.sequence import SequencePosition

__all__ = ["PipeReaderStream", "PipeWriterStream"]


class ReadingEnd(Protocol):
    """The part of `PipeReader` that is needed here."""

    async def read(self) -> ReadResult:
        """As `PipeReader.read`."""

    def advance_to(
        self, consumed: SequencePosition | None, examined: SequencePosition | None = None
    ) -> None:
        """As `PipeReader.advance_to`."""

    def complete(self) -> None:
        """As `PipeReader.complete`."""


class WritingEnd(Protocol):
    """The part of `PipeWriter` that is needed here."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """As `PipeWriter.write`."""

    async def flush(self) -> FlushResult:
        """As `PipeWriter.flush`."""

    def complete(self) -> None:
        """As `PipeWriter.complete`."""

    async def complete_async(self) -> None:
        """As `PipeWriter.complete_async`."""


class PipeReaderStream:
    """Reads a `PipeReader` as bytes objects (upstream `PipeReader.AsStream`).

    Cancelling the reading task loses no bytes. After `close`, reading raises
    `InvalidOperationError`.
    """

    __slots__ = ("_at_eof", "_closed", "_leave_open", "_reader")

    def __init__(self, reader: ReadingEnd, *, leave_open: bool = False) -> None:
        self._reader = reader
        self._leave_open = leave_open
        self._closed = False
        self._at_eof = False

    def at_eof(self) -> bool:
        """Whether a read has found the end."""
        return self._at_eof

    async def read(self, n: int = -1, /) -> bytes:
        """As soon as there are any, at most `n` bytes; all up to the end if negative.

        `b""` is the end, or what `n = 0` asked for.
        """
        if n < 0:
            return await self._read_all()
        if n == 0:
            return b""
        result = await self._read()
        return self._take(result, min(n, len(result.buffer)))

    async def readexactly(self, n: int, /) -> bytes:
        """Exactly `n` bytes; `asyncio.IncompleteReadError` with all there were at the end."""
        while True:
            result = await self._read()
            size = len(result.buffer)
            if size >= n:
                return self._take(result, n)
            if result.is_completed:
                raise asyncio.IncompleteReadError(self._take(result, size), n)
            self._reader.advance_to(result.buffer.start, result.buffer.end)

    def close(self) -> None:
        """No more reading; completes the reader, unless it is to be left open."""
        if not self._closed:
            self._closed = True
            if not self._leave_open:
                self._reader.complete()

    async def _read_all(self) -> bytes:
        while True:
            result = await self._read()
            if result.is_completed:
                return self._take(result, len(result.buffer))
            self._reader.advance_to(result.buffer.start, result.buffer.end)

    async def _read(self) -> ReadResult:
        if self._closed:
            raise InvalidOperationError(STREAM_CLOSED)
        result = await self._reader.read()
        if result.is_canceled:
            self._reader.advance_to(result.buffer.start)
            raise OperationCanceledError(READ_CANCELED)
        return result

    def _take(self, result: ReadResult, size: int) -> bytes:
        taken = result.buffer.slice(0, size)
        try:
            return taken.to_bytes()
        finally:
            self._at_eof = result.is_completed and size == len(result.buffer)
            self._reader.advance_to(taken.end)


class PipeWriterStream:
    """Writes bytes objects to a `PipeWriter` (upstream `PipeWriter.AsStream`).

    After `close`, writing raises `InvalidOperationError`.
    """

    __slots__ = ("_closed", "_leave_open", "_writer")

    def __init__(self, writer: WritingEnd, *, leave_open: bool = False) -> None:
        self._writer = writer
        self._leave_open = leave_open
        self._closed = False

    def write(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take the bytes; `drain` hands them on. Never waits."""
        if self._closed:
            raise InvalidOperationError(STREAM_CLOSED)
        self._writer.write(data)

    async def drain(self) -> None:
        """Flush, and wait for room (upstream flushes in each write).

        `BrokenPipeError` if the reader is complete, where upstream says nothing and lets the
        caller write on for ever.
        """
        if self._closed:
            raise InvalidOperationError(STREAM_CLOSED)
        result = await self._writer.flush()
        if result.is_canceled:
            raise OperationCanceledError(FLUSH_CANCELED)
        if result.is_completed:
            raise BrokenPipeError("The reader is complete; nobody reads what is written.")

    def close(self) -> None:
        """No more writing; completes the writer, unless it is to be left open."""
        if not self._closed:
            self._closed = True
            if not self._leave_open:
                self._writer.complete()

    def is_closing(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    async def wait_closed(self) -> None:
        """Wait, after `close`, until what lies below the writer is closed."""
        if not self._leave_open:
            await self._writer.complete_async()
