"""`PipeWriter.create`: a stream as a writer."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import pytest

from h3producer.pipe.errors import WRITING_AFTER_COMPLETED
from h3producer.pipe.options import StreamPipeWriterOptions
from h3producer.pipe.results import CANCELED, FLUSHED
from h3producer.pipe.stream_writer import StreamPipeWriter
from h3producer.pipe.wakeup import Wakeup, start_inline
from h3producer.pipe.writer import PipeWriter
from tests.pipe.harness import now, refused

if TYPE_CHECKING:
    from pathlib import Path

LEAVE_OPEN = StreamPipeWriterOptions(leave_open=True)


class Slow:
    """An asynchronous stream that has room again when the test says so."""

    def __init__(self) -> None:
        self.content = b""
        self.room = Wakeup()
        self.is_closed = False

    def write(self, data: bytes, /) -> None:
        self.content += data

    async def drain(self) -> None:
        await self.room
        self.room = Wakeup()

    def close(self) -> None:
        self.is_closed = True


class Failing(io.BytesIO):
    def write(self, _data: object, /) -> int:
        raise OSError("full")


def test_create_gives_a_writer_to_the_stream() -> None:
    stream = io.BytesIO()
    writer = PipeWriter.create(stream)
    assert isinstance(writer, StreamPipeWriter)
    assert now(writer.write_async(b"abc")) == FLUSHED
    assert stream.getvalue() == b"abc"


def test_nothing_reaches_the_stream_before_the_flush() -> None:
    stream = io.BytesIO()
    writer = PipeWriter.create(stream)
    writer.write(b"abc")
    writer.get_memory()[:3] = b"def"
    writer.advance(3)
    assert (stream.getvalue(), writer.unflushed_bytes) == (b"", 6)
    assert now(writer.flush()) == FLUSHED
    assert (stream.getvalue(), writer.unflushed_bytes) == (b"abcdef", 0)


def test_publish_hands_on_without_waiting() -> None:
    stream = Slow()
    writer = PipeWriter.create(stream)
    writer.write(b"abc")
    writer.publish()
    assert stream.content == b"abc"


def test_a_flush_of_nothing_does_not_touch_the_stream() -> None:
    assert now(PipeWriter.create(Failing()).flush()) == FLUSHED


def test_memory_is_at_least_the_minimum_buffer_size() -> None:
    writer = PipeWriter.create(io.BytesIO(), StreamPipeWriterOptions(minimum_buffer_size=10))
    assert len(writer.get_memory()) == 10
    assert len(writer.get_memory(20)) == 20


def test_a_flush_waits_until_the_stream_has_room() -> None:
    stream = Slow()
    task = start_inline(PipeWriter.create(stream).write_async(b"abc"))
    assert not task.done()
    stream.room.wake()
    assert task.result() == FLUSHED


def test_a_canceled_flush_gives_up_waiting_and_still_writes() -> None:
    stream = Slow()
    writer = PipeWriter.create(stream)
    task = start_inline(writer.write_async(b"abc"))
    writer.cancel_pending_flush()
    assert task.result() == CANCELED
    later = start_inline(writer.write_async(b"def"))
    assert stream.content == b"abc"
    stream.room.wake()
    assert stream.content == b"abcdef"
    stream.room.wake()
    assert later.result() == FLUSHED


async def test_cancelling_the_flushing_task_still_writes() -> None:
    stream = Slow()
    writer = PipeWriter.create(stream)
    task = asyncio.create_task(writer.write_async(b"abc"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    stream.room.wake()
    assert stream.content == b"abc"


def test_an_error_of_the_stream_is_raised_by_every_flush() -> None:
    writer = PipeWriter.create(Failing())
    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            now(writer.write_async(b"abc"))


def test_complete_writes_the_rest_and_closes() -> None:
    stream = Slow()
    writer = PipeWriter.create(stream)
    writer.write(b"abc")
    writer.complete()
    assert (stream.content, stream.is_closed) == (b"abc", False)
    stream.room.wake()
    assert stream.is_closed
    refused(WRITING_AFTER_COMPLETED, lambda: writer.write(b"x"))


async def test_complete_async_waits_until_everything_is_written_and_closed() -> None:
    stream = Slow()
    writer = PipeWriter.create(stream)
    writer.write(b"abc")
    task = start_inline(writer.complete_async())
    assert not task.done()
    stream.room.wake()
    await task
    assert stream.is_closed


def test_complete_with_an_error_writes_nothing_more_and_closes() -> None:
    stream = Slow()
    writer = PipeWriter.create(stream)
    writer.write(b"abc")
    writer.complete(KeyError("no"))
    assert (stream.content, stream.is_closed) == (b"", True)


def test_complete_async_does_not_raise_the_error_it_was_given() -> None:
    now(PipeWriter.create(io.BytesIO()).complete_async(KeyError("no")))


def test_complete_async_raises_what_went_wrong_at_the_end() -> None:
    writer = PipeWriter.create(Failing())
    writer.write(b"abc")
    with pytest.raises(OSError, match="full"):
        now(writer.complete_async())


def test_complete_async_after_complete_with_an_error_does_not_raise_it() -> None:
    stream = Slow()
    writer = PipeWriter.create(stream)
    writer.complete(asyncio.CancelledError())
    now(writer.complete_async())
    assert stream.is_closed


def test_a_stream_that_failed_is_closed_all_the_same() -> None:
    stream = Failing()
    writer = PipeWriter.create(stream)
    writer.write(b"abc")
    writer.complete()
    assert stream.closed


class CannotClose(Slow):
    def close(self) -> None:
        raise OSError("cannot close")


def test_complete_async_raises_if_the_stream_cannot_be_closed() -> None:
    with pytest.raises(OSError, match="cannot close"):
        now(PipeWriter.create(CannotClose()).complete_async())


def test_leave_open_leaves_the_stream_open() -> None:
    stream = io.BytesIO()
    writer = PipeWriter.create(stream, LEAVE_OPEN)
    writer.write(b"abc")
    now(writer.complete_async())
    assert stream.getvalue() == b"abc"


async def test_a_file_is_written_to_the_last_byte(tmp_path: Path) -> None:
    path = tmp_path / "file"
    writer = PipeWriter.create(path.open("wb"))
    for number in range(256):
        await writer.write_async(bytes([number]) * 100)
    await writer.complete_async()
    assert path.read_bytes() == b"".join(bytes([number]) * 100 for number in range(256))
