"""How many handlers of one connection begin in one pass of the event loop.

This file knows who may begin now and who a pass later. It refuses to know what a handler does.

One datagram can hold seventy requests. Begun all at once, their handlers would keep the event loop
for milliseconds, and everybody else would wait behind them: an event loop runs all that is ready
before it looks at its sockets again. So a few begin, the loop comes round, and a few more begin.

Its one rule: who is not in a crowd does not notice; nobody overtakes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from h3producer.pipe.wakeup import Wakeup

__all__ = ["MAX_STARTS_PER_PASS", "Turnstile"]

MAX_STARTS_PER_PASS: Final = 16
"""Handlers of a connection: about half a millisecond of small ones. Their responses still leave in
a packet or two together."""


class Turnstile:
    """Lets the handlers of one connection begin."""

    __slots__ = ("_crowd", "_waiting")

    def __init__(self) -> None:
        self._crowd = 0
        self._waiting: deque[Wakeup] = deque()

    def arrive(self) -> bool:
        """One more will begin in the next pass; return whether it has to `wait` first."""
        self._crowd += 1
        return self._crowd > MAX_STARTS_PER_PASS

    def begin(self) -> None:
        """It begins, and did not have to wait."""
        self._crowd -= 1

    async def wait(self) -> None:
        """Wait until it may begin, and begin."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._let_in)
        wakeup = Wakeup()
        self._waiting.append(wakeup)
        try:
            await wakeup
        finally:
            self._crowd -= 1

    def _let_in(self) -> None:
        waiting = self._waiting
        for _ in range(min(MAX_STARTS_PER_PASS, len(waiting))):
            waiting.popleft().wake()
        if waiting:
            asyncio.get_running_loop().call_soon(self._let_in)
