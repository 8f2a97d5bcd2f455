"""The requests that are in the application now: how many, which, and how each ended.

This file stands between the connections and the application: it is a handler that calls the
application's handler. It knows the concurrency limit, the access log and the set of running
requests. It refuses to know what a request does.

Its one rule: the application's handler is called exactly as if nobody stood in between; what it
raises and returns goes through untouched. But a plain CONNECT, which asks for a proxy, is answered
with 501 unless the handler has an attribute `takes_connect` that is true: who serves pages would
take it for a page.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode
from h3producer.http3.log_words import show_address, show_target

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from h3producer.config import Config
    from h3producer.http3.stream import Http3Stream

__all__ = ["Requests"]

logger = logging.getLogger("h3producer.access")

_BUSY = b"Service Unavailable"


class Requests:
    """A handler around `handler` that counts, limits and logs; `len()` is how many are inside."""

    def __init__(self, handler: Callable[[Http3Stream], Awaitable[None]], config: Config) -> None:
        self._handler = handler
        self._takes_connect = bool(getattr(handler, "takes_connect", False))
        self._limit = config.limit_concurrency
        self._access_log = config.access_log
        self._running: set[asyncio.Task[object]] = set()
        self._idle: asyncio.Event | None = None
        """Set when the last request has left; only if somebody waits for that."""

    def __len__(self) -> int:
        return len(self._running)

    async def __call__(self, stream: Http3Stream) -> None:
        """Handle one exchange, as a task of its own; answers 503 itself beyond the limit."""
        task = asyncio.current_task()
        assert task is not None, "the stream runs its handler as a task"
        canceled = False
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
        except asyncio.CancelledError:
            canceled = True
            raise
        finally:
            self._running.discard(task)
            if self._idle is not None and not self._running:
                self._idle.set()
            if self._access_log and logger.isEnabledFor(logging.INFO):
                _log_end(stream, canceled)

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
    length = str(len(_BUSY)).encode("ascii")
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", length)]
    stream.response.start(503, headers)
    await stream.response.complete(_BUSY)


def _log_end(stream: Http3Stream, canceled: bool) -> None:
    """One line in uvicorn's format; behind the status how the exchange ended, if not well."""
    status, ending = _outcome(stream, canceled)
    line = '%s - "%s %s HTTP/%s" %s'
    arguments: list[object] = [
        show_address(stream.transport.peer_address),
        "WebSocket" if stream.request.protocol == "websocket" else stream.request.method,
        show_target(stream.request.path),
        "3",
        "-" if status is None else status,
    ]
    if ending is None:
        # With these five arguments uvicorn's AccessFormatter works, too.
        logger.info(line, *arguments)
    else:
        logger.info(line + " %s", *arguments, ending)


def _outcome(stream: Http3Stream, canceled: bool) -> tuple[int | None, str | None]:
    """The status that the client gets, and what cut the exchange short; see `Http3Stream`."""
    response = stream.response
    if stream.refused_with is not None:
        return stream.refused_with, None
    if stream.aborted or (canceled and not response.completed):
        code = ErrorCode.H3_REQUEST_CANCELLED if stream.error_code is None else stream.error_code
        return response.status if response.headers_sent else None, f"aborted {_show_code(code)}"
    if response.completed:
        return response.status, None
    if response.headers_sent:
        return response.status, f"reset {ErrorCode.H3_INTERNAL_ERROR.name}"
    # The application left without a response: the stream makes one.
    return 500, None


def _show_code(code: int) -> str:
    try:
        return ErrorCode(code).name
    except ValueError:
        return hex(code)
