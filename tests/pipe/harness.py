"""Steps that the pipe tests share. Nothing here waits: an `InlineTask` shows what does.

A test starts a read or a flush with `reading` or `flushing`, looks whether it is `done()`, does
something at the other end, and looks again. No event loop is needed, except where a task is to
be cancelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import pytest

from h3producer.pipe.errors import InvalidOperationError
from h3producer.pipe.wakeup import InlineTask, start_inline

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from h3producer.pipe.pipe import Pipe
    from h3producer.pipe.results import FlushResult, ReadResult

__all__ = [
    "Elsewhere",
    "MakePipe",
    "flushing",
    "now",
    "read",
    "reading",
    "refused",
    "take",
    "write",
    "write_pieces",
    "writing",
]

S = TypeVar("S")
T = TypeVar("T")


class MakePipe(Protocol):
    """The `make_pipe` fixture: a pipe for one thread and, in a second run, one for two."""

    def __call__(self, *, pause: int = ..., resume: int = ..., segment: int = ...) -> Pipe: ...


class Elsewhere:
    """Acts like the inline scheduler, but a pipe cannot know that and takes its lock."""

    def schedule(self, action: Callable[[S], object], state: S) -> None:
        action(state)


def refused(message: str, *attempts: Callable[[], object]) -> None:
    """Each of these calls is misuse, and says so in upstream's words."""
    for attempt in attempts:
        with pytest.raises(InvalidOperationError) as caught:
            attempt()
        assert str(caught.value) == message


def now(coroutine: Coroutine[object, None, T]) -> T:
    """The result of something that must not wait."""
    task = start_inline(coroutine)
    assert task.done(), "it waits"
    return task.result()


def reading(pipe: Pipe) -> InlineTask[ReadResult]:
    return start_inline(pipe.reader.read())


def flushing(pipe: Pipe) -> InlineTask[FlushResult]:
    return start_inline(pipe.writer.flush())


def writing(pipe: Pipe, data: bytes) -> InlineTask[FlushResult]:
    pipe.writer.write(data)
    return flushing(pipe)


def write(pipe: Pipe, data: bytes) -> FlushResult:
    """Write and flush, which must not wait."""
    return now(pipe.writer.write_async(data))


def write_pieces(pipe: Pipe, *pieces: bytes) -> None:
    """Write several pieces in one flush, which must not wait: each stays a segment."""
    for piece in pieces:
        pipe.writer.write(piece)
    assert flushing(pipe).done(), "it waits"


def read(pipe: Pipe) -> ReadResult:
    """Read, which must not wait, and leave the read open."""
    return now(pipe.reader.read())


def take(pipe: Pipe, count: int | None = None) -> bytes:
    """Read and consume `count` bytes, or all; must not wait."""
    buffer = read(pipe).buffer.slice(0)
    taken = buffer if count is None else buffer.slice(0, count)
    data = taken.to_bytes()
    pipe.reader.advance_to(taken.end)
    return data
