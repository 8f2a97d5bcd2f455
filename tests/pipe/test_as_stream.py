"""Statement A1: a pipe end that looks like a stream of asyncio's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from h3producer.pipe.errors import (
    FLUSH_CANCELED,
    READ_CANCELED,
    STREAM_CLOSED,
    OperationCanceledError,
)
from h3producer.pipe.wakeup import start_inline
from tests.pipe.harness import MakePipe, now, read, refused, take, write

if TYPE_CHECKING:
    from h3producer.pipe.pipe import Pipe


def test_a1_read_gives_what_there_is_up_to_n(pipe: Pipe) -> None:
    stream = pipe.reader.as_stream()
    write(pipe, b"abcdef")
    assert now(stream.read(4)) == b"abcd"
    assert now(stream.read(4)) == b"ef"


def test_a1_read_waits_for_the_first_byte(pipe: Pipe) -> None:
    task = start_inline(pipe.reader.as_stream().read(4))
    assert not task.done()
    write(pipe, b"a")
    assert task.result() == b"a"


def test_a1_reading_nothing_is_the_end(pipe: Pipe) -> None:
    stream = pipe.reader.as_stream()
    write(pipe, b"abc")
    pipe.writer.complete()
    assert (now(stream.read(2)), stream.at_eof()) == (b"ab", False)
    assert (now(stream.read(2)), stream.at_eof()) == (b"c", True)
    assert now(stream.read(2)) == b""


def test_a1_asking_for_nothing_gives_nothing_and_does_not_wait(pipe: Pipe) -> None:
    assert now(pipe.reader.as_stream().read(0)) == b""


def test_a1_a_negative_number_reads_to_the_end(pipe: Pipe) -> None:
    task = start_inline(pipe.reader.as_stream().read())
    write(pipe, b"abc")
    write(pipe, b"def")
    assert not task.done()
    pipe.writer.complete()
    assert task.result() == b"abcdef"


def test_a1_readexactly_waits_for_all_of_it(pipe: Pipe) -> None:
    stream = pipe.reader.as_stream()
    task = start_inline(stream.readexactly(4))
    write(pipe, b"abc")
    assert not task.done()
    write(pipe, b"def")
    assert task.result() == b"abcd"
    assert now(stream.readexactly(2)) == b"ef"


def test_a1_readexactly_tells_what_there_was_at_the_end(pipe: Pipe) -> None:
    write(pipe, b"abc")
    pipe.writer.complete()
    with pytest.raises(asyncio.IncompleteReadError) as caught:
        now(pipe.reader.as_stream().readexactly(4))
    assert (caught.value.partial, caught.value.expected) == (b"abc", 4)


def test_a1_reading_less_than_was_examined_before_is_allowed(pipe: Pipe) -> None:
    """Upstream refused that until .NET 10."""
    write(pipe, b"abc")
    buffer = read(pipe).buffer
    pipe.reader.advance_to(buffer.start, buffer.get_position(2))
    assert now(pipe.reader.as_stream().read(1)) == b"a"
    assert now(pipe.reader.as_stream().read(9)) == b"bc"


def test_a1_a_canceled_read_raises_and_loses_nothing(pipe: Pipe) -> None:
    stream = pipe.reader.as_stream()
    write(pipe, b"abc")
    pipe.reader.cancel_pending_read()
    with pytest.raises(OperationCanceledError, match=READ_CANCELED):
        now(stream.read(1))
    assert now(stream.read(3)) == b"abc"


def test_a1_the_error_of_the_writer_is_raised(pipe: Pipe) -> None:
    pipe.writer.complete(KeyError("no"))
    with pytest.raises(KeyError):
        now(pipe.reader.as_stream().read())


def test_a1_closing_the_reading_stream_completes_the_reader(pipe: Pipe) -> None:
    stream = pipe.reader.as_stream()
    stream.close()
    stream.close()
    assert write(pipe, b"abc").is_completed
    refused(STREAM_CLOSED, lambda: now(stream.read(1)), lambda: now(stream.readexactly(1)))


def test_a1_leave_open_keeps_the_reader(pipe: Pipe) -> None:
    stream = pipe.reader.as_stream(leave_open=True)
    stream.close()
    refused(STREAM_CLOSED, lambda: now(stream.read()))
    write(pipe, b"abc")
    assert take(pipe) == b"abc"


def test_a1_drain_flushes_what_was_written(pipe: Pipe) -> None:
    stream = pipe.writer.as_stream()
    stream.write(b"abc")
    assert pipe.reader.try_read() is None
    now(stream.drain())
    assert take(pipe) == b"abc"


def test_a1_drain_waits_for_room(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=1)
    stream = pipe.writer.as_stream()
    stream.write(b"abc")
    task = start_inline(stream.drain())
    assert not task.done()
    take(pipe)
    assert task.done()


def test_a1_a_canceled_flush_raises_and_delivers(pipe: Pipe) -> None:
    stream = pipe.writer.as_stream()
    pipe.writer.cancel_pending_flush()
    stream.write(b"abc")
    with pytest.raises(OperationCanceledError, match=FLUSH_CANCELED):
        now(stream.drain())
    assert take(pipe) == b"abc"


def test_a1_draining_to_a_completed_reader_is_a_broken_pipe(pipe: Pipe) -> None:
    pipe.reader.complete()
    with pytest.raises(BrokenPipeError):
        now(pipe.writer.as_stream().drain())


def test_a1_closing_the_writing_stream_completes_the_writer(pipe: Pipe) -> None:
    stream = pipe.writer.as_stream()
    stream.write(b"abc")
    assert not stream.is_closing()
    stream.close()
    stream.close()
    now(stream.wait_closed())
    assert stream.is_closing()
    refused(STREAM_CLOSED, lambda: stream.write(b"x"), lambda: now(stream.drain()))
    result = read(pipe)
    assert (result.buffer.to_bytes(), result.is_completed) == (b"abc", True)


def test_a1_leave_open_keeps_the_writer(pipe: Pipe) -> None:
    stream = pipe.writer.as_stream(leave_open=True)
    stream.close()
    now(stream.wait_closed())
    refused(STREAM_CLOSED, lambda: stream.write(b"x"))
    write(pipe, b"abc")
    assert not read(pipe).is_completed
