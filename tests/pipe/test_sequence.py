"""`ReadOnlySequence` against the plain bytes it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.pipe.errors import BUFFER_IS_GONE
from h3producer.pipe.sequence import SEARCH_STEP, ReadOnlySequence, SequencePosition
from tests.pipe.harness import MakePipe, flushing, read, refused, write

if TYPE_CHECKING:
    from h3producer.pipe.pipe import Pipe


@st.composite
def pieces(draw: st.DrawFn) -> list[bytes | memoryview]:
    """Pieces of both kinds, some empty."""
    parts = draw(st.lists(st.binary(max_size=5), max_size=6))
    return [memoryview(part) if draw(st.booleans()) else part for part in parts]


@st.composite
def sequences(draw: st.DrawFn) -> tuple[bytes, ReadOnlySequence]:
    """A sequence, perhaps a slice of a longer one, and the same as bytes."""
    parts = draw(pieces())
    data, sequence = b"".join(parts), ReadOnlySequence.of(*parts)
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, len(data)))
    return data[start:end], sequence.slice(start, end)


@given(sequences())
def test_it_is_as_long_as_its_bytes(pair: tuple[bytes, ReadOnlySequence]) -> None:
    data, sequence = pair
    assert len(sequence) == sequence.length == len(data) == sequence.end - sequence.start
    assert sequence.is_empty == (not data)
    assert bool(sequence) == bool(data)


@given(sequences())
def test_its_segments_joined_are_its_bytes(pair: tuple[bytes, ReadOnlySequence]) -> None:
    data, sequence = pair
    assert b"".join(sequence.segments) == sequence.to_bytes() == bytes(sequence) == data
    assert all(sequence.segments)
    assert bytes(sequence.first) == bytes(next(iter(sequence.segments), b""))
    assert sequence.is_single_segment == (len(sequence.segments) <= 1)


@given(sequences(), st.data())
def test_a_slice_by_offsets_is_a_slice_of_the_bytes(
    pair: tuple[bytes, ReadOnlySequence], choice: st.DataObject
) -> None:
    data, sequence = pair
    start = choice.draw(st.integers(0, len(data)))
    end = choice.draw(st.integers(start, len(data)))
    assert sequence.slice(start).to_bytes() == data[start:]
    assert sequence.slice(start, end).to_bytes() == data[start:end]


@given(sequences(), st.data())
def test_a_slice_by_positions_is_the_same_as_by_offsets(
    pair: tuple[bytes, ReadOnlySequence], choice: st.DataObject
) -> None:
    data, sequence = pair
    start = choice.draw(st.integers(0, len(data)))
    end = choice.draw(st.integers(start, len(data)))
    begin, finish = sequence.get_position(start), sequence.get_position(end)
    assert sequence.slice(begin, finish).to_bytes() == data[start:end]
    assert sequence.slice(begin).slice(0, finish).to_bytes() == data[start:end]
    assert sequence.get_position(end - start, begin) == finish


@given(sequences(), st.integers(0, 255))
def test_position_of_finds_the_first(pair: tuple[bytes, ReadOnlySequence], byte: int) -> None:
    data, sequence = pair
    wanted = data[len(data) // 2] if data else byte
    for value in (wanted, byte):
        position = sequence.position_of(value)
        index = data.find(value)
        assert position == (None if index < 0 else sequence.get_position(index))


def test_a_long_memoryview_is_searched_to_its_end() -> None:
    data = bytes(3 * SEARCH_STEP) + b"\n"
    sequence = ReadOnlySequence.of(memoryview(data))
    assert sequence.position_of(ord("\n")) == 3 * SEARCH_STEP


def test_one_whole_bytes_object_comes_back_as_itself() -> None:
    data = b"hello"
    sequence = ReadOnlySequence.of(data)
    assert sequence.to_bytes() is data
    assert sequence.segments[0] is data
    assert sequence.first is data


def test_segments_are_not_joined_and_not_copied() -> None:
    one, two = b"one", memoryview(b"two")
    segments = ReadOnlySequence.of(one, two).segments
    assert segments[0] is one
    assert segments[1] is two


@pytest.mark.parametrize(("start", "end"), [(-1, None), (6, None), (0, 6), (0, -1), (3, 2)])
def test_a_slice_outside_is_refused(start: int, end: int | None) -> None:
    with pytest.raises(ValueError, match="outside"):
        ReadOnlySequence.of(b"ab", b"cde").slice(start, end)


def test_a_slice_with_a_position_of_another_place_is_refused() -> None:
    sequence = ReadOnlySequence.of(b"abcde").slice(1, 3)
    with pytest.raises(ValueError, match="outside"):
        sequence.slice(SequencePosition(0))
    with pytest.raises(ValueError, match="outside"):
        sequence.slice(1, SequencePosition(4))


@pytest.mark.parametrize("offset", [-1, 6])
def test_a_position_outside_is_refused(offset: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        ReadOnlySequence.of(b"abcde").get_position(offset)


def test_a_position_counted_from_another_may_not_leave_the_sequence() -> None:
    sequence = ReadOnlySequence.of(b"abcde")
    with pytest.raises(ValueError, match="outside"):
        sequence.get_position(2, sequence.get_position(4))


def test_positions_can_be_compared_and_shown() -> None:
    sequence = ReadOnlySequence.of(b"abc")
    assert sequence.start < sequence.get_position(1) < sequence.end
    assert repr(sequence.end) == "SequencePosition(3)"


def test_the_repr_shows_places_and_length() -> None:
    assert repr(ReadOnlySequence.of(b"abc").slice(1)) == "<ReadOnlySequence 1..3, 2 bytes>"


# After its pipe took the bytes back.


def written(pipe: Pipe, *parts: bytes, by_memory: bool) -> ReadOnlySequence:
    for part in parts:
        if by_memory:
            pipe.writer.get_memory(len(part))[: len(part)] = part
            pipe.writer.advance(len(part))
        else:
            pipe.writer.write(part)
    flushing(pipe)
    return read(pipe).buffer


@pytest.mark.parametrize("by_memory", [False, True])
@pytest.mark.parametrize("count", [3, 6])
def test_a_buffer_is_gone_once_it_is_consumed(
    make_pipe: MakePipe, by_memory: bool, count: int
) -> None:
    pipe = make_pipe(segment=4)
    buffer = written(pipe, b"abc", b"def", by_memory=by_memory)
    pipe.reader.advance_to(buffer.get_position(count))
    refused(
        BUFFER_IS_GONE,
        buffer.to_bytes,
        lambda: buffer.segments,
        lambda: buffer.first,
        lambda: buffer.position_of(ord("z")),
        lambda: buffer.slice(5),
    )


def test_a_buffer_of_one_write_is_gone_once_it_is_consumed(make_pipe: MakePipe) -> None:
    pipe = make_pipe()
    buffer = written(pipe, b"abc", by_memory=False)
    pipe.reader.advance_to(buffer.end)
    write(pipe, b"xyz")
    refused(BUFFER_IS_GONE, buffer.to_bytes, lambda: buffer.slice(1))


@pytest.mark.parametrize("by_memory", [False, True])
def test_a_buffer_is_gone_once_the_reader_completed(make_pipe: MakePipe, by_memory: bool) -> None:
    pipe = make_pipe()
    buffer = written(pipe, b"abc", by_memory=by_memory)
    pipe.reader.complete()
    refused(BUFFER_IS_GONE, buffer.to_bytes)


def test_what_was_not_consumed_of_an_old_buffer_is_still_right(make_pipe: MakePipe) -> None:
    pipe = make_pipe()
    rest = written(pipe, b"abc", b"def", by_memory=False).slice(4)
    pipe.reader.advance_to(SequencePosition(2))
    write(pipe, b"ghi")
    assert rest.to_bytes() == b"ef"


def test_an_empty_buffer_stays_what_it_is(make_pipe: MakePipe) -> None:
    pipe = make_pipe()
    pipe.reader.cancel_pending_read()
    buffer = read(pipe).buffer
    write(pipe, b"abc")
    assert buffer.to_bytes() == b""
    assert buffer.slice(0).is_empty
    assert buffer.position_of(ord("a")) is None


def test_bytes_taken_from_a_buffer_outlive_it(make_pipe: MakePipe) -> None:
    pipe = make_pipe()
    buffer = written(pipe, b"abc", b"def", by_memory=False)
    segments = buffer.segments
    pipe.reader.advance_to(buffer.end)
    assert segments == (b"abc", b"def")


def test_a_buffer_older_than_the_list_it_looks_at_is_gone_too(make_pipe: MakePipe) -> None:
    """The pipe has cut its list meanwhile, and the old one still holds released views."""
    pipe = make_pipe(segment=1)
    for _ in range(200):
        written_one(pipe)
    old = read(pipe).buffer.slice(150)
    pipe.reader.advance_to(SequencePosition(140))
    read(pipe)
    pipe.reader.advance_to(SequencePosition(160))
    refused(BUFFER_IS_GONE, old.to_bytes, lambda: old.slice(20))


def written_one(pipe: Pipe) -> None:
    pipe.writer.get_memory()[0] = 1
    pipe.writer.advance(1)
    flushing(pipe)
