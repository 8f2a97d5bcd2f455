"""Bytes in several pieces, and positions in them that stay true while a pipe moves on.

This file knows how to look at pieces as one run of bytes without joining them. It refuses to
know who owns the pieces, or when they die: a piece that its pipe took back is `GONE`, a
released `memoryview`, or missing, and touching it raises.

A position is an absolute offset in the pipe's whole life, never reset, so a stale one is
recognised instead of pointing at other bytes. Where upstream has overloads by type, so have
we: a plain `int` counts bytes from the start of this sequence, a `SequencePosition` is a place.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from h3producer.pipe.errors import BUFFER_IS_GONE, InvalidOperationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["GONE", "ORIGIN", "ReadOnlySequence", "Segment", "SequencePosition"]

Segment: TypeAlias = bytes | memoryview
"""`bytes` that were written by reference, or a read-only view of a block that was filled."""

GONE: Segment = b""
"""Stands where a consumed segment was. No segment is empty, so it cannot be mistaken."""

SEARCH_STEP = 4096
"""Bytes copied at a time to search a memoryview, which has no `find` of its own."""


class SequencePosition(int):
    """A place between two bytes of a pipe; compare, keep and pass on, but do not compute.

    Comes from `start`, `end`, `position_of` and `get_position`.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"SequencePosition({int(self)})"


ORIGIN = SequencePosition(0)


