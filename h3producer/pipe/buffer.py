"""The bytes of a pipe: appended, flushed, consumed, and what becomes of their memory.

This file knows segments and positions. It refuses to know who waits for them or whether an end
is complete. Its one rule: a list of segments that a reader has seen is never changed so that
an old look at it would find other bytes. Consumed places become `GONE`, an emptied list stays
empty, new bytes then come in a new list.

Three absolute positions never go back to 0, also not by a reset: `start <= examined <=
flushed`. A read gives `flushed - start` bytes; `flushed - examined` counts for back-pressure.
"""

from __future__ import annotations

from h3producer.pipe import errors
from h3producer.pipe.blocks import Blocks
from h3producer.pipe.errors import InvalidOperationError
from h3producer.pipe.sequence import GONE, ORIGIN, Segment, SequencePosition

__all__ = ["CRUMBS", "PipeBuffer"]

CRUMBS = 512
"""Bytes up to which two neighbours are joined while a reader lags behind.

Each `bytes` object costs some 40 bytes of its own, so whoever sends one byte at a time could
make a pipe hold forty times what its threshold allows.
"""

COMPACT_AFTER = 64
"""Consumed places that a list may carry at its head before it is cut: 512 bytes of memory."""


class PipeBuffer:
    """Segments between a writer and a reader; `PipeState` adds who may touch them when."""

    __slots__ = (
        "_blocks",
        "_first",
        "_has_views",
        "_minimum_segment_size",
        "_segments",
        "_skip",
        "_unflushed",
        "examined",
        "flushed",
        "start",
        "unflushed_bytes",
    )

    def __init__(self, minimum_segment_size: int) -> None:
        self.start = self.examined = self.flushed = ORIGIN
        self.unflushed_bytes = 0
        self._minimum_segment_size = minimum_segment_size
        self._blocks: Blocks | None = None  # made when somebody asks for memory
        self._segments: list[Segment] = []
        self._unflushed: list[Segment] = []
        # The read head: an index into the segments, and the bytes to skip in that one.
        self._first = self._skip = 0
        # Whether views of blocks may be among the segments, which then have to be given back.
        self._has_views = False

    @property
    def idle_blocks(self) -> int:
        """How many blocks wait to be used again."""
        return 0 if self._blocks is None else self._blocks.idle

    def append(self, data: bytes | bytearray | memoryview) -> None:
        """Append to the unflushed bytes: `bytes` by reference, anything mutable as a copy."""
        if type(data) is not bytes:
            data = bytes(memoryview(data))
        if data:
            self._unflushed.append(data)
            self.unflushed_bytes += len(data)

    def memory(self, size: int) -> memoryview:
        """Memory to fill, at least `size` bytes."""
        return self._allocator().get_memory(size)

    def _allocator(self) -> Blocks:
        if self._blocks is None:
            self._blocks = Blocks(self._minimum_segment_size)
        return self._blocks

    def append_memory(self, count: int) -> None:
        """Append the first `count` bytes of the memory to the unflushed bytes."""
        self._allocator().advance(count, self._unflushed)
        self.unflushed_bytes += count
        self._has_views = True

    def extend(self, written: list[Segment]) -> None:
        """Put segments behind those that a reader may have seen already; joins crumbs."""
        segments = self._segments
        last, next_one = segments[-1], written[0]
        if (
            len(last) + len(next_one) <= CRUMBS
            and isinstance(last, bytes)
            and isinstance(next_one, bytes)
        ):
            # An old look at the list stays true: it counts bytes, and the first are the same.
            segments[-1] = last + next_one
            del written[0]
        segments += written

    def discard_unflushed(self) -> None:
        """Nobody will read them."""
        self._unflushed.clear()
        self.unflushed_bytes = 0

    def check(
        self, consumed: SequencePosition | None, examined: SequencePosition | None
    ) -> SequencePosition:
        """The place a reader has examined up to, if it may end its read with these two."""
        for place in (consumed, examined):
            if place is not None and type(place) is not SequencePosition:
                raise TypeError("advance_to takes positions, not counts: buffer.get_position(n)")
        if consumed is None:
            consumed = self.start
        elif consumed < self.start:
            raise InvalidOperationError(errors.ADVANCED_PAST)
        if examined is None:
            examined = max(consumed, self.examined)
        if examined < consumed:
            raise InvalidOperationError(errors.EXAMINED_BEFORE_CONSUMED)
        if examined > self.flushed:
            raise InvalidOperationError(errors.BEYOND_THE_BUFFER)
        return examined

    def consume_all(self) -> None:
        """Everything flushed is done with."""
        if self._has_views:
            self._return_views()
        self._segments.clear()
        self._first = self._skip = 0
        self.start = self.flushed

    def _return_views(self) -> None:
        blocks = self._allocator()
        for piece in self._segments:
            if type(piece) is memoryview:
                blocks.consumed(piece)
        if not self._unflushed:
            # The block being written goes back too, unless its memory is in the writer's hands.
            blocks.leave()
            self._has_views = False

    def consume(self, place: SequencePosition) -> None:
        """The bytes before `place`, which is before the end, are done with."""
        segments = self._segments
        index = self._first
        skip = self._skip + (place - self.start)
        while skip >= len(segments[index]):
            piece = segments[index]
            skip -= len(piece)
            segments[index] = GONE
            index += 1
            if type(piece) is memoryview:
                self._allocator().consumed(piece)
        if index > COMPACT_AFTER and index * 2 > len(segments):
            self._segments = segments[index:]
            index = 0
        self._first = index
        self._skip = skip
        self.start = place

    def clear(self) -> None:
        """Hold no memory any more. What was given to the application stays valid."""
        self.consume_all()
        self.examined = self.flushed
        self.discard_unflushed()
        self._blocks = None
        self._has_views = False
