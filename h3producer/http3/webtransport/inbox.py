"""What waits for the application of one session, and in which order it hears of it.

This file knows turns: who has something to tell stands in line once, tells one thing, and stands in
line again if there is more. It refuses to know what is told.

Its one rule: nothing is copied here. Bytes stay in the pipes of their streams and datagrams in
their queue, each with its own bound, until the application asks; so the line is as long as there
are streams, and no stream can keep another waiting.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, TypeAlias

from h3producer.errors import LocalProtocolError
from h3producer.pipe.sole_waiter import SoleWaiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.http3.webtransport.events import Event, SessionClosed

__all__ = ["Inbox"]

if TYPE_CHECKING:
    Teller: TypeAlias = Callable[[], Event | None]


class Inbox:
    """The line of one session. One reader at a time."""

    def __init__(self) -> None:
        self._line: OrderedDict[Teller, None] = OrderedDict()
        self._reader = SoleWaiter()
        self._is_open = False
        self.closed: SessionClosed | None = None
        """How the session ended; told when nothing else is left to tell."""

    def open(self) -> None:
        """The application has accepted: from now on it hears what happens."""
        self._is_open = True
        self._reader.wake()

    def close(self, closed: SessionClosed) -> None:
        """The session is over; the first word stands."""
        if self.closed is None:
            self.closed = closed
            self._reader.wake()

    def forget(self) -> None:
        """Nobody asks any more: let go of who stands in line."""
        self._line.clear()

    def tell(self, event: Event) -> None:
        """Something happened that is told as it is."""
        self.line_up(lambda: event)

    def line_up(self, teller: Teller) -> None:
        """Somebody has something to tell: `teller` returns it, or None if it came to nothing.

        A no-op for who stands in line.
        """
        self._line[teller] = None
        self._reader.wake()

    def step_out(self, teller: Teller) -> None:
        """Whoever may stand in line has nothing to tell any more."""
        self._line.pop(teller, None)

    def __len__(self) -> int:
        """How many stand in line."""
        return len(self._line)

    async def receive(self) -> Event:
        """Wait for the next event; at once, and every time, the end of the session behind all.

        Raises LocalProtocolError if somebody waits already. Cancelling the wait loses nothing.
        """
        while (event := self._next()) is None:
            if self._reader.is_taken:
                raise LocalProtocolError("Somebody waits for this session already.")
            await self._reader.wait()
        return event

    def _next(self) -> Event | None:
        while self._line and self._is_open:
            teller, _ = self._line.popitem(last=False)
            event = teller()
            if event is not None:
                return event
        return self.closed
