"""What of an HTTP/2 response waits for the client's windows: Hypercorn's buffer, with a bound.

This file knows the calls that Hypercorn makes of the buffer of a stream. It refuses to know streams
and windows. Hypercorn 0.18 has one of its own that lets its writer go on whenever the window is
shut, so that a client which never opens it has all of a response held for it. Its one rule: who
writes waits while `mark` bytes are there.
"""

from __future__ import annotations

import asyncio

from hypercorn.protocol.h2 import BufferCompleteError

__all__ = ["ResponseBuffer"]


class ResponseBuffer:
    """The bytes of one response; in the place of Hypercorn's `StreamBuffer`."""

    def __init__(self, mark: int) -> None:
        self.buffer = bytearray()
        self._mark = mark
        self._ends = False
        self._is_closed = False
        self._has_changed = asyncio.Event()

    @property
    def complete(self) -> bool:
        """All of the response has left."""
        return self._ends and not self.buffer

    def set_complete(self) -> None:
        """Nothing follows what is there."""
        self._ends = True

    async def push(self, data: bytes) -> None:
        """Append; wait until there is room. Raises Hypercorn's error when it is too late."""
        if self._ends:
            raise BufferCompleteError
        self.buffer += data
        await self._until_fewer_than(self._mark)

    async def drain(self) -> None:
        """Wait until all that is there has left."""
        await self._until_fewer_than(1)

    async def pop(self, max_length: int) -> bytes:
        """Take what the windows let go."""
        data = bytes(self.buffer[:max_length])
        if data:
            del self.buffer[: len(data)]
            self._has_changed.set()
        return data

    async def close(self) -> None:
        """Nobody takes anything any more: forget it, and wait for nothing."""
        self._ends = self._is_closed = True
        self.buffer.clear()
        self._has_changed.set()

    async def _until_fewer_than(self, count: int) -> None:
        while len(self.buffer) >= count and not self._is_closed:
            self._has_changed.clear()
            await self._has_changed.wait()
