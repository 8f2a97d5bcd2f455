"""`PipeReader.create`: a stream as a reader."""

from __future__ import annotations

import asyncio
import io
import threading
from typing import TYPE_CHECKING

import pytest

from h3producer.pipe.errors import READING_AFTER_COMPLETED, READING_IN_PROGRESS
from h3producer.pipe.options import StreamPipeReaderOptions
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.reader import PipeReader
from h3producer.pipe.stream_reader import StreamPipeReader
from h3producer.pipe.wakeup import start_inline
from tests.pipe.harness import now, refused, write

if TYPE_CHECKING:
    from pathlib import Path

LEAVE_OPEN = StreamPipeReaderOptions(leave_open=True)


class Counting(io.BytesIO):
    """Notes how many bytes each read asked for, and gives at most so many."""

    def __init__(self, data: bytes, at_a_time: int = 1 << 20) -> None:
        super().__init__(data)
        self.at_a_time = at_a_time
        self.asked: list[int] = []

    def read1(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        self.asked.append(size)
        return super().read1(min(size, self.at_a_time))


def take(reader: PipeReader) -> tuple[bytes, bool]:
    result = now(reader.read())
    data = result.buffer.to_bytes()
    reader.advance_to(result.buffer.end)
    return data, result.is_completed


def test_create_gives_a_reader_of_the_stream() -> None:
    reader = PipeReader.create(io.BytesIO(b"abc"))
    assert isinstance(reader, StreamPipeReader)
    assert take(reader) == (b"abc", False)
    assert take(reader) == (b"", True)
    assert take(reader) == (b"", True)


def test_no_more_than_buffer_size_is_asked_for() -> None:
    stream = Counting(bytes(10))
    reader = PipeReader.create(stream, StreamPipeReaderOptions(buffer_size=4, minimum_read_size=1))
    while not take(reader)[1]:
        pass
    assert stream.asked == [4, 4, 4, 2]


def test_no_fewer_than_minimum_read_size_is_asked_for() -> None:
    stream = Counting(bytes(10), at_a_time=3)
    reader = PipeReader.create(stream, StreamPipeReaderOptions(buffer_size=8, minimum_read_size=4))
    while not take(reader)[1]:
        pass
    assert stream.asked == [8, 5, 8, 5, 4]


def test_the_stream_is_not_read_before_somebody_asks() -> None:
    stream = Counting(b"abc")
    reader = PipeReader.create(stream)
    assert reader.try_read() is None
    assert stream.asked == []


def test_what_was_not_examined_comes_again_without_asking_the_stream() -> None:
    stream = Counting(b"abc")
    reader = PipeReader.create(stream)
    buffer = now(reader.read()).buffer
    reader.advance_to(buffer.get_position(1))
    assert take(reader) == (b"bc", False)
    assert len(stream.asked) == 1


def test_try_read_gives_what_was_left() -> None:
    reader = PipeReader.create(io.BytesIO(b"abc"))
    reader.advance_to(now(reader.read()).buffer.get_position(1))
    result = reader.try_read()
    assert result is not None
    assert result.buffer.to_bytes() == b"bc"


def test_read_at_least_asks_as_often_as_it_must() -> None:
    stream = Counting(b"abcdefgh", at_a_time=2)
    reader = PipeReader.create(stream)
    assert now(reader.read_at_least(5)).buffer.to_bytes() == b"abcdef"
    assert len(stream.asked) == 3


def test_read_at_least_ends_with_the_stream() -> None:
    reader = PipeReader.create(io.BytesIO(b"abc"))
    result = now(reader.read_at_least(5))
    assert (result.buffer.to_bytes(), result.is_completed) == (b"abc", True)


def test_read_at_least_refuses_a_negative_minimum_before_it_asks() -> None:
    stream = Counting(b"abc")
    with pytest.raises(ValueError, match="negative"):
        now(PipeReader.create(stream).read_at_least(-1))
    assert stream.asked == []


def test_read_at_least_nothing_is_a_plain_read() -> None:
    assert now(PipeReader.create(io.BytesIO(b"abc")).read_at_least(0)).buffer.length == 3


def test_a_second_read_before_advance_is_refused() -> None:
    reader = PipeReader.create(io.BytesIO(b"abc"))
    now(reader.read())
    refused(READING_IN_PROGRESS, lambda: now(reader.read()))


def test_cancel_pending_read_cancels_the_next_read() -> None:
    reader = PipeReader.create(io.BytesIO(b"abc"))
    reader.cancel_pending_read()
    result = now(reader.read())
    assert result.is_canceled
    reader.advance_to(result.buffer.start)
    assert take(reader) == (b"abc", False)


async def test_a_canceled_read_leaves_the_fetch_alone_and_loses_nothing() -> None:
    stream = asyncio.StreamReader()
    reader = PipeReader.create(stream)
    task = start_inline(reader.read())
    reader.cancel_pending_read()
    assert task.result().is_canceled
    stream.feed_data(b"abc")
    assert (await reader.read()).buffer.to_bytes() == b"abc"


async def test_cancelling_the_reading_task_loses_nothing() -> None:
    stream = asyncio.StreamReader()
    reader = PipeReader.create(stream)
    task = asyncio.create_task(reader.read())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    stream.feed_data(b"abc")
    assert (await reader.read()).buffer.to_bytes() == b"abc"


async def test_an_asyncio_stream_is_read_as_it_comes() -> None:
    stream = asyncio.StreamReader()
    reader = PipeReader.create(stream)
    task = start_inline(reader.read())
    assert not task.done()
    stream.feed_data(b"abc")
    result = await task
    reader.advance_to(result.buffer.end)
    stream.feed_eof()
    assert (await reader.read()).is_completed


async def test_an_inline_reader_that_stops_asking_leaves_the_rest_in_the_stream() -> None:
    stream = Counting(b"abcdef", at_a_time=2)
    reader = PipeReader.create(stream, LEAVE_OPEN)
    assert take(reader) == (b"ab", False)
    reader.complete()
    assert stream.read() == b"cdef"


async def test_an_inline_reader_that_asks_again_is_served_by_the_same_fetch() -> None:
    stream = asyncio.StreamReader()
    reader = PipeReader.create(stream)
    seen: list[bytes] = []

    async def read_twice() -> None:
        for _ in range(2):
            result = await reader.read()
            seen.append(result.buffer.to_bytes())
            reader.advance_to(result.buffer.end)

    task = start_inline(read_twice())
    for part in (b"ab", b"cd"):
        stream.feed_data(part)
        await asyncio.sleep(0)
    assert seen == [b"ab", b"cd"]
    assert task.done()


def test_after_its_end_the_stream_is_not_asked_again() -> None:
    """A terminal would wait for more."""
    stream = Counting(b"")
    reader = PipeReader.create(stream)
    for _ in range(3):
        assert take(reader) == (b"", True)
    assert len(stream.asked) == 1


class Failing(io.BytesIO):
    def read1(self, _size: int | None = -1, /) -> bytes:
        raise OSError("gone")


def test_an_error_of_the_stream_is_raised_by_every_read() -> None:
    reader = PipeReader.create(Failing())
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            now(reader.read())


def test_complete_closes_the_stream() -> None:
    stream = io.BytesIO(b"abc")
    reader = PipeReader.create(stream)
    reader.complete()
    reader.complete()
    assert stream.closed
    refused(READING_AFTER_COMPLETED, lambda: now(reader.read()))


def test_leave_open_leaves_the_stream_open() -> None:
    stream = io.BytesIO(b"abc")
    reader = PipeReader.create(stream, LEAVE_OPEN)
    take(reader)
    reader.complete()
    assert not stream.closed


async def test_complete_gives_up_a_pending_read_of_an_asyncio_stream() -> None:
    stream = asyncio.StreamReader()
    reader = PipeReader.create(stream)
    reading = start_inline(reader.read())
    await reader.complete_async()
    refused(READING_AFTER_COMPLETED, reading.result)
    stream.feed_data(b"abc")
    assert await stream.read(3) == b"abc"


class Gate(io.RawIOBase):
    """A file whose read blocks its thread until the gate opens."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.is_reading = False
        self.closed_while_reading = False

    def readable(self) -> bool:
        return True

    def read(self, _n: int = -1) -> bytes:
        self.is_reading = True
        self.gate.wait(10)
        self.is_reading = False
        return b"late"

    def close(self) -> None:
        self.closed_while_reading = self.is_reading
        super().close()


async def test_a_file_is_not_closed_under_the_thread_that_reads_it() -> None:
    file = Gate()
    reader = PipeReader.create(file)
    reading = start_inline(reader.read())
    reader.complete()
    refused(READING_AFTER_COMPLETED, reading.result)
    assert not file.closed
    file.gate.set()
    await reader.complete_async()
    assert file.closed
    assert not file.closed_while_reading


async def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 100)
    reader = PipeReader.create(path.open("rb"))
    data = b""
    while True:
        result = await reader.read()
        data += result.buffer.to_bytes()
        reader.advance_to(result.buffer.end)
        if result.is_completed:
            break
    await reader.complete_async()
    assert data == path.read_bytes()


def test_a_reader_of_a_reader_as_a_stream_is_a_reader() -> None:
    pipe = Pipe()
    reader = PipeReader.create(pipe.reader.as_stream())
    task = start_inline(reader.read())
    assert not task.done()
    write(pipe, b"abc")
