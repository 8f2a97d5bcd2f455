"""After how many requests a process is due for another.

This file knows a number that counts down. It refuses to know what becomes of the process.

Its one rule: the request that reaches the limit is answered like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from h3producer.http3.stream import Handler, Http3Stream

__all__ = ["RequestLimit"]


class RequestLimit:
    """A handler that calls `reached` with each `limit`-th request, and `handler` with all.

    Again and again, since whoever was asked once may not have been able to replace us.
    """

    def __init__(self, handler: Handler, limit: int, reached: Callable[[], None]) -> None:
        self._handler = handler
        self._limit = self._left = limit
        self._reached = reached

    def __call__(self, stream: Http3Stream) -> Awaitable[None]:
        # No coroutine of its own.
        self._left -= 1
        if not self._left:
            self._left = self._limit
            self._reached()
        return self._handler(stream)
