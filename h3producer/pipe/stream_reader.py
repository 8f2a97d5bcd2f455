"""A stream as a `PipeReader` (upstream `PipeReader.Create(Stream)`).

This file knows when to fetch more from the stream. It refuses to know what a stream is
(`streams.py`) or how a reader behaves: a pipe inside does all that. Its one rule: fetch only
what a read has asked for, so that nothing is taken from a stream that nobody wanted.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h3producer.pipe.options import PipeOptions, StreamPipeReaderOptions
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.reader import PipeReader
from h3producer.pipe.streams import ReadableStream, Source
from h3producer.pipe.wakeup import InlineTask, start_inline

if TYPE_CHECKING:
    from h3producer.pipe.results import ReadResult
    from h3producer.pipe.sequence import SequencePosition

__all__ = ["StreamPipeReader"]

DEFAULT_OPTIONS = StreamPipeReaderOptions()
NEVER_PAUSE = PipeOptions(pause_writer_threshold=0)


class StreamPipeReader(PipeReader):
    """Reads an asyncio or file-like stream on demand. Get one with `PipeReader.create`.

    `cancel_pending_read` and the cancellation of the reading task leave a fetch under way
    alone; what it brings is there for the next read. An exception of the stream is raised by
    that read and every later one. `complete` closes the stream, once a thread that reads from
    it has come back; `complete_async` waits for that.
    """

    __slots__ = (
        "_closing",
        "_fetching",
        "_has_ended",
        "_options",
        "_pipe",
        "_room",
        "_source",
        "_wanted",
    )

    def __init__(
        self, stream: ReadableStream, options: StreamPipeReaderOptions = DEFAULT_OPTIONS
    ) -> None:
        self._source = Source.of(stream)
        self._options = options
        self._pipe = Pipe(NEVER_PAUSE)
        self._room = options.buffer_size
        self._wanted = 0
        self._has_ended = False
        self._fetching: InlineTask[None] | None = None
        self._closing: InlineTask[None] | None = None

    async def read(self) -> ReadResult:
        self._want(1)
        return await self._pipe.reader.read()

    async def read_at_least(self, minimum: int) -> ReadResult:
        self._want(minimum or 1)
        return await self._pipe.reader.read_at_least(minimum)

    def try_read(self) -> ReadResult | None:
        """What was fetched and not consumed, or `None`; never asks the stream."""
        return self._pipe.reader.try_read()

    def advance_to(
        self, consumed: SequencePosition | None, examined: SequencePosition | None = None
    ) -> None:
        self._pipe.reader.advance_to(consumed, examined)

    def cancel_pending_read(self) -> None:
        self._pipe.reader.cancel_pending_read()

    def complete(self, error: BaseException | None = None) -> None:
        """Stop reading and close the stream, unless `leave_open`; `error` goes nowhere."""
        self._begin_close(error)

    async def complete_async(self, error: BaseException | None = None) -> None:
        await self._begin_close(error)

    def _want(self, count: int) -> None:
        """Have the stream read until `count` unexamined bytes are there, or its end."""
        if self._pipe.length < count and not self._has_ended:
            self._wanted = count
            if self._fetching is None or self._fetching.done():
                self._fetching = start_inline(self._fetch())

    async def _fetch(self) -> None:
        try:
            while self._wanted:
                data = await self._source.read(self._room)
                if data:
                    self._deliver(data)
                else:
                    self._end(None)
        except asyncio.CancelledError:
            self._end(None)  # by _close, so nobody reads any more
        except Exception as error:
            self._end(error)

    def _end(self, error: Exception | None) -> None:
        self._has_ended = True
        self._wanted = 0
        self._pipe.writer.complete(error)

    def _deliver(self, data: bytes) -> None:
        self._count(len(data))
        if self._pipe.length + len(data) >= self._wanted:
            self._wanted = 0
        self._pipe.writer.write(data)
        # The reader runs in here, perhaps, and then may want more.
        self._pipe.writer.publish()

    def _count(self, size: int) -> None:
        self._room -= size
        if self._room < self._options.minimum_read_size:
            self._room = self._options.buffer_size

    def _begin_close(self, error: BaseException | None) -> InlineTask[None]:
        if self._closing is None:
            self._has_ended = True
            self._pipe.reader.complete(error)
            self._closing = start_inline(self._close())
        return self._closing

    async def _close(self) -> None:
        if self._fetching is not None:
            if self._source.can_be_canceled:
                self._fetching.cancel()
            await self._fetching
        if not self._options.leave_open:
            await self._source.close()


PipeReader.create = StreamPipeReader
