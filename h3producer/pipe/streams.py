"""How to read from and write to somebody else's stream without stopping the event loop.

This file knows three kinds of byte streams: asynchronous ones (`async def read`, or `write`
with `async def drain`: asyncio's streams and `as_stream()`), `io.BytesIO`, which never blocks,
and all other file-like objects, which may block and therefore run in a thread while a loop
runs. It refuses to know what a pipe is. Its one rule: what a thread has begun is waited for,
never abandoned, so that no byte is lost and no file is closed under a reader.
"""

from __future__ import annotations

import asyncio
import inspect
import io
from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeGuard, TypeVar, cast

from h3producer.pipe.as_stream import PipeReaderStream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from h3producer.pipe.sequence import Segment

__all__ = ["ReadableStream", "Sink", "Source", "WritableStream"]

R = TypeVar("R")


class AsyncReadable(Protocol):
    """What has `async def read`, like `asyncio.StreamReader`."""

    async def read(self, n: int = ..., /) -> bytes:
        """At most `n` bytes, `b""` at the end."""


class BlockingReadable(Protocol):
    """What has a plain `read`, like a file opened with `"rb"`."""

    def read(self, n: int = ..., /) -> bytes | None:
        """At most `n` bytes, `b""` at the end."""


class AsyncWritable(Protocol):
    """What has `write` and `async def drain`, like `asyncio.StreamWriter`."""

    def write(self, data: bytes, /) -> object:
        """Take the bytes."""

    async def drain(self) -> object:
        """Wait for room."""


class BlockingWritable(Protocol):
    """What has plain `write` and `flush`, like a file opened with `"wb"`."""

    def write(self, data: Segment, /) -> int | None:
        """Take the bytes, or some of them, and say how many."""

    def flush(self) -> object:
        """Hand on what was taken."""


ReadableStream: TypeAlias = AsyncReadable | BlockingReadable
WritableStream: TypeAlias = AsyncWritable | BlockingWritable


class Source(ABC):
    """Reads one stream."""

    __slots__ = ()

    can_be_canceled: bool
    """Whether a pending `read` may be cancelled without losing bytes."""

    @abstractmethod
    async def read(self, size: int) -> bytes:
        """Some bytes, at most `size`; `b""` at the end."""

    @abstractmethod
    async def close(self) -> None:
        """Close the stream, if it can be closed at all."""

    @staticmethod
    def of(stream: ReadableStream) -> Source:
        """The right one for this stream."""
        if _reads_async(stream):
            return _AsyncSource(stream)
        return _BlockingSource(cast("BlockingReadable", stream))  # what else is left


class _AsyncSource(Source):
    __slots__ = ("_stream",)

    can_be_canceled = True

    def __init__(self, stream: AsyncReadable) -> None:
        self._stream = stream

    async def read(self, size: int) -> bytes:
        if isinstance(self._stream, (asyncio.StreamReader, PipeReaderStream)):
            return await self._stream.read(size)
        # A stream we do not know may rely on running in a task of its own.
        return await asyncio.ensure_future(self._stream.read(size))

    async def close(self) -> None:
        await _close(self._stream)


class _BlockingSource(Source):
    __slots__ = ("_read", "_stream")

    can_be_canceled = False

    def __init__(self, stream: BlockingReadable) -> None:
        self._stream = stream
        # `read` of a buffered file waits until all n bytes are there; `read1` takes what is.
        self._read: Callable[[int], bytes | None] = getattr(stream, "read1", stream.read)

    async def read(self, size: int) -> bytes:
        data = await _in_thread(self._stream, partial(self._read, size))
        if data is None:
            raise BlockingIOError("A pipe cannot wait for a stream in non-blocking mode.")
        return data

    async def close(self) -> None:
        await _in_thread(self._stream, getattr(self._stream, "close", _nothing))


class Sink(ABC):
    """Writes to one stream."""

    __slots__ = ()

    @abstractmethod
    async def write(self, pieces: Sequence[Segment]) -> None:
        """Write all pieces and flush them; returns when the stream has room for more."""

    @abstractmethod
    async def close(self) -> None:
        """Close the stream, and wait until that is done."""

    @staticmethod
    def of(stream: WritableStream) -> Sink:
        """The right one for this stream."""
        if _writes_async(stream):
            return _AsyncSink(stream)
        return _BlockingSink(cast("BlockingWritable", stream))  # what else is left


class _AsyncSink(Sink):
    __slots__ = ("_stream",)

    def __init__(self, stream: AsyncWritable) -> None:
        self._stream = stream

    async def write(self, pieces: Sequence[Segment]) -> None:
        for piece in pieces:
            # bytes(): asyncio may keep what it is given, and a pipe's views end with the read.
            self._stream.write(bytes(piece))
        await self._stream.drain()

    async def close(self) -> None:
        await _close(self._stream)
        wait_closed = getattr(self._stream, "wait_closed", None)
        if wait_closed is not None:
            await wait_closed()


class _BlockingSink(Sink):
    __slots__ = ("_stream",)

    def __init__(self, stream: BlockingWritable) -> None:
        self._stream = stream

    async def write(self, pieces: Sequence[Segment]) -> None:
        await _in_thread(self._stream, partial(self._write_all, pieces))

    def _write_all(self, pieces: Sequence[Segment]) -> None:
        for piece in pieces:
            rest = memoryview(piece)
            while rest:  # a raw file may take fewer bytes than it was given
                taken = self._stream.write(rest)
                if not taken:
                    raise BlockingIOError("A pipe cannot wait for a stream in non-blocking mode.")
                rest = rest[taken:]
        self._stream.flush()

    async def close(self) -> None:
        await _in_thread(self._stream, getattr(self._stream, "close", _nothing))


def _reads_async(stream: ReadableStream) -> TypeGuard[AsyncReadable]:
    return inspect.iscoroutinefunction(stream.read)


def _writes_async(stream: WritableStream) -> TypeGuard[AsyncWritable]:
    return inspect.iscoroutinefunction(getattr(stream, "drain", None))


def _nothing() -> None:
    """The close of a stream that has none."""


async def _close(stream: object) -> None:
    closing = getattr(stream, "close", _nothing)()
    if inspect.isawaitable(closing):
        await closing


async def _in_thread(stream: object, call: Callable[[], R]) -> R:
    """Call in a thread, unless the stream never blocks or there is no loop it could stop."""
    if isinstance(stream, io.BytesIO):
        return call()
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return call()
    return await loop.run_in_executor(None, call)
