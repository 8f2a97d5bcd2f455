"""The memory behind `get_memory`: blocks that are filled, read and used again.

This file knows bytearrays and the views on them. It refuses to know about bytes written by
reference, which need no block. Its one rule: a block is used again only when no view on it is
left, so nobody can ever see, or write into, bytes that now belong to somebody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from h3producer.pipe.sequence import Segment

__all__ = ["MAXIMUM_IDLE_BLOCKS", "Blocks"]

MAXIMUM_IDLE_BLOCKS = 256
"""Blocks kept for reuse, upstream's cap for segments: 1 MiB at the default block size."""


class Blocks:
    """The block that a writer fills now, and the idle ones (upstream `BufferSegment`)."""

    __slots__ = ("_block", "_filled", "_idle", "_memory", "_run", "_run_start", "_size")

    def __init__(self, minimum_segment_size: int) -> None:
        self._size = max(1, minimum_segment_size)
        self._idle: list[bytearray] = []
        self._block = bytearray()
        self._filled = 0
        self._memory: memoryview | None = None
        self._run: memoryview | None = None
        self._run_start = 0

    @property
    def idle(self) -> int:
        """How many blocks wait to be used again."""
        return len(self._idle)

    def get_memory(self, size: int) -> memoryview:
        """Writable memory of at least `size` bytes, the same again until it is advanced."""
        memory = self._memory
        if memory is not None:
            if len(memory) >= size:
                return memory
            _release(memory)  # filling it would be lost: better an error than silence
        if len(self._block) - self._filled < size:
            self._memory = None
            self.leave()
            self._block = self._rent(size)
        self._memory = memoryview(self._block)[self._filled :]
        return self._memory

    def advance(self, count: int, pieces: list[Segment]) -> None:
        """Append the next `count` bytes of the block to `pieces`, as part of the last if it fits.

        `ValueError` if there are fewer. The memory handed out ends here: using it again raises.
        """
        end = self._filled + count
        if not self._filled <= end <= len(self._block):
            raise ValueError(f"advance({count}) with {len(self._block) - self._filled} bytes left")
        _release(self._memory)
        self._memory = None
        if count:
            if pieces and pieces[-1] is self._run:
                pieces.pop()
            else:
                self._run_start = self._filled
            self._filled = end
            self._run = memoryview(self._block).toreadonly()[self._run_start : end]
            pieces.append(self._run)

    def consumed(self, piece: memoryview) -> None:
        """Take back a view that `advance` made and that nobody has to read any more."""
        block = piece.obj
        _release(piece)
        if isinstance(block, bytearray) and block is not self._block:
            self._give_back(block)

    def leave(self) -> None:
        """Stop filling the current block, unless somebody still holds the memory handed out."""
        if self._memory is None:
            block, self._block = self._block, bytearray()
            self._filled = 0
            self._run = None
            self._give_back(block)

    def _rent(self, size: int) -> bytearray:
        if size > self._size:
            return bytearray(size)
        return self._idle.pop() if self._idle else bytearray(self._size)

    def _give_back(self, block: bytearray) -> None:
        if len(block) != self._size or len(self._idle) >= MAXIMUM_IDLE_BLOCKS:
            return
        try:
            # A bytearray refuses to change its size while a view on it lives.
            block.append(block.pop())
        except BufferError:
            return
        self._idle.append(block)


def _release(view: memoryview | None) -> None:
    if view is not None:
        try:
            view.release()
        except BufferError:
            pass  # somebody else, say a pending recv_into, holds it: then it stays valid
