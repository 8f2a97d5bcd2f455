"""Statements B1 to B7: when a flush waits, and what releases it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from h3producer.pipe.results import COMPLETED, FLUSHED
from h3producer.pipe.wakeup import start_inline
from tests.pipe.harness import MakePipe, flushing, read, reading, take, write, writing

if TYPE_CHECKING:
    from h3producer.pipe.pipe import Pipe


@pytest.fixture
def narrow(make_pipe: MakePipe) -> Pipe:
    """Pauses from 64 bytes on, resumes below 32."""
    return make_pipe(pause=64, resume=32)


def test_b1_a_flush_below_the_pause_threshold_does_not_wait(narrow: Pipe) -> None:
    assert writing(narrow, bytes(63)).result() == FLUSHED


def test_b1_a_flush_that_need_not_wait_never_suspends(narrow: Pipe) -> None:
    narrow.writer.write(bytes(63))
    with pytest.raises(StopIteration) as stopped:
        narrow.writer.flush().send(None)
    assert stopped.value.value is FLUSHED


async def test_b1_a_flush_that_need_not_wait_creates_no_future(
    narrow: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncio.BaseEventLoop, "create_future", None)
    narrow.writer.write(bytes(63))
    assert await narrow.writer.flush() is FLUSHED


@pytest.mark.parametrize("size", [64, 65, 1000])
def test_b1_a_flush_at_or_above_the_pause_threshold_waits(narrow: Pipe, size: int) -> None:
    assert not writing(narrow, bytes(size)).done()


def test_b1_flushed_bytes_add_up(narrow: Pipe) -> None:
    assert writing(narrow, bytes(32)).done()
    assert not writing(narrow, bytes(32)).done()


def test_b1_a_pause_threshold_of_0_never_waits(make_pipe: MakePipe) -> None:
    assert writing(make_pipe(pause=0), bytes(1_000_000)).done()


def test_b2_a_waiting_flush_stays_at_the_resume_threshold(narrow: Pipe) -> None:
    task = writing(narrow, bytes(64))
    take(narrow, 32)
    assert (narrow.length, task.done()) == (32, False)


def test_b2_a_waiting_flush_resumes_strictly_below_the_resume_threshold(narrow: Pipe) -> None:
    task = writing(narrow, bytes(64))
    take(narrow, 33)
    assert (narrow.length, task.result()) == (31, FLUSHED)


def test_b2_the_example_of_the_documentation_needs_six_of_ten_examined(
    make_pipe: MakePipe,
) -> None:
    """The page says five; five leaves five, which is not below the resume threshold."""
    pipe = make_pipe(pause=10, resume=5)
    task = writing(pipe, b"0123456789")
    buffer = read(pipe).buffer
    pipe.reader.advance_to(buffer.start, buffer.get_position(5))
    assert not task.done()
    buffer = read(pipe).buffer
    pipe.reader.advance_to(buffer.start, buffer.get_position(6))
    assert task.done()


def test_b3_examining_without_consuming_releases_the_writer(narrow: Pipe) -> None:
    task = writing(narrow, bytes(64))
    buffer = read(narrow).buffer
    narrow.reader.advance_to(buffer.start, buffer.end)
    assert task.result() == FLUSHED


def test_b3_consuming_nothing_and_examining_nothing_releases_nobody(narrow: Pipe) -> None:
    task = writing(narrow, bytes(64))
    narrow.reader.advance_to(read(narrow).buffer.start)
    assert not task.done()


def test_b4_more_can_be_written_past_the_threshold_and_each_flush_waits_again(
    narrow: Pipe,
) -> None:
    for _ in range(3):
        task = writing(narrow, bytes(100))
        assert not task.done()
        buffer = read(narrow).buffer
        narrow.reader.advance_to(buffer.start, buffer.end)
        assert task.done()
    assert len(read(narrow_with(narrow, b"x")).buffer) == 301


def narrow_with(pipe: Pipe, data: bytes) -> Pipe:
    write(pipe, data)
    return pipe


def test_b4_an_empty_flush_waits_while_the_writer_is_paused(narrow: Pipe) -> None:
    task = writing(narrow, bytes(64))
    narrow.writer.cancel_pending_flush()
    assert task.result().is_canceled
    assert not flushing(narrow).done()


def test_b5_with_thresholds_of_one_a_flush_waits_until_everything_is_examined(
    make_pipe: MakePipe,
) -> None:
    pipe = make_pipe(pause=1, resume=1)
    task = writing(pipe, b"abc")
    take(pipe, 2)
    assert not task.done()
    take(pipe)
    assert task.result() == FLUSHED


def test_b6_a_reader_that_wants_more_than_there_is_releases_the_writer(narrow: Pipe) -> None:
    flushed = writing(narrow, bytes(64))
    more = start_inline(narrow.reader.read_at_least(100))
    assert flushed.done()
    assert not more.done()
    writing(narrow, bytes(36))
    assert len(more.result().buffer) == 100


def test_b6_a_writer_released_by_a_hungry_reader_is_not_paused_below_its_wish(
    narrow: Pipe,
) -> None:
    writing(narrow, bytes(64))
    start_inline(narrow.reader.read_at_least(100))
    assert writing(narrow, bytes(10)).done()


def test_b6_a_flush_below_what_the_reader_waits_for_does_not_wait(narrow: Pipe) -> None:
    more = start_inline(narrow.reader.read_at_least(200))
    assert writing(narrow, bytes(150)).done()
    assert not writing(narrow, bytes(50)).done()
    assert len(more.result().buffer) == 200


def test_b6_a_reader_that_examined_all_and_consumed_nothing_does_not_block_the_writer(
    narrow: Pipe,
) -> None:
    flushed = writing(narrow, bytes(64))
    buffer = read(narrow).buffer
    narrow.reader.advance_to(buffer.start, buffer.end)
    waiting = reading(narrow)
    assert flushed.done()
    write(narrow, b"x")
    assert len(waiting.result().buffer) == 65


def test_b7_a_completing_reader_releases_the_writer(narrow: Pipe) -> None:
    task = writing(narrow, bytes(64))
    narrow.reader.complete()
    assert task.result() == COMPLETED


def test_b7_a_reader_that_completes_with_an_error_raises_it_from_the_flush(narrow: Pipe) -> None:
    task = writing(narrow, bytes(64))
    narrow.reader.complete(KeyError("no"))
    with pytest.raises(KeyError):
        task.result()


def test_length_counts_what_is_flushed_and_not_examined(narrow: Pipe) -> None:
    lengths = [narrow.length]
    narrow.writer.write(bytes(10))
    lengths.append(narrow.length)
    flushing(narrow)
    lengths.append(narrow.length)
    buffer = read(narrow).buffer
    narrow.reader.advance_to(buffer.get_position(2), buffer.get_position(7))
    lengths.append(narrow.length)
    assert lengths == [0, 0, 10, 3]