class ReadOnlySequence:
    """A run of bytes in one or more segments (upstream `ReadOnlySequence<byte>`).

    Costs no copy to make, slice or walk. Valid until the reader that gave it advances past its
    bytes or completes; afterwards every look at consumed bytes raises `InvalidOperationError`
    or, if somebody still holds them, gives the right bytes; never others.

    What `segments` gave lives by itself: a `bytes` object is yours for ever. A `memoryview`
    ends when its bytes are consumed and then raises `ValueError`, so give `bytes(view)` to
    whatever keeps it, such as an asyncio transport.
    """

    __slots__ = ("_first", "_segments", "_skip", "end", "start")

    start: SequencePosition
    """The place before the first byte."""
    end: SequencePosition
    """The place after the last byte."""

    def __init__(
        self,
        segments: Sequence[Segment],
        first: int,
        skip: int,
        start: SequencePosition,
        end: SequencePosition,
    ) -> None:
        """Look at `end - start` bytes, from byte `skip` of `segments[first]` on.

        For pipes; everybody else uses `ReadOnlySequence.of`. The list may grow later on.
        """
        self._segments = segments
        self._first = first
        self._skip = skip
        self.start = start
        self.end = end

    @classmethod
    def of(cls, *segments: Segment) -> ReadOnlySequence:
        """A sequence of these pieces, whose positions count from 0."""
        pieces = [segment for segment in segments if segment]
        return cls(pieces, 0, 0, ORIGIN, SequencePosition(sum(map(len, pieces))))

    def __repr__(self) -> str:
        return f"<ReadOnlySequence {int(self.start)}..{int(self.end)}, {len(self)} bytes>"

    def __len__(self) -> int:
        return self.end - self.start

    def __bytes__(self) -> bytes:
        return self.to_bytes()

    @property
    def length(self) -> int:
        """Bytes in the sequence; the same as `len()`."""
        return self.end - self.start

    @property
    def is_empty(self) -> bool:
        """Whether there is no byte in it."""
        return self.end == self.start

    @property
    def is_single_segment(self) -> bool:
        """Whether all bytes lie in one piece (or there are none)."""
        return len(self.segments) < 2

    @property
    def first(self) -> Segment:
        """The first piece, `b""` if there is none."""
        return next(self._pieces(), b"")

    @property
    def segments(self) -> Sequence[Segment]:
        """The pieces in order, none empty, not joined and not copied."""
        if not self._skip and self._first < len(self._segments):
            piece = self._segments[self._first]
            # The common case, one write to one read, without a walk.
            if type(piece) is bytes and len(piece) == self.end - self.start:
                return (piece,)
        return tuple(self._pieces())

    def to_bytes(self) -> bytes:
        """All bytes as one object: the very object if it is one whole `bytes` segment."""
        segments = self.segments
        if len(segments) == 1 and type(segments[0]) is bytes:
            return segments[0]
        return b"".join(segments)

    def _pieces(self) -> Iterator[Segment]:
        for piece, skip, size in self._walk():
            yield piece if size == len(piece) else memoryview(piece)[skip : skip + size]

    def _walk(self) -> Iterator[tuple[Segment, int, int]]:
        """Each piece with the bytes to skip in it and the number of bytes to take."""
        skip = self._skip
        rest = self.end - self.start
        for piece in islice(self._segments, self._first, None):
            if not rest or piece is GONE:
                break
            size = min(_size_of(piece) - skip, rest)
            yield piece, skip, size
            rest -= size
            skip = 0
        if rest:
            raise InvalidOperationError(BUFFER_IS_GONE)

    def position_of(self, byte: int) -> SequencePosition | None:
        """The place before the first byte of this value (0..255), `None` if it does not occur."""
        place = int(self.start)
        for piece, skip, size in self._walk():
            found = _find(piece, byte, skip, skip + size)
            if found >= 0:
                return SequencePosition(place + found - skip)
            place += size
        return None

    def get_position(self, offset: int, origin: SequencePosition | None = None) -> SequencePosition:
        """The place `offset` bytes after `origin`, which is the start by default.

        `ValueError` if that lies outside of the sequence.
        """
        place = SequencePosition((self.start if origin is None else origin) + offset)
        if offset < 0 or not self.start <= place <= self.end:
            raise ValueError(f"offset {offset} lies outside of {self!r}")
        return place

    def slice(
        self, start: SequencePosition | int, end: SequencePosition | int | None = None
    ) -> ReadOnlySequence:
        """The bytes from `start` up to `end`, which is the end by default; nothing is copied.

        A plain number counts bytes from the start of this sequence, also for `end` (where
        upstream takes a length). `ValueError` if either lies outside, or end before start.
        """
        begin = self._place(start)
        finish = self.end if end is None else self._place(end)
        if not self.start <= begin <= finish <= self.end:
            raise ValueError(f"slice({start!r}, {end!r}) lies outside of {self!r}")
        first, skip = self._locate(begin)
        return ReadOnlySequence(self._segments, first, skip, begin, finish)

    def _place(self, where: SequencePosition | int) -> SequencePosition:
        if isinstance(where, SequencePosition):
            return where
        if where < 0:
            raise ValueError(f"offset {where} lies outside of {self!r}")
        return SequencePosition(self.start + where)

    def _locate(self, place: SequencePosition) -> tuple[int, int]:
        """The index of the segment that holds `place`, and the bytes to skip in it."""
        skip = place - self.start + self._skip
        index = self._first
        if place == self.start:
            return index, skip
        segments = self._segments
        while index < len(segments):
            piece = segments[index]
            if piece is GONE:
                break
            size = _size_of(piece)
            if skip < size:
                return index, skip
            skip -= size
            index += 1
        if skip or index < len(segments):
            raise InvalidOperationError(BUFFER_IS_GONE)
        return index, 0


def _size_of(piece: Segment) -> int:
    try:
        return len(piece)
    except ValueError:  # a memoryview that its pipe released
        raise InvalidOperationError(BUFFER_IS_GONE) from None


def _find(piece: Segment, byte: int, start: int, end: int) -> int:
    if isinstance(piece, bytes):
        return piece.find(byte, start, end)
    for begin in range(start, end, SEARCH_STEP):
        found = bytes(piece[begin : min(begin + SEARCH_STEP, end)]).find(byte)
        if found >= 0:
            return begin + found
    return -1
