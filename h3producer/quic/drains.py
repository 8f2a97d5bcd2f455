"""Who waits for room on which stream.

This file knows one waiter per stream and how each is woken. It refuses to know what room is: the
transport says which streams have some.

Its one rule: a waiter leaves the table before it is woken, since it may run inline and wait again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.pipe.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Drains"]


class Drains:
    """The waiters of one connection; false if there are none."""

    timing: tuple[Callable[[], float], Callable[[float | None], None]] | None = None
    """A clock, and who is told of each wait: None when it begins, its seconds when it ends."""

    def __init__(self) -> None:
        self._waiting: dict[int, Wakeup] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def __contains__(self, stream_id: int) -> bool:
        return stream_id in self._waiting

    async def wait(self, stream_id: int) -> None:
        """Wait until the stream is woken. Raises RuntimeError if somebody waits there already."""
        if stream_id in self._waiting:
            raise RuntimeError(f"Stream {stream_id} is already being drained.")
        wakeup = self._waiting[stream_id] = Wakeup()
        try:
            if self.timing is None:
                await wakeup
            else:
                await _timed(wakeup, *self.timing)
        finally:
            # A canceled wait is still there; after another one, its successor may be.
            if self._waiting.get(stream_id) is wakeup:
                del self._waiting[stream_id]

    def wake(self, stream_id: int) -> None:
        """Let the waiter of one stream go on, if there is one."""
        wakeup = self._waiting.pop(stream_id, None)
        if wakeup is not None:
            wakeup.wake()

    def wake_where(self, room: Callable[[int], int]) -> None:
        """Let those go on whose stream has room now."""
        for stream_id in [each for each in self._waiting if room(each) > 0]:
            self.wake(stream_id)

    def wake_all(self) -> None:
        """Let all go on."""
        for stream_id in list(self._waiting):
            self.wake(stream_id)


async def _timed(
    wakeup: Wakeup, time: Callable[[], float], told: Callable[[float | None], None]
) -> None:
    began = time()
    told(None)
    try:
        await wakeup
    finally:
        told(time() - began)
