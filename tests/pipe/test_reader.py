"""What every `PipeReader` can do on top of its five methods: A2, and `read_at_least`."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import pytest

from h3producer.pipe.errors import FLUSH_CANCELED, READ_CANCELED, OperationCanceledError
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.reader import PipeReader
from h3producer.pipe.wakeup import start_inline
from tests.pipe.harness import MakePipe, now, read, take, write, write_pieces

if TYPE_CHECKING:
    from h3producer.pipe.results import ReadResult
    from h3producer.pipe.sequence import SequencePosition


class Wrapper(PipeReader):
    """The least a reader has to bring."""

    def __init__(self, reader: PipeReader) -> None:
        self.reader = reader

    async def read(self) -> ReadResult:
        return await self.reader.read()

    def try_read(self) -> ReadResult | None:
        return self.reader.try_read()

    def advance_to(
        self, consumed: SequencePosition | None, examined: SequencePosition | None = None
    ) -> None:
        self.reader.advance_to(consumed, examined)

    def cancel_pending_read(self) -> None:
        self.reader.cancel_pending_read()

    def complete(self, error: BaseException | None = None) -> None:
        self.reader.complete(error)


def test_a2_copy_to_carries_everything_until_the_source_is_complete(
    make_pipe: MakePipe,
) -> None:
    source, target = make_pipe(), make_pipe()
    task = start_inline(source.reader.copy_to(target.writer))
    for part in (b"ab", b"c", b"def"):
        write(source, part)
    assert not task.done()
    source.writer.complete()
    assert task.done()
    assert take(target) == b"abcdef"


def test_a2_copy_to_completes_neither_side(make_pipe: MakePipe) -> None:
    source, target = make_pipe(), make_pipe()
    source.writer.complete()
    now(source.reader.copy_to(target.writer))
    assert read(source).is_completed
    write(target, b"more")


def test_a2_copy_to_stops_when_nobody_reads_the_destination(make_pipe: MakePipe) -> None:
    source, target = make_pipe(), make_pipe()
    target.reader.complete()
    task = start_inline(source.reader.copy_to(target.writer))
    write(source, b"abc")
    assert task.done()
    task.result()


def test_a2_copy_to_waits_for_room_at_the_destination(make_pipe: MakePipe) -> None:
    source, target = make_pipe(), make_pipe(pause=1)
    start_inline(source.reader.copy_to(target.writer))
    write(source, b"abc")
    write(source, b"def")
    assert (source.length, target.length) == (6, 3)
    assert take(target) == b"abc"
    assert take(target) == b"def"
    assert source.length == 0


def test_a2_a_canceled_read_ends_copy_to_with_an_error(make_pipe: MakePipe) -> None:
    source, target = make_pipe(), make_pipe()
    write(source, b"abc")
    source.reader.cancel_pending_read()
    with pytest.raises(OperationCanceledError, match=READ_CANCELED):
        now(source.reader.copy_to(target.writer))
    assert take(source) == b"abc"


def test_a2_a_canceled_flush_ends_copy_to_with_an_error(make_pipe: MakePipe) -> None:
    source, target = make_pipe(), make_pipe()
    write_pieces(source, b"abc", b"def")
    target.writer.cancel_pending_flush()
    with pytest.raises(OperationCanceledError, match=FLUSH_CANCELED):
        now(source.reader.copy_to(target.writer))
    assert (take(target), take(source)) == (b"abc", b"def")


def test_a2_what_the_destination_refused_is_not_consumed(make_pipe: MakePipe) -> None:
    source, target = make_pipe(), make_pipe()
    write(source, b"abc")
    write(source, b"def")
    target.reader.complete(KeyError("full"))
    with pytest.raises(KeyError):
        now(source.reader.copy_to(target.writer))
    assert take(source) == b"abcdef"


class FullAfter(io.RawIOBase):
    """Takes so many writes, then fails."""

    def __init__(self, writes: int) -> None:
        self.left = writes

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.left -= 1
        if self.left < 0:
            raise OSError("full")
        return len(bytes(data))  # type: ignore[call-overload]  # as io has it


def test_a2_what_the_destination_took_before_it_failed_is_consumed(make_pipe: MakePipe) -> None:
    source = make_pipe()
    write_pieces(source, b"abc", b"def", b"ghi")
    with pytest.raises(OSError, match="full"):
        now(source.reader.copy_to(FullAfter(2)))
    assert take(source) == b"ghi"


def test_a2_copy_to_takes_a_file_too_and_leaves_it_open(make_pipe: MakePipe) -> None:
    source, file = make_pipe(), io.BytesIO()
    write(source, b"abc")
    source.writer.complete()
    now(source.reader.copy_to(file))
    assert file.getvalue() == b"abc"


async def test_a2_cancelling_the_copying_task_neither_loses_nor_repeats(
    make_pipe: MakePipe,
) -> None:
    source, target = make_pipe(), make_pipe(pause=1)
    write_pieces(source, b"abc", b"def")
    task = asyncio.create_task(source.reader.copy_to(target.writer))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (take(target), take(source)) == (b"abc", b"def")


def test_the_default_read_at_least_reads_until_there_is_enough(make_pipe: MakePipe) -> None:
    pipe = make_pipe()
    task = start_inline(Wrapper(pipe.reader).read_at_least(4))
    write(pipe, b"abc")
    assert not task.done()
    write(pipe, b"def")
    assert task.result().buffer.to_bytes() == b"abcdef"


def test_the_default_read_at_least_ends_with_the_data(make_pipe: MakePipe) -> None:
    pipe = make_pipe()
    write(pipe, b"abc")
    pipe.writer.complete()
    result = now(Wrapper(pipe.reader).read_at_least(4))
    assert (result.is_completed, len(result.buffer)) == (True, 3)


def test_the_default_read_at_least_can_be_canceled(make_pipe: MakePipe) -> None:
    pipe = make_pipe()
    task = start_inline(Wrapper(pipe.reader).read_at_least(4))
    Wrapper(pipe.reader).cancel_pending_read()
    assert task.result().is_canceled


def test_the_default_read_at_least_refuses_a_negative_minimum(make_pipe: MakePipe) -> None:
    with pytest.raises(ValueError, match="negative"):
        now(Wrapper(make_pipe().reader).read_at_least(-1))


def test_a_wrapper_has_all_the_rest(make_pipe: MakePipe) -> None:
    pipe, target = make_pipe(), make_pipe()
    wrapper = Wrapper(pipe.reader)
    write(pipe, b"abc")
    result = wrapper.try_read()
    assert result is not None
    wrapper.advance_to(result.buffer.start)
    pipe.writer.complete()
    now(wrapper.copy_to(target.writer))
    now(wrapper.complete_async())
    assert take(target) == b"abc"
    pipe.reset()


def test_a_reader_cannot_be_made_without_its_methods() -> None:
    with pytest.raises(TypeError, match="abstract"):
        PipeReader()  # type: ignore[abstract]  # the point of the test


def test_pipes_of_another_kind_can_be_copied_into(make_pipe: MakePipe) -> None:
    source, target = make_pipe(), Pipe()
    source.writer.get_memory()[:3] = b"abc"
    source.writer.advance(3)
    source.writer.complete()
    now(source.reader.copy_to(target.writer))
    assert take(target) == b"abc"
