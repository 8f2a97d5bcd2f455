"""Statements C1 to C8: two ways to cancel a wait, neither of which loses a byte.

`cancel_pending_read` and `cancel_pending_flush` are upstream's; where upstream has a token we
have the cancellation of the waiting task.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from h3producer.pipe.results import CANCELED, CANCELED_AND_COMPLETED, FLUSHED
from tests.pipe.harness import MakePipe, flushing, read, reading, take, write, writing

if TYPE_CHECKING:
    from h3producer.pipe.pipe import Pipe


def test_c1_cancel_releases_the_waiting_read(pipe: Pipe) -> None:
    task = reading(pipe)
    pipe.reader.cancel_pending_read()
    result = task.result()
    assert (result.is_canceled, result.buffer.is_empty) == (True, True)


def test_c1_without_a_waiting_read_the_next_one_is_canceled_once(pipe: Pipe) -> None:
    write(pipe, b"abc")
    pipe.reader.cancel_pending_read()
    result = read(pipe)
    assert (result.is_canceled, result.buffer.to_bytes()) == (True, b"abc")
    pipe.reader.advance_to(result.buffer.start)
    result = read(pipe)
    assert (result.is_canceled, result.buffer.to_bytes()) == (False, b"abc")


def test_c1_canceling_twice_cancels_one_read(pipe: Pipe) -> None:
    pipe.reader.cancel_pending_read()
    pipe.reader.cancel_pending_read()
    assert read(pipe).is_canceled
    assert not reading(pipe).done()


def test_c1_cancel_releases_the_waiting_flush(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=1)
    task = writing(pipe, b"abc")
    pipe.writer.cancel_pending_flush()
    assert task.result() == CANCELED


def test_c1_without_a_waiting_flush_the_next_one_is_canceled_once(pipe: Pipe) -> None:
    pipe.writer.cancel_pending_flush()
    assert flushing(pipe).result() == CANCELED
    assert flushing(pipe).result() == FLUSHED


def test_c1_a_canceled_flush_to_a_completed_reader_says_both(pipe: Pipe) -> None:
    pipe.reader.complete()
    pipe.writer.cancel_pending_flush()
    assert flushing(pipe).result() == CANCELED_AND_COMPLETED


def test_c1_a_cancellation_between_reads_survives_the_advance(pipe: Pipe) -> None:
    write(pipe, b"abc")
    buffer = read(pipe).buffer
    pipe.reader.cancel_pending_read()
    pipe.reader.advance_to(buffer.end)
    assert read(pipe).is_canceled


def test_c2_a_canceled_read_may_be_advanced(pipe: Pipe) -> None:
    pipe.reader.cancel_pending_read()
    pipe.reader.advance_to(read(pipe).buffer.end)
    assert not reading(pipe).done()


def test_c2_a_canceled_read_need_not_be_advanced(pipe: Pipe) -> None:
    pipe.reader.cancel_pending_read()
    read(pipe)
    task = reading(pipe)
    write(pipe, b"abc")
    assert task.result().buffer.to_bytes() == b"abc"


def test_c2_data_written_during_a_canceled_read_comes_with_the_next(pipe: Pipe) -> None:
    task = reading(pipe)
    pipe.reader.cancel_pending_read()
    buffer = task.result().buffer
    write(pipe, b"abc")
    pipe.reader.advance_to(buffer.end)
    assert take(pipe) == b"abc"


def test_c3_canceling_a_flush_does_not_take_its_bytes_back(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=1)
    pipe.writer.cancel_pending_flush()
    assert writing(pipe, b"abc").result() == CANCELED
    assert take(pipe) == b"abc"


def test_c3_a_canceled_flush_wakes_the_reader_all_the_same(pipe: Pipe) -> None:
    task = reading(pipe)
    pipe.writer.cancel_pending_flush()
    writing(pipe, b"abc")
    assert task.result().buffer.to_bytes() == b"abc"


async def canceled(task: asyncio.Task[object]) -> bool:
    """Whether cancelling the task raised `CancelledError` in it."""
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return True


async def test_c4_cancelling_a_task_that_reads_raises_and_loses_nothing(pipe: Pipe) -> None:
    assert await canceled(asyncio.create_task(pipe.reader.read()))
    write(pipe, b"abc")
    assert take(pipe) == b"abc"


async def test_c4_cancelling_a_task_that_flushes_raises_and_delivers(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=1)
    assert await canceled(asyncio.create_task(pipe.writer.write_async(b"abc")))
    assert take(pipe) == b"abc"
    assert flushing(pipe).result() == FLUSHED


async def test_c4_read_at_least_can_be_cancelled_after_part_of_the_data(pipe: Pipe) -> None:
    task = asyncio.create_task(pipe.reader.read_at_least(10))
    await asyncio.sleep(0)
    write(pipe, b"abc")
    assert await canceled(task)
    assert take(pipe) == b"abc"


async def test_c4_what_a_cancelled_read_at_least_wanted_is_forgotten(
    make_pipe: MakePipe,
) -> None:
    pipe = make_pipe(pause=4)
    assert await canceled(asyncio.create_task(pipe.reader.read_at_least(10)))
    assert not writing(pipe, b"abcd").done()


async def test_c4_a_cancelled_task_leaves_a_read_that_need_not_wait_alone(pipe: Pipe) -> None:
    """A token cancelled before the call: here it bites at the first wait, and not before."""
    write(pipe, b"abc")
    read_bytes: list[bytes] = []

    async def reads_twice() -> None:
        for _ in range(2):
            buffer = (await pipe.reader.read()).buffer
            read_bytes.append(buffer.to_bytes())
            pipe.reader.advance_to(buffer.end)

    task = asyncio.create_task(reads_twice())
    assert await canceled(task)
    assert read_bytes == [b"abc"]


async def test_c5_a_cancellation_that_hit_one_read_does_not_touch_the_next(pipe: Pipe) -> None:
    assert await canceled(asyncio.create_task(pipe.reader.read()))
    task = asyncio.create_task(pipe.reader.read())
    await asyncio.sleep(0)
    assert not task.done()
    write(pipe, b"abc")
    assert not (await task).is_canceled


async def test_c6_the_task_wins_over_cancel_pending_read_which_is_used_up(pipe: Pipe) -> None:
    task = asyncio.create_task(pipe.reader.read())
    await asyncio.sleep(0)
    pipe.reader.cancel_pending_read()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not reading(pipe).done()


async def test_c6_the_task_wins_over_cancel_pending_flush_which_is_used_up(
    make_pipe: MakePipe,
) -> None:
    pipe = make_pipe(pause=1)
    task = asyncio.create_task(pipe.writer.write_async(b"abc"))
    await asyncio.sleep(0)
    pipe.writer.cancel_pending_flush()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    take(pipe)
    assert flushing(pipe).result() == FLUSHED


async def test_c6_a_task_cancelled_after_its_data_came_raises_and_leaves_the_data(
    pipe: Pipe,
) -> None:
    task = asyncio.create_task(pipe.reader.read())
    await asyncio.sleep(0)
    write(pipe, b"abc")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert take(pipe) == b"abc"


def test_c7_after_a_reported_cancellation_a_flush_waits_as_ever(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=1)
    writing(pipe, b"abc")
    pipe.writer.cancel_pending_flush()
    task = flushing(pipe)
    assert not task.done()
    take(pipe)
    assert task.result() == FLUSHED


def test_c7_after_a_reported_cancellation_a_read_waits_as_ever(pipe: Pipe) -> None:
    pipe.reader.cancel_pending_read()
    read(pipe)
    task = reading(pipe)
    assert not task.done()
    write(pipe, b"abc")
    assert not task.result().is_canceled


async def test_c8_a_wait_with_a_time_limit_can_be_repeated(pipe: Pipe) -> None:
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await pipe.reader.read()
    write(pipe, b"abc")
    async with asyncio.timeout(10):
        result = await pipe.reader.read()
    assert result.buffer.to_bytes() == b"abc"


async def test_a_read_completed_and_cancelled_at_once_stays_completed(pipe: Pipe) -> None:
    task = asyncio.create_task(pipe.reader.read())
    await asyncio.sleep(0)
    pipe.reader.complete()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert flushing(pipe).result().is_completed


async def test_a_flush_completed_and_cancelled_at_once_stays_completed(
    make_pipe: MakePipe,
) -> None:
    pipe = make_pipe(pause=1)
    task = asyncio.create_task(pipe.writer.write_async(b"abc"))
    await asyncio.sleep(0)
    pipe.writer.complete()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert read(pipe).is_completed
