"""Messages that have come and that the application has not received yet.

This file knows order and size. It refuses to know frames and who fills it. Its one rule: who fills
it stops when it is full, so it holds `MAX_WAITING` bytes and one message at most.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from h3producer.pipe.sole_waiter import SoleWaiter
from h3producer.pipe.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.asgi.websocket.frames import Message

__all__ = ["MAX_WAITING", "Inbox"]

MAX_WAITING: Final = 64 * 1024
"""Bytes, from which on nothing more is read: as much as a response may have unsent."""

_COST_OF_A_MESSAGE = 128
"""Bytes that an empty message takes in memory."""


class Inbox:
    """Filled by one, emptied by one; either may wait for the other."""

    __slots__ = ("_filler", "_give_back", "_messages", "_receiver", "_size", "is_shut")

    def __init__(self, give_back: Callable[[int], None]) -> None:
        """`give_back` is told what a message `held`, once nobody holds it here any more."""
        self._messages: deque[Message] = deque()
        self._size = 0
        self._give_back = give_back
        self._receiver = SoleWaiter()
        self._filler: Wakeup | None = None
        self.is_shut = False
        """Nothing comes any more; what is there may still be received."""

    @property
    def is_full(self) -> bool:
        return self._size >= MAX_WAITING and not self.is_shut

    def put(self, message: Message) -> None:
        """Add a message; dropped if the inbox is shut."""
        if self.is_shut:
            self._give_back(message.held)
            return
        self._messages.append(message)
        self._size += len(message.data) + _COST_OF_A_MESSAGE
        self._receiver.wake()

    async def room(self) -> None:
        """Wait until less than half is full, or it is shut."""
        self._filler = wakeup = Wakeup()
        await wakeup

    async def get(self) -> str | bytes | None:
        """The next message; waits for it. None once it is shut and empty.

        Raises RuntimeError if somebody waits already. Cancelling the wait loses no message.
        """
        messages = self._messages
        while not messages:
            if self.is_shut:
                return None
            if self._receiver.is_taken:
                raise RuntimeError("Two receive() at once cannot share the messages.")
            await self._receiver.wait()
        message = messages.popleft()
        self._size -= len(message.data) + _COST_OF_A_MESSAGE
        if message.held:
            self._give_back(message.held)
        if self._filler is not None and self._size < MAX_WAITING // 2:
            self._wake_filler()
        return message.data

    def shut(self, *, clear: bool = False) -> None:
        """Take no more messages, and with `clear` forget those that are there."""
        self.is_shut = True
        if clear:
            for message in self._messages:
                self._give_back(message.held)
            self._messages.clear()
            self._size = 0
        self._receiver.wake()
        self._wake_filler()

    def _wake_filler(self) -> None:
        filler, self._filler = self._filler, None
        if filler is not None:
            filler.wake()
