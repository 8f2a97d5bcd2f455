"""The requests that are in the application now: how many, and which.

This file stands between the connections and the application: it is a handler that calls the
application's handler. It knows the concurrency limit and the set of running requests. It refuses to
know what a request does, and how it ended (`h3producer/observe/`).

Its one rule: the application's handler is called exactly as if nobody stood in between; what it
raises and returns goes through untouched. But a plain CONNECT, which asks for a proxy, is answered
with 501 unless the handler has an attribute `takes_connect` that is true: who serves pages would
take it for a page.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h3producer.http3.cause import Cause

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from h3producer.config import Config
    from h3producer.http3.stream import Http3Stream

__all__ = ["Requests"]

_BUSY = b"Service Unavailable"


class Requests:
    """A handler around `handler` that counts and limits; `len()` is how many are inside."""

    def __init__(self, handler: Callable[[Http3Stream], Awaitable[None]], config: Config) -> None:
        self._handler = handler
        self._takes_connect = bool(getattr(handler, "takes_connect", False))
        self._limit = config.limit_concurrency
        self._running: set[asyncio.Task[object]] = set()
        self._idle: asyncio.Event | None = None
        """Set when the last request has left; only if somebody waits for that."""

    def __len__(self) -> int:
        return len(self._running)

    async def __call__(self, stream: Http3Stream) -> None:
        """Handle one exchange, as a task of its own; answers 503 itself beyond the limit."""
        task = asyncio.current_task()
        assert task is not None, "the stream runs its handler as a task"
        try:
            if self._limit is not None and len(self._running) >= self._limit:
                await _refuse(stream)
            elif stream.request.method == "CONNECT" and not self._takes(stream):
                # RFC 9110 §9.3.6: "Most origin servers do not implement CONNECT."
                stream.response.start(501, [])
                await stream.response.complete()
            else:
                self._running.add(task)
                await self._handler(stream)
        finally:
            self._running.discard(task)
            if self._idle is not None and not self._running:
                self._idle.set()

    def _takes(self, stream: Http3Stream) -> bool:
        """Whether the handler hears of a CONNECT: of an extended one it is the judge."""
        return self._takes_connect or stream.request.protocol is not None

    async def wait_idle(self) -> None:
        """Wait until no request is in the application."""
        if self._running:
            if self._idle is None or self._idle.is_set():
                self._idle = asyncio.Event()
            await self._idle.wait()

    async def cancel(self, timeout: float) -> int:
        """Cancel what is still in the application; return how many ignored it for `timeout` s."""
        left = set(self._running)
        for task in left:
            task.cancel("The server shuts down.")
        if left:
            _, left = await asyncio.wait(left, timeout=timeout)
        return len(left)


async def _refuse(stream: Http3Stream) -> None:
    stream.cause = Cause.LIMIT_CONCURRENCY
    length = str(len(_BUSY)).encode("ascii")
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", length)]
    stream.response.start(503, headers)
    await stream.response.complete(_BUSY)
