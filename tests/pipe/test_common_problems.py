"""The "problematic code" of the System.IO.Pipelines page, and what ours does with it.

Each sample is terrible and stands here to show its result: the same as documented, or a clear
error where Python lets us do better. Where the sample would loop or wait for ever, the test
counts the rounds or looks at the wait instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.pipe.errors import BUFFER_IS_GONE, WRITING_AFTER_COMPLETED
from h3producer.pipe.options import PipeOptions
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.wakeup import start_inline
from tests.pipe.harness import flushing, now, read, refused, take, write, writing

if TYPE_CHECKING:
    from h3producer.pipe.sequence import ReadOnlySequence

ROUNDS = 100
"""Rounds of a loop after which it is taken to be endless."""


def process(buffer: ReadOnlySequence) -> tuple[bytes | None, ReadOnlySequence]:
    """The first line, or `None`, and what follows it."""
    position = buffer.position_of(ord("\n"))
    if position is None:
        return None, buffer
    return buffer.slice(0, position).to_bytes(), buffer.slice(buffer.get_position(1, position))


def test_data_loss_exiting_at_is_completed_before_processing_loses_the_last_data() -> None:
    """As documented: the result that says "completed" still carries the last message."""
    pipe = Pipe()
    messages = []

    async def terrible() -> ReadOnlySequence:
        while True:
            result = await pipe.reader.read()
            if result.is_completed:
                return result.buffer
            message, rest = process(result.buffer)
            messages.append(message)
            pipe.reader.advance_to(rest.start, rest.end)

    task = start_inline(terrible())
    write(pipe, b"first\n")
    pipe.writer.write(b"last\n")
    pipe.writer.complete()
    assert messages == [b"first"]
    assert task.result().to_bytes() == b"last\n"


def test_infinite_loop_waiting_for_an_empty_buffer_at_the_end_of_half_a_message() -> None:
    """As documented: a completed pipe never waits, so the loop spins."""
    pipe = Pipe()
    write(pipe, b"half a mess")
    pipe.writer.complete()
    rounds = 0
    while rounds < ROUNDS:
        result = read(pipe)
        if result.is_completed and result.buffer.is_empty:
            break
        _, rest = process(result.buffer)
        pipe.reader.advance_to(rest.start, rest.end)
        rounds += 1
    assert rounds == ROUNDS


def test_infinite_loop_looking_at_the_end_only_if_the_buffer_is_empty() -> None:
    """As documented, the same with `elif`."""
    pipe = Pipe()
    write(pipe, b"half a mess")
    pipe.writer.complete()
    rounds = 0
    while rounds < ROUNDS:
        result = read(pipe)
        if not result.buffer.is_empty:
            _, rest = process(result.buffer)
        elif result.is_completed:
            break
        pipe.reader.advance_to(rest.start, rest.end)
        rounds += 1
    assert rounds == ROUNDS


def test_infinite_loop_the_examined_position_left_at_the_start() -> None:
    """As documented: what is not examined comes again at once, though nothing is new."""
    pipe = Pipe()
    write(pipe, b"half a mess")
    for _ in range(ROUNDS):
        pipe.reader.advance_to(read(pipe).buffer.start)


def test_unresponsive_examining_the_end_although_a_second_message_is_there() -> None:
    """As documented: the second message waits for data that may never come."""
    pipe = Pipe()

    async def terrible() -> bytes:
        while True:
            result = await pipe.reader.read()
            message, rest = process(result.buffer)
            pipe.reader.advance_to(rest.start, rest.end)
            if message is not None:
                return message

    write(pipe, b"first\nsecond\n")
    assert now(terrible()) == b"first"
    second = start_inline(terrible())
    assert not second.done()
    write(pipe, b"x")
    assert second.result() == b"second"


def test_out_of_memory_examining_everything_and_consuming_nothing() -> None:
    """As documented: no threshold holds a writer back whose data is always examined."""
    pipe = Pipe(PipeOptions(pause_writer_threshold=64))

    async def terrible() -> None:
        while True:
            result = await pipe.reader.read()
            message, rest = process(result.buffer)
            assert message is None
            pipe.reader.advance_to(rest.start, rest.end)

    start_inline(terrible())
    for _ in range(ROUNDS):
        assert writing(pipe, bytes(63)).done()
    pipe.reader.cancel_pending_read()
    assert pipe.length == 0
    assert pipe._state.flushed - pipe._state.start == 63 * ROUNDS


def test_out_of_memory_can_be_avoided_by_refusing_messages_that_are_too_long() -> None:
    pipe = Pipe(PipeOptions(pause_writer_threshold=64))
    write(pipe, bytes(63))
    buffer = read(pipe).buffer
    assert len(buffer) > 50
    pipe.reader.complete(ValueError("a message must not exceed 50 bytes"))
    with pytest.raises(ValueError, match="must not exceed"):
        write(pipe, b"x")


class Message:
    """Keeps a part of the buffer instead of its bytes."""

    def __init__(self, payload: ReadOnlySequence) -> None:
        self.corrupted_payload = payload


def read_message(pipe: Pipe) -> Message:
    """The terrible one: slices the payload, advances past it and returns the slice."""
    buffer = read(pipe).buffer
    length = buffer.slice(0, 1).to_bytes()[0]
    buffer = buffer.slice(1)
    message = Message(buffer.slice(0, length))
    buffer = buffer.slice(length)
    pipe.reader.advance_to(buffer.start, buffer.end)
    return message


@pytest.mark.parametrize("by_memory", [True, False])
def test_memory_corruption_using_a_buffer_after_advance_to_is_an_error(by_memory: bool) -> None:
    """Better: upstream may show what was written there next, ours raises."""
    pipe = Pipe()
    data = b"\x05Hello"
    if by_memory:
        pipe.writer.get_memory()[: len(data)] = data
        pipe.writer.advance(len(data))
        flushing(pipe)
    else:
        write(pipe, data)
    message = read_message(pipe)
    write(pipe, b"\x05World")
    refused(BUFFER_IS_GONE, message.corrupted_payload.to_bytes)


def test_memory_corruption_a_buffer_whose_end_was_not_consumed_shows_its_own_bytes() -> None:
    pipe = Pipe()
    write(pipe, b"\x05Hello")
    buffer = read(pipe).buffer
    pipe.reader.advance_to(buffer.get_position(3))
    write(pipe, b"World")
    assert buffer.to_bytes() == b"\x05Hello"


# PipeWriter common problems.


def test_the_buffer_may_be_larger_than_what_was_asked_for() -> None:
    assert len(Pipe().writer.get_memory(5)) > 5


def test_two_calls_may_give_buffers_of_different_sizes() -> None:
    writer = Pipe().writer
    sizes = [len(writer.get_memory(1))]
    writer.advance(1)
    sizes.append(len(writer.get_memory(1)))
    assert sizes == [4096, 4095]


def test_the_buffer_of_before_advance_cannot_be_written_to() -> None:
    """Better: upstream lets it overwrite what is already the reader's, ours raises."""
    pipe = Pipe()
    memory = pipe.writer.get_memory(5)
    memory[:5] = b"Hello"
    pipe.writer.advance(5)
    flushing(pipe)
    with pytest.raises(ValueError, match="released"):
        memory[:5] = b"xxxxx"
    assert take(pipe) == b"Hello"


