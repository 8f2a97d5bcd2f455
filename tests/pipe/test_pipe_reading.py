"""Statements R1 to R14: what the reading end gives, and what it is told back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.pipe.buffer import CRUMBS
from h3producer.pipe.errors import (
    ADVANCED_PAST,
    BEYOND_THE_BUFFER,
    EXAMINED_BEFORE_CONSUMED,
    NOTHING_TO_COMPLETE,
    READING_AFTER_COMPLETED,
    READING_IN_PROGRESS,
)
from h3producer.pipe.sequence import SequencePosition
from h3producer.pipe.wakeup import start_inline
from tests.pipe.harness import (
    MakePipe,
    now,
    read,
    reading,
    refused,
    take,
    write,
    write_pieces,
    writing,
)

if TYPE_CHECKING:
    from h3producer.pipe.pipe import Pipe


def test_r1_a_read_returns_at_once_if_there_is_data(pipe: Pipe) -> None:
    write(pipe, b"abc")
    result = read(pipe)
    assert result.buffer.to_bytes() == b"abc"
    assert not result.is_canceled
    assert not result.is_completed


def test_r1_a_read_waits_for_data(pipe: Pipe) -> None:
    task = reading(pipe)
    assert not task.done()
    write(pipe, b"abc")
    assert task.result().buffer.to_bytes() == b"abc"


def test_r2_after_everything_was_examined_a_read_waits_for_new_data(pipe: Pipe) -> None:
    write(pipe, b"abc")
    buffer = read(pipe).buffer
    pipe.reader.advance_to(buffer.start, buffer.end)
    task = reading(pipe)
    assert not task.done()
    write(pipe, b"def")
    assert task.result().buffer.to_bytes() == b"abcdef"


def test_r2_if_not_everything_was_examined_a_read_returns_at_once(pipe: Pipe) -> None:
    write(pipe, b"abc")
    buffer = read(pipe).buffer
    pipe.reader.advance_to(buffer.start, buffer.get_position(2))
    assert read(pipe).buffer.to_bytes() == b"abc"


def test_r2_data_that_came_after_the_read_is_not_examined_by_its_end(pipe: Pipe) -> None:
    write(pipe, b"abc")
    buffer = read(pipe).buffer
    write(pipe, b"def")
    pipe.reader.advance_to(buffer.end)
    assert take(pipe) == b"def"


def test_r3_a_buffer_may_be_many_segments(pipe: Pipe) -> None:
    write_pieces(pipe, b"ab", b"c", b"def")
    buffer = read(pipe).buffer
    assert buffer.segments == (b"ab", b"c", b"def")
    assert buffer.to_bytes() == b"abcdef"


def test_r3_positions_stay_valid_until_they_are_advanced_past(pipe: Pipe) -> None:
    write(pipe, b"abc")
    first = read(pipe).buffer
    second_byte = first.get_position(1)
    pipe.reader.advance_to(first.start, first.end)
    write(pipe, b"def")
    read(pipe)
    pipe.reader.advance_to(second_byte)
    assert take(pipe) == b"bcdef"


@pytest.mark.parametrize("count", range(7))
def test_r3_any_number_of_bytes_can_be_consumed_across_segments(pipe: Pipe, count: int) -> None:
    write_pieces(pipe, b"ab", b"c", b"def")
    assert take(pipe, count) == b"abcdef"[:count]
    write(pipe, b"g")
    assert take(pipe) == b"abcdefg"[count:]


def test_r4_advance_to_with_one_position_examines_what_it_consumes(pipe: Pipe) -> None:
    write(pipe, b"abcdef")
    pipe.reader.advance_to(read(pipe).buffer.get_position(2))
    assert pipe.length == 4
    assert take(pipe) == b"cdef"


def test_r4_with_one_position_what_was_examined_further_stays_examined(pipe: Pipe) -> None:
    write(pipe, b"abcdef")
    buffer = read(pipe).buffer
    pipe.reader.advance_to(buffer.start, buffer.get_position(4))
    pipe.reader.advance_to(read(pipe).buffer.get_position(1))
    assert pipe.length == 2
    assert take(pipe) == b"bcdef"


def test_r5_examined_before_consumed_is_refused_and_changes_nothing(pipe: Pipe) -> None:
    write(pipe, b"abcdef")
    buffer = read(pipe).buffer
    refused(
        EXAMINED_BEFORE_CONSUMED,
        lambda: pipe.reader.advance_to(buffer.get_position(2), buffer.get_position(1)),
    )
    refused(
        EXAMINED_BEFORE_CONSUMED, lambda: pipe.reader.advance_to(buffer.end, buffer.get_position(5))
    )
    pipe.reader.advance_to(buffer.start)
    assert take(pipe) == b"abcdef"


def test_r6_what_was_examined_may_be_unexamined(pipe: Pipe) -> None:
    """The newest rule; upstream refused it until .NET 10."""
    write(pipe, b"abc")
    buffer = read(pipe).buffer
    pipe.reader.advance_to(buffer.start, buffer.end)
    write(pipe, b"def")
    buffer = read(pipe).buffer
    pipe.reader.advance_to(buffer.start, buffer.get_position(1))
    assert pipe.length == 5
    assert take(pipe) == b"abcdef"


def test_r7_a_position_before_what_was_consumed_is_refused(pipe: Pipe) -> None:
    write(pipe, b"abcdef")
    old = read(pipe).buffer.get_position(1)
    pipe.reader.advance_to(SequencePosition(3))
    read(pipe)
    refused(ADVANCED_PAST, lambda: pipe.reader.advance_to(old))


def test_r7_a_position_beyond_the_data_is_refused(pipe: Pipe) -> None:
    write(pipe, b"abc")
    end = read(pipe).buffer.end
    refused(BEYOND_THE_BUFFER, lambda: pipe.reader.advance_to(SequencePosition(end + 1)))
    refused(BEYOND_THE_BUFFER, lambda: pipe.reader.advance_to(end, SequencePosition(end + 1)))


def test_r7_a_count_is_not_a_position(pipe: Pipe) -> None:
    write(pipe, b"abc")
    buffer = read(pipe).buffer
    with pytest.raises(TypeError, match="positions, not counts"):
        pipe.reader.advance_to(2)  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(TypeError, match="positions, not counts"):
        pipe.reader.advance_to(buffer.start, 3)  # type: ignore[arg-type]


def test_r8_advance_without_a_read_is_refused(pipe: Pipe) -> None:
    refused(NOTHING_TO_COMPLETE, lambda: pipe.reader.advance_to(SequencePosition(0)))


def test_r8_a_second_advance_for_one_read_is_refused(pipe: Pipe) -> None:
    write(pipe, b"abc")
    buffer = read(pipe).buffer
    pipe.reader.advance_to(buffer.start)
    refused(NOTHING_TO_COMPLETE, lambda: pipe.reader.advance_to(buffer.start))


def test_r8_advance_while_a_read_waits_is_refused(pipe: Pipe) -> None:
    reading(pipe)
    refused(NOTHING_TO_COMPLETE, lambda: pipe.reader.advance_to(SequencePosition(0)))


def test_r8_a_second_read_before_advance_is_refused(pipe: Pipe) -> None:
    write(pipe, b"abc")
    read(pipe)
    refused(
        READING_IN_PROGRESS,
        lambda: read(pipe),
        pipe.reader.try_read,
        lambda: now(pipe.reader.read_at_least(1)),
    )


def test_r9_no_positions_end_the_read_and_move_nothing(pipe: Pipe) -> None:
    write(pipe, b"abc")
    read(pipe)
    pipe.reader.advance_to(None)
    assert (pipe.length, take(pipe)) == (3, b"abc")


def test_r9_the_examined_position_may_come_alone(pipe: Pipe) -> None:
    write(pipe, b"abc")
    pipe.reader.advance_to(None, read(pipe).buffer.end)
    task = reading(pipe)
    assert (pipe.length, task.done()) == (0, False)


def test_r9_no_positions_are_enough_for_an_empty_buffer(pipe: Pipe) -> None:
    pipe.writer.complete()
    read(pipe)
    pipe.reader.advance_to(None, None)
    assert read(pipe).is_completed


def test_r10_after_the_writer_completed_every_read_says_so(pipe: Pipe) -> None:
    write(pipe, b"abc")
    pipe.writer.complete()
    seen = []
    for _ in range(3):
        result = read(pipe)
        seen.append((result.buffer.to_bytes(), result.is_completed))
        pipe.reader.advance_to(result.buffer.end)
    assert seen == [(b"abc", True), (b"", True), (b"", True)]


def test_r10_data_left_over_comes_again_with_every_read(pipe: Pipe) -> None:
    write(pipe, b"abc")
    pipe.writer.complete()
    for _ in range(3):
        buffer = read(pipe).buffer
        assert buffer.to_bytes() == b"abc"
        pipe.reader.advance_to(buffer.start, buffer.end)


def test_r11_a_writer_that_completes_with_an_error_raises_it_from_every_read(pipe: Pipe) -> None:
    write(pipe, b"abc")
    pipe.writer.complete(KeyError("no"))
    for _ in range(3):
        with pytest.raises(KeyError):
            read(pipe)
    with pytest.raises(KeyError):
        pipe.reader.try_read()


def test_r11_the_waiting_read_raises_it_too(pipe: Pipe) -> None:
    task = reading(pipe)
    pipe.writer.complete(KeyError("no"))
    with pytest.raises(KeyError):
        task.result()


def test_r11_the_traceback_does_not_grow_with_every_read(pipe: Pipe) -> None:
    pipe.writer.complete(KeyError("no"))
    depths = []
    for _ in range(3):
        with pytest.raises(KeyError) as caught:
            read(pipe)
        depths.append(len(caught.traceback))
    assert len(set(depths)) == 1


def test_r12_try_read_gives_nothing_if_there_is_nothing(pipe: Pipe) -> None:
    assert pipe.reader.try_read() is None
    assert pipe.reader.try_read() is None
    write(pipe, b"abc")
    assert take(pipe) == b"abc"


def test_r12_after_try_read_found_nothing_advance_is_not_needed_and_not_refused(
    pipe: Pipe,
) -> None:
    pipe.reader.try_read()
    pipe.reader.advance_to(None)
    assert pipe.reader.try_read() is None


def test_r12_try_read_gives_data(pipe: Pipe) -> None:
    write(pipe, b"abc")
    result = pipe.reader.try_read()
    assert result is not None
    assert result.buffer.to_bytes() == b"abc"


def test_r12_try_read_gives_the_end(pipe: Pipe) -> None:
    pipe.writer.complete()
    result = pipe.reader.try_read()
    assert result is not None
    assert result.is_completed


def test_r12_try_read_gives_a_cancellation(pipe: Pipe) -> None:
    pipe.reader.cancel_pending_read()
    result = pipe.reader.try_read()
    assert result is not None
    assert result.is_canceled
    assert pipe.reader.try_read() is None


def test_r12_try_read_while_a_read_waits_is_refused(pipe: Pipe) -> None:
    reading(pipe)
    refused(READING_IN_PROGRESS, pipe.reader.try_read)


def test_r12_try_read_does_not_give_what_was_examined(pipe: Pipe) -> None:
    write(pipe, b"abc")
    buffer = read(pipe).buffer
    pipe.reader.advance_to(buffer.start, buffer.end)
    assert pipe.reader.try_read() is None


def test_r13_after_the_reader_completed_nothing_can_be_read(pipe: Pipe) -> None:
    write(pipe, b"abc")
    end = read(pipe).buffer.end
    pipe.reader.complete()
    refused(
        READING_AFTER_COMPLETED,
        lambda: read(pipe),
        lambda: now(pipe.reader.read_at_least(1)),
        pipe.reader.try_read,
        lambda: pipe.reader.advance_to(end),
    )


def test_r13_a_read_that_waits_when_its_own_end_is_completed_raises(pipe: Pipe) -> None:
    """Upstream leaves it waiting for ever."""
    task = reading(pipe)
    pipe.reader.complete()
    refused(READING_AFTER_COMPLETED, task.result)


def test_r14_read_at_least_returns_at_once_if_there_is_enough(pipe: Pipe) -> None:
    write(pipe, b"abcdef")
    assert len(now(pipe.reader.read_at_least(6)).buffer) == 6


def test_r14_read_at_least_waits_until_there_is_enough(pipe: Pipe) -> None:
    task = start_inline(pipe.reader.read_at_least(4))
    write(pipe, b"abc")
    assert not task.done()
    write(pipe, b"def")
    assert task.result().buffer.to_bytes() == b"abcdef"


def test_r14_read_at_least_gives_what_there_is_at_the_end(pipe: Pipe) -> None:
    task = start_inline(pipe.reader.read_at_least(10))
    write(pipe, b"abc")
    pipe.writer.complete()
    for result in (task.result(), None, None):
        again = result or now(pipe.reader.read_at_least(10))
        assert (again.buffer.to_bytes(), again.is_completed) == (b"abc", True)
        pipe.reader.advance_to(again.buffer.start)


def test_r14_read_at_least_gives_what_there_is_when_canceled(pipe: Pipe) -> None:
    task = start_inline(pipe.reader.read_at_least(10))
    write(pipe, b"abc")
    pipe.reader.cancel_pending_read()
    result = task.result()
    assert (result.buffer.to_bytes(), result.is_canceled) == (b"abc", True)


def test_r14_a_negative_minimum_is_refused(pipe: Pipe) -> None:
    with pytest.raises(ValueError, match="negative"):
        now(pipe.reader.read_at_least(-1))


def test_r14_a_minimum_of_nothing_is_a_plain_read(pipe: Pipe) -> None:
    task = start_inline(pipe.reader.read_at_least(0))
    assert not task.done()
    write(pipe, b"a")
    assert task.result().buffer.to_bytes() == b"a"


def test_r14_what_was_examined_does_not_count_again(pipe: Pipe) -> None:
    write(pipe, b"abc")
    buffer = read(pipe).buffer
    pipe.reader.advance_to(buffer.start, buffer.end)
    task = start_inline(pipe.reader.read_at_least(3))
    write(pipe, b"de")
    assert not task.done()
    write(pipe, b"f")
    assert task.result().buffer.to_bytes() == b"abcdef"


def test_r14_after_read_at_least_a_plain_read_needs_one_byte_only(pipe: Pipe) -> None:
    pipe.reader.cancel_pending_read()
    now(pipe.reader.read_at_least(10))
    task = reading(pipe)
    write(pipe, b"a")
    assert task.done()


def test_r14_the_pause_threshold_holds_again_after_read_at_least(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=4)
    task = start_inline(pipe.reader.read_at_least(10))
    pipe.reader.cancel_pending_read()
    assert task.done()
    assert not writing(pipe, b"abcd").done()


def test_many_segments_are_read_in_order_and_leave_no_trail(pipe: Pipe) -> None:
    """The list of segments is cut now and then, although it never becomes empty."""
    write(pipe, b"\x00" * CRUMBS)
    for number in range(1, 1000):
        write(pipe, bytes([number % 256]) * CRUMBS)
        assert take(pipe, CRUMBS) == bytes([(number - 1) % 256]) * CRUMBS
    assert len(pipe._state._segments) < 200


def test_crumbs_are_joined_while_the_reader_lags_behind(pipe: Pipe) -> None:
    for number in range(10_000):
        write(pipe, bytes([number % 256]))
    segments = read(pipe).buffer.segments
    assert b"".join(segments) == bytes(number % 256 for number in range(10_000))
    assert len(segments) <= 10_000 // CRUMBS + 1


def test_a_buffer_given_out_does_not_see_what_was_joined_to_it(pipe: Pipe) -> None:
    write(pipe, b"abc")
    buffer = read(pipe).buffer
    rest = buffer.slice(1)
    write(pipe, b"def")
    assert (buffer.segments, rest.to_bytes()) == ((b"abc",), b"bc")
    assert buffer.position_of(ord("d")) is None
    pipe.reader.advance_to(buffer.get_position(2))
    assert take(pipe) == b"cdef"


@pytest.mark.parametrize("size", [CRUMBS // 2, CRUMBS])
def test_only_crumbs_are_joined(pipe: Pipe, size: int) -> None:
    first, second = bytes(CRUMBS // 2), bytes(size)
    write(pipe, first)
    write(pipe, second)
    segments = read(pipe).buffer.segments
    assert len(segments) == (1 if size == CRUMBS // 2 else 2)
    assert (segments[-1] is second) == (size == CRUMBS)


def test_crumbs_are_not_joined_to_memory_that_was_filled(pipe: Pipe) -> None:
    write(pipe, b"abc")
    pipe.writer.get_memory()[:3] = b"def"
    pipe.writer.advance(3)
    now(pipe.writer.flush())
    write(pipe, b"ghi")
    assert [bytes(segment) for segment in read(pipe).buffer.segments] == [b"abc", b"def", b"ghi"]
