"""Both directions of one conversation (upstream `IDuplexPipe`).

This file knows which end belongs to whom. It refuses to know what is said. Unlike a `Pipe`, a
duplex pipe is one side: what is written to its `output` does not come out of its `input`, but
at the other side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from h3producer.pipe.options import PipeOptions
from h3producer.pipe.pipe import Pipe

if TYPE_CHECKING:
    from h3producer.pipe.reader import PipeReader
    from h3producer.pipe.writer import PipeWriter

__all__ = ["DuplexPipe", "duplex_pair"]

DEFAULT_OPTIONS = PipeOptions()


class DuplexPipe(Protocol):
    """One side of a two-way connection."""

    @property
    def input(self) -> PipeReader:
        """What the other side writes."""

    @property
    def output(self) -> PipeWriter:
        """What the other side reads."""


class _Side(NamedTuple):
    input: PipeReader
    output: PipeWriter


def duplex_pair(
    first: PipeOptions = DEFAULT_OPTIONS, second: PipeOptions = DEFAULT_OPTIONS
) -> tuple[DuplexPipe, DuplexPipe]:
    """Two sides of a connection in memory; `first` are the options of the first's input."""
    to_first, to_second = Pipe(first), Pipe(second)
    return (
        _Side(to_first.reader, to_second.writer),
        _Side(to_second.reader, to_first.writer),
    )
