"""Statements M1 to M4: where the memory of `get_memory` comes from and goes to.

The rule that has no number, and the reason for CVE-2024-38229 upstream: memory that anybody
still holds is never given to anybody else.
"""

from __future__ import annotations

from pickle import PickleBuffer
from typing import TYPE_CHECKING

import pytest

from h3producer.pipe.blocks import MAXIMUM_IDLE_BLOCKS
from tests.pipe.harness import MakePipe, flushing, read, take, write

if TYPE_CHECKING:
    from h3producer.pipe.pipe import Pipe


@pytest.fixture
def pipe(make_pipe: MakePipe) -> Pipe:
    """Blocks of four bytes, so that they are soon full."""
    return make_pipe(segment=4)


def fill(pipe: Pipe, data: bytes) -> None:
    """Write through `get_memory`, one block after the other."""
    while data:
        memory = pipe.writer.get_memory()
        size = min(len(memory), len(data))
        memory[:size] = data[:size]
        pipe.writer.advance(size)
        data = data[size:]
    flushing(pipe)


def idle(pipe: Pipe) -> int:
    return pipe._state.idle_blocks


def test_m1_a_consumed_block_goes_back_at_once(pipe: Pipe) -> None:
    fill(pipe, b"abcdefghij")
    assert take(pipe, 4) == b"abcd"
    assert idle(pipe) == 1
    assert take(pipe, 4) == b"efgh"
    assert idle(pipe) == 2


def test_m1_a_block_goes_back_when_the_last_byte_of_it_is_consumed(pipe: Pipe) -> None:
    fill(pipe, b"abcde")
    take(pipe, 3)
    assert idle(pipe) == 0
    take(pipe, 1)
    assert idle(pipe) == 1


def test_m1_the_block_being_written_stays(pipe: Pipe) -> None:
    fill(pipe, b"ab")
    memory = pipe.writer.get_memory()
    take(pipe)
    assert idle(pipe) == 0
    memory[:2] = b"cd"
    pipe.writer.advance(2)
    flushing(pipe)
    assert take(pipe) == b"cd"


def test_m1_the_block_of_unflushed_bytes_stays(pipe: Pipe) -> None:
    fill(pipe, b"ab")
    pipe.writer.get_memory()[:1] = b"c"
    pipe.writer.advance(1)
    take(pipe)
    assert idle(pipe) == 0
    flushing(pipe)
    assert take(pipe) == b"c"
    assert idle(pipe) == 1


def test_m1_a_block_that_nobody_writes_goes_back_when_all_is_consumed(pipe: Pipe) -> None:
    """The newest rule: between a flush and the next `get_memory` no block is being written."""
    fill(pipe, b"ab")
    take(pipe)
    assert idle(pipe) == 1
    with pytest.raises(ValueError, match="advance"):
        pipe.writer.advance(1)


def test_m1_a_block_is_used_again(pipe: Pipe) -> None:
    fill(pipe, b"ab")
    take(pipe)
    fill(pipe, b"cd")
    assert idle(pipe) == 0
    assert take(pipe) == b"cd"


def test_m1_bytes_written_by_reference_between_blocks_do_not_disturb(pipe: Pipe) -> None:
    fill(pipe, b"abcd")
    write(pipe, b"ref")
    fill(pipe, b"efgh")
    assert take(pipe) == b"abcdrefefgh"
    assert idle(pipe) == 2


def test_m2_when_both_ends_are_complete_every_block_is_let_go(pipe: Pipe) -> None:
    fill(pipe, b"abcdef")
    take(pipe, 4)
    pipe.writer.get_memory()
    pipe.writer.complete()
    pipe.reader.complete()
    assert (idle(pipe), pipe._state._blocks) == (0, None)


def test_m3_more_than_a_block_is_a_block_of_its_own_and_is_not_kept(pipe: Pipe) -> None:
    memory = pipe.writer.get_memory(10)
    assert len(memory) == 10
    memory[:] = b"0123456789"
    pipe.writer.advance(10)
    flushing(pipe)
    assert take(pipe) == b"0123456789"
    assert idle(pipe) == 0


def test_m3_a_hint_of_just_a_block_is_a_block(pipe: Pipe) -> None:
    assert len(pipe.writer.get_memory(4)) == 4
    pipe.writer.advance(4)
    flushing(pipe)
    take(pipe)
    assert idle(pipe) == 1


def test_m4_no_more_than_256_blocks_are_kept(pipe: Pipe) -> None:
    assert MAXIMUM_IDLE_BLOCKS == 256
    fill(pipe, bytes(4 * 300))
    take(pipe)
    assert idle(pipe) == 256


def test_memory_given_to_the_writer_stays_its_own_after_both_ends_completed(pipe: Pipe) -> None:
    memory = pipe.writer.get_memory()
    pipe.writer.complete()
    pipe.reader.complete()
    pipe.reset()
    other = pipe.writer.get_memory()
    memory[:] = b"mine"
    assert bytes(other) == bytes(4)


def test_memory_that_was_sliced_and_kept_is_never_given_out_again(pipe: Pipe) -> None:
    kept = pipe.writer.get_memory()[:2]
    pipe.writer.advance(2)
    flushing(pipe)
    take(pipe)
    assert idle(pipe) == 0
    other = pipe.writer.get_memory()
    kept[:] = b"xx"
    assert bytes(other) == bytes(4)


def test_a_view_that_a_reader_kept_still_shows_its_own_bytes(pipe: Pipe) -> None:
    fill(pipe, b"abcd")
    buffer = read(pipe).buffer
    kept = memoryview(buffer.segments[0])[1:3]
    pipe.reader.advance_to(buffer.end)
    assert idle(pipe) == 0
    fill(pipe, b"wxyz")
    assert bytes(kept) == b"bc"


def test_the_view_that_a_reader_was_given_ends_with_its_bytes(pipe: Pipe) -> None:
    fill(pipe, b"abcd")
    buffer = read(pipe).buffer
    (segment,) = buffer.segments
    pipe.reader.advance_to(buffer.end)
    with pytest.raises(ValueError, match="released"):
        bytes(segment)


def test_a_reader_cannot_write(pipe: Pipe) -> None:
    fill(pipe, b"abcd")
    (segment,) = read(pipe).buffer.segments
    assert isinstance(segment, memoryview)
    assert segment.readonly


def test_memory_ends_with_its_advance(pipe: Pipe) -> None:
    memory = pipe.writer.get_memory()
    pipe.writer.advance(1)
    with pytest.raises(ValueError, match="released"):
        memory[0] = 1


def test_memory_that_something_else_uses_is_left_to_it(pipe: Pipe) -> None:
    """As a `recv_into` in another thread does: such a view cannot be released."""
    memory = pipe.writer.get_memory()
    user = PickleBuffer(memory)
    pipe.writer.advance(2)
    memory[2:] = b"xx"
    flushing(pipe)
    take(pipe)
    assert idle(pipe) == 0
    assert bytes(pipe.writer.get_memory()) == bytes(4)
    user.release()


def test_a_segment_that_something_else_uses_is_left_to_it(pipe: Pipe) -> None:
    fill(pipe, b"abcd")
    buffer = read(pipe).buffer
    user = PickleBuffer(buffer.segments[0])
    pipe.reader.advance_to(buffer.end)
    fill(pipe, b"wxyz")
    assert bytes(user) == b"abcd"
    assert idle(pipe) == 0
    user.release()
