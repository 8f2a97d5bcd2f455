"""Statements W1 to W8: what the writing end accepts, and when a reader sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.pipe.errors import WRITING_AFTER_COMPLETED
from h3producer.pipe.results import COMPLETED, FLUSHED
from tests.pipe.harness import MakePipe, flushing, now, read, reading, refused, take, write, writing

if TYPE_CHECKING:
    from h3producer.pipe.pipe import Pipe


@pytest.mark.parametrize("hint", [0, 1, 10, 4096, 4097, 100_000])
def test_w1_get_memory_gives_at_least_the_hint_and_never_nothing(pipe: Pipe, hint: int) -> None:
    assert len(pipe.writer.get_memory(hint)) >= max(hint, 1)


@pytest.mark.parametrize("segment", [0, 1])
def test_w1_memory_is_not_empty_even_with_tiny_segments(make_pipe: MakePipe, segment: int) -> None:
    assert len(make_pipe(segment=segment).writer.get_memory()) == 1


def test_w1_a_negative_hint_is_refused(pipe: Pipe) -> None:
    with pytest.raises(ValueError, match="negative"):
        pipe.writer.get_memory(-1)


def test_w1_the_same_memory_comes_again_until_it_is_advanced(pipe: Pipe) -> None:
    memory = pipe.writer.get_memory()
    assert pipe.writer.get_memory(10) is memory
    pipe.writer.advance(1)
    assert pipe.writer.get_memory() is not memory


def test_w1_after_advance_the_memory_is_what_is_left_of_the_block(pipe: Pipe) -> None:
    pipe.writer.get_memory()
    pipe.writer.advance(96)
    assert len(pipe.writer.get_memory()) == 4000


def test_w1_a_larger_hint_ends_the_memory_given_before(pipe: Pipe) -> None:
    memory = pipe.writer.get_memory()
    pipe.writer.get_memory(5000)
    with pytest.raises(ValueError, match="released"):
        memory[0] = 1


@pytest.mark.parametrize("count", [-1, 4097])
def test_w2_advance_beyond_the_memory_is_refused_and_changes_nothing(
    pipe: Pipe, count: int
) -> None:
    pipe.writer.get_memory()
    with pytest.raises(ValueError, match="advance"):
        pipe.writer.advance(count)
    assert pipe.writer.unflushed_bytes == 0


def test_w2_advance_without_memory_is_refused(pipe: Pipe) -> None:
    with pytest.raises(ValueError, match="advance"):
        pipe.writer.advance(1)


def test_w2_advance_by_nothing_is_always_allowed(pipe: Pipe) -> None:
    pipe.writer.advance(0)
    pipe.writer.get_memory()
    pipe.writer.advance(0)
    assert pipe.writer.unflushed_bytes == 0


def test_w2_the_whole_memory_may_be_advanced(pipe: Pipe) -> None:
    pipe.writer.get_memory()[:] = b"x" * 4096
    pipe.writer.advance(4096)
    flushing(pipe)
    assert take(pipe) == b"x" * 4096


def test_w2_memory_may_be_advanced_in_steps(pipe: Pipe) -> None:
    pipe.writer.get_memory()[:3] = b"abc"
    pipe.writer.advance(1)
    pipe.writer.advance(2)
    flushing(pipe)
    buffer = read(pipe).buffer
    assert [bytes(segment) for segment in buffer.segments] == [b"abc"]


def test_w3_written_bytes_are_invisible_until_the_flush(pipe: Pipe) -> None:
    pipe.writer.write(b"abc")
    assert pipe.reader.try_read() is None
    flushing(pipe)
    assert take(pipe) == b"abc"


def test_w3_advanced_bytes_are_invisible_until_the_flush(pipe: Pipe) -> None:
    pipe.writer.get_memory()[:3] = b"abc"
    pipe.writer.advance(3)
    task = reading(pipe)
    assert not task.done()
    flushing(pipe)
    assert task.result().buffer.to_bytes() == b"abc"


def test_w3_unflushed_bytes_behind_flushed_ones_are_invisible(pipe: Pipe) -> None:
    write(pipe, b"abc")
    pipe.writer.write(b"def")
    assert take(pipe) == b"abc"
    assert pipe.reader.try_read() is None


def test_w3_unflushed_bytes_counts_both_ways_of_writing(pipe: Pipe) -> None:
    pipe.writer.write(b"abc")
    pipe.writer.get_memory()
    pipe.writer.advance(4)
    assert pipe.writer.unflushed_bytes == 7
    flushing(pipe)
    assert pipe.writer.unflushed_bytes == 0


def test_w4_a_flush_of_nothing_does_not_wake_the_reader(pipe: Pipe) -> None:
    task = reading(pipe)
    assert flushing(pipe).result() == FLUSHED
    assert not task.done()


def test_w4_a_flush_of_nothing_does_not_wake_a_reader_that_examined_all(pipe: Pipe) -> None:
    write(pipe, b"abc")
    buffer = read(pipe).buffer
    pipe.reader.advance_to(buffer.start, buffer.end)
    task = reading(pipe)
    pipe.writer.write(b"")
    flushing(pipe)
    assert not task.done()


def test_w5_write_async_writes_and_flushes(pipe: Pipe) -> None:
    assert now(pipe.writer.write_async(b"hello")) == FLUSHED
    assert take(pipe) == b"hello"


def test_w5_write_keeps_a_reference_to_bytes(pipe: Pipe) -> None:
    data = b"hello"
    write(pipe, data)
    assert read(pipe).buffer.to_bytes() is data


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_w5_write_copies_what_may_change(
    pipe: Pipe, kind: type[bytearray] | type[memoryview]
) -> None:
    source = bytearray(b"hello")
    pipe.writer.write(kind(source))
    source[0] = 0
    flushing(pipe)
    assert take(pipe) == b"hello"


@pytest.mark.parametrize("wrong", ["text", 5, None])
def test_w5_write_refuses_what_is_not_bytes(pipe: Pipe, wrong: object) -> None:
    with pytest.raises(TypeError):
        pipe.writer.write(wrong)  # type: ignore[arg-type]  # the point of the test


def test_w5_writes_and_advances_keep_their_order(pipe: Pipe) -> None:
    writer = pipe.writer
    for letter in b"ace":
        writer.get_memory()[0] = letter
        writer.advance(1)
        writer.write(bytes([letter + 1]))
    flushing(pipe)
    assert take(pipe) == b"abcdef"


def test_w5_data_larger_than_a_segment_spans_segments(make_pipe: MakePipe) -> None:
    pipe = make_pipe(segment=4)
    for start in range(0, 10, 3):
        part = b"0123456789"[start : start + 3]
        pipe.writer.get_memory(len(part))[: len(part)] = part
        pipe.writer.advance(len(part))
    flushing(pipe)
    buffer = read(pipe).buffer
    assert [bytes(segment) for segment in buffer.segments] == [b"012", b"345", b"6789"]
    assert buffer.to_bytes() == b"0123456789"


def test_w6_complete_commits_what_was_advanced(pipe: Pipe) -> None:
    pipe.writer.get_memory()[:3] = b"abc"
    pipe.writer.advance(3)
    pipe.writer.complete()
    result = read(pipe)
    assert (result.buffer.to_bytes(), result.is_completed) == (b"abc", True)


def test_w6_complete_wakes_the_reader_with_the_rest(pipe: Pipe) -> None:
    task = reading(pipe)
    pipe.writer.write(b"abc")
    pipe.writer.complete()
    result = task.result()
    assert (result.buffer.to_bytes(), result.is_completed) == (b"abc", True)


def test_w7_after_complete_nothing_can_be_written(pipe: Pipe) -> None:
    pipe.writer.get_memory()
    pipe.writer.complete()
    refused(
        WRITING_AFTER_COMPLETED,
        lambda: pipe.writer.write(b"x"),
        pipe.writer.get_memory,
        lambda: pipe.writer.advance(1),
        pipe.writer.publish,
        flushing(pipe).result,
        lambda: now(pipe.writer.write_async(b"x")),
    )


def test_w7_complete_again_is_harmless(pipe: Pipe) -> None:
    pipe.writer.complete()
    pipe.writer.complete(KeyError("late"))
    assert read(pipe).is_completed


def test_w8_after_the_reader_completed_a_flush_says_so_at_once(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=1)
    pipe.reader.complete()
    assert writing(pipe, b"abc").result() == COMPLETED


def test_w8_a_completing_reader_releases_the_waiting_flush(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=1)
    task = writing(pipe, b"abc")
    assert not task.done()
    pipe.reader.complete()
    assert task.result() == COMPLETED


def test_w8_what_is_written_to_a_completed_reader_is_dropped(pipe: Pipe) -> None:
    pipe.reader.complete()
    pipe.writer.write(b"abc")
    assert pipe.writer.unflushed_bytes == 0
    assert flushing(pipe).result() == COMPLETED


def test_w8_what_was_unflushed_when_the_reader_completed_is_dropped(pipe: Pipe) -> None:
    pipe.writer.write(b"abc")
    pipe.reader.complete()
    assert flushing(pipe).result() == COMPLETED
    assert (pipe.writer.unflushed_bytes, pipe.length) == (0, 0)


def test_w8_memory_still_works_for_a_completed_reader_and_goes_nowhere(pipe: Pipe) -> None:
    pipe.reader.complete()
    pipe.writer.get_memory()[:3] = b"abc"
    pipe.writer.advance(3)
    assert pipe.writer.unflushed_bytes == 0
    with pytest.raises(ValueError, match="advance"):
        pipe.writer.advance(5000)


def test_w8_a_completed_writer_is_told_before_a_completed_reader(pipe: Pipe) -> None:
    pipe.reader.complete()
    pipe.writer.complete()
    refused(WRITING_AFTER_COMPLETED, lambda: now(pipe.writer.write_async(b"x")))


def test_publish_hands_on_without_waiting(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=1)
    task = reading(pipe)
    pipe.writer.publish()
    assert not task.done()
    pipe.writer.write(b"abc")
    pipe.writer.publish()
    assert task.result().buffer.to_bytes() == b"abc"


def test_publish_without_a_reader_that_waits_only_commits(pipe: Pipe) -> None:
    pipe.writer.write(b"abc")
    pipe.writer.publish()
    assert (pipe.length, take(pipe)) == (3, b"abc")
