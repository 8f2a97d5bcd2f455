"""What every `PipeWriter` can do on top of its abstract methods."""

from __future__ import annotations

import pytest

from h3producer.pipe.results import FLUSHED, FlushResult
from h3producer.pipe.writer import PipeWriter
from tests.pipe.harness import MakePipe, now, read, take


class Wrapper(PipeWriter):
    """The least a writer has to bring."""

    def __init__(self, writer: PipeWriter) -> None:
        self.writer = writer

    def get_memory(self, size_hint: int = 0) -> memoryview:
        return self.writer.get_memory(size_hint)

    def advance(self, count: int) -> None:
        self.writer.advance(count)

    async def flush(self) -> FlushResult:
        return await self.writer.flush()

    def cancel_pending_flush(self) -> None:
        self.writer.cancel_pending_flush()

    def complete(self, error: BaseException | None = None) -> None:
        self.writer.complete(error)


def test_the_default_write_copies_through_the_memory(make_pipe: MakePipe) -> None:
    pipe = make_pipe(segment=4)
    assert now(Wrapper(pipe.writer).write_async(b"0123456789")) == FLUSHED
    buffer = read(pipe).buffer
    assert [bytes(segment) for segment in buffer.segments] == [b"0123", b"4567", b"89"]


def test_the_default_write_takes_wide_views_as_bytes(make_pipe: MakePipe) -> None:
    pipe = make_pipe()
    Wrapper(pipe.writer).write(memoryview(b"\x01\x00\x02\x00").cast("H"))
    now(Wrapper(pipe.writer).flush())
    assert take(pipe) == b"\x01\x00\x02\x00"


def test_by_default_unflushed_bytes_are_not_counted(make_pipe: MakePipe) -> None:
    with pytest.raises(NotImplementedError, match="Wrapper"):
        _ = Wrapper(make_pipe().writer).unflushed_bytes


def test_by_default_a_writer_cannot_publish_without_waiting(make_pipe: MakePipe) -> None:
    with pytest.raises(NotImplementedError, match="Wrapper"):
        Wrapper(make_pipe().writer).publish()


def test_the_default_complete_async_completes(make_pipe: MakePipe) -> None:
    pipe = make_pipe()
    wrapper = Wrapper(pipe.writer)
    wrapper.cancel_pending_flush()
    assert now(wrapper.flush()).is_canceled
    now(wrapper.complete_async())
    assert read(pipe).is_completed


def test_a_writer_cannot_be_made_without_its_methods() -> None:
    with pytest.raises(TypeError, match="abstract"):
        PipeWriter()  # type: ignore[abstract]  # the point of the test
