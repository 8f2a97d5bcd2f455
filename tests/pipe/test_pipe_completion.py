"""Statements X1 to X5, Z1 and Z2: how a pipe ends, and begins again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from h3producer.pipe.errors import (
    ADVANCED_PAST,
    CONCURRENT_WAIT,
    NOT_COMPLETED,
    NOTHING_TO_COMPLETE,
)
from h3producer.pipe.results import FLUSHED
from tests.pipe.harness import MakePipe, flushing, now, read, reading, refused, take, write, writing

if TYPE_CHECKING:
    from h3producer.pipe.pipe import Pipe


class CustomError(Exception):
    """Its type must come through."""


def test_x1_the_first_completion_of_the_writer_wins(pipe: Pipe) -> None:
    pipe.writer.complete()
    pipe.writer.complete(CustomError())
    assert read(pipe).is_completed


def test_x1_the_first_completion_of_the_reader_wins(pipe: Pipe) -> None:
    pipe.reader.complete(CustomError())
    pipe.reader.complete()
    with pytest.raises(CustomError):
        write(pipe, b"abc")


def test_x2_the_error_of_the_writer_is_raised_at_the_reader(pipe: Pipe) -> None:
    error = CustomError()
    pipe.writer.complete(error)
    with pytest.raises(CustomError) as caught:
        read(pipe)
    assert caught.value is error


def test_x2_the_error_of_the_reader_is_raised_at_every_flush(pipe: Pipe) -> None:
    error = CustomError()
    pipe.reader.complete(error)
    for _ in range(2):
        with pytest.raises(CustomError) as caught:
            write(pipe, b"abc")
        assert caught.value is error


def test_x2_the_error_of_the_reader_does_not_disturb_what_never_flushes(pipe: Pipe) -> None:
    pipe.reader.complete(CustomError())
    pipe.writer.write(b"abc")
    pipe.writer.publish()
    pipe.writer.complete()


def test_x2_an_error_does_not_change_the_state_of_the_end_it_is_raised_at(pipe: Pipe) -> None:
    pipe.writer.complete(CustomError())
    with pytest.raises(CustomError):
        read(pipe)
    refused(NOTHING_TO_COMPLETE, lambda: pipe.reader.advance_to(None))
    pipe.reader.complete()


@pytest.mark.parametrize("writer_first", [True, False])
def test_x3_when_both_ends_are_complete_the_pipe_holds_nothing(
    pipe: Pipe, writer_first: bool
) -> None:
    pipe.writer.get_memory()[:3] = b"abc"
    pipe.writer.advance(3)
    flushing(pipe)
    pipe.writer.write(b"unflushed")
    ends = [pipe.writer.complete, pipe.reader.complete]
    for complete in ends if writer_first else reversed(ends):
        complete()
        complete()
    state = pipe._state
    assert (state._segments, state._unflushed, state.unflushed_bytes) == ([], [], 0)
    assert state._blocks is None


def test_x5_a_second_read_raises_at_once_and_the_first_goes_on(pipe: Pipe) -> None:
    first = reading(pipe)
    refused(CONCURRENT_WAIT, reading(pipe).result)
    write(pipe, b"abc")
    assert first.result().buffer.to_bytes() == b"abc"


def test_x5_a_second_flush_raises_at_once_and_the_first_goes_on(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=1)
    first = writing(pipe, b"abc")
    refused(CONCURRENT_WAIT, writing(pipe, b"def").result)
    assert take(pipe) == b"abc"
    assert first.result() == FLUSHED
    assert pipe.writer.unflushed_bytes == 3


async def test_x5_a_read_that_was_woken_and_has_not_gone_on_still_counts(pipe: Pipe) -> None:
    first = asyncio.create_task(pipe.reader.read())
    await asyncio.sleep(0)
    write(pipe, b"abc")
    refused(CONCURRENT_WAIT, lambda: read(pipe))
    assert (await first).buffer.to_bytes() == b"abc"


def test_a_flush_that_waits_when_its_own_end_is_completed_goes_on_waiting(
    make_pipe: MakePipe,
) -> None:
    pipe = make_pipe(pause=1)
    task = writing(pipe, b"abc")
    pipe.writer.complete()
    assert not task.done()
    assert take(pipe) == b"abc"
    assert task.result() == FLUSHED


@pytest.mark.parametrize("end", ["reader", "writer", "neither"])
def test_z1_reset_needs_both_ends_to_be_complete(pipe: Pipe, end: str) -> None:
    if end != "neither":
        getattr(pipe, end).complete()
    refused(NOT_COMPLETED, pipe.reset)


def completed_and_reset(pipe: Pipe) -> None:
    pipe.writer.complete(CustomError())
    pipe.reader.complete(CustomError())
    pipe.reset()


def test_z2_after_a_reset_the_pipe_reads_and_writes(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=4)
    for _ in range(3):
        assert write(pipe, b"abc") == FLUSHED
        assert take(pipe) == b"abc"
        completed_and_reset(pipe)


def test_z2_after_a_reset_there_is_no_data_and_a_read_waits(pipe: Pipe) -> None:
    write(pipe, b"abc")
    read(pipe)
    pipe.writer.write(b"unflushed")
    completed_and_reset(pipe)
    assert (pipe.length, pipe.writer.unflushed_bytes) == (0, 0)
    assert not reading(pipe).done()


def test_z2_after_a_reset_no_cancellation_sticks(pipe: Pipe) -> None:
    pipe.reader.cancel_pending_read()
    pipe.writer.cancel_pending_flush()
    completed_and_reset(pipe)
    assert flushing(pipe).result() == FLUSHED
    assert not reading(pipe).done()


def test_z2_after_a_reset_the_writer_is_not_paused(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=4)
    waiting = writing(pipe, b"abcdef")
    completed_and_reset(pipe)
    with pytest.raises(CustomError):
        waiting.result()
    assert write(pipe, b"abc") == FLUSHED


def test_z2_positions_of_the_time_before_are_recognised(pipe: Pipe) -> None:
    write(pipe, b"abc")
    old = read(pipe).buffer.get_position(1)
    completed_and_reset(pipe)
    write(pipe, b"def")
    read(pipe)
    refused(ADVANCED_PAST, lambda: pipe.reader.advance_to(old))


def test_complete_async_completes(pipe: Pipe) -> None:
    now(pipe.writer.complete_async())
    assert read(pipe).is_completed
    now(pipe.reader.complete_async())
    pipe.reset()


def test_the_repr_shows_what_both_ends_do(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=1)
    writing(pipe, b"abc")
    assert repr(pipe) == "<Pipe 3 bytes, reader IDLE, writer WAITING>"