def test_get_memory_while_a_flush_waits_is_safe() -> None:
    """Better: upstream calls it unsafe; here it can neither move nor uncover anything."""
    pipe = Pipe(PipeOptions(pause_writer_threshold=1))
    task = writing(pipe, b"Hello")
    pipe.writer.get_memory(5)[:5] = b"World"
    pipe.writer.advance(5)
    assert take(pipe) == b"Hello"
    assert task.done()
    flushing(pipe)
    assert take(pipe) == b"World"


def test_complete_with_unflushed_data_delivers_it() -> None:
    """Better: upstream warns of memory corruption; here the reader gets the data."""
    pipe = Pipe()
    memory = pipe.writer.get_memory(5)
    memory[:5] = b"Hello"
    pipe.writer.advance(5)
    pipe.writer.complete()
    result = read(pipe)
    assert (result.buffer.to_bytes(), result.is_completed) == (b"Hello", True)
    refused(WRITING_AFTER_COMPLETED, pipe.writer.get_memory)


def test_memory_held_when_the_writer_completes_belongs_to_nobody_else() -> None:
    pipe = Pipe()
    memory = pipe.writer.get_memory(5)
    pipe.writer.complete()
    pipe.reader.complete()
    memory[:5] = b"Hello"
    pipe.reset()
    assert bytes(pipe.writer.get_memory(5)[:5]) == bytes(5)
