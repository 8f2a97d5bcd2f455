"""Hypercorn's protocols, driven by a connection of ours.

This file knows how they are configured and made, and what they leave to whoever drives them over
HTTP/2: to say that a connection ends, and to cut a stream with a code. It refuses to know sockets
and applications.

Hypercorn runs its protocols on asyncio and on trio, so they ask for what both have: a task group, a
context, and a place to send events to. `connection.py` gives them ours. That border is older than
most of Hypercorn, but no public API, hence the narrow range of releases in `pyproject.toml`.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, cast

from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config as HypercornConfig
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import ConnectionState
from hyperframe.frame import GoAwayFrame

from h3producer.errors import ErrorCode
from h3producer.server.tcp.response_buffer import ResponseBuffer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hypercorn.events import Event
    from hypercorn.protocol.events import Event as StreamEvent
    from hypercorn.typing import TaskGroup

    from h3producer.config import Config

__all__ = ["ALPN", "Http1", "Http2", "Spoken", "hypercorn_config"]

ALPN = ["h2", "http/1.1"]
"""What is spoken, the preferred first."""

_HTTP_2_CODES = {
    ErrorCode.H3_NO_ERROR: ErrorCodes.NO_ERROR,
    ErrorCode.H3_REQUEST_CANCELLED: ErrorCodes.CANCEL,
    ErrorCode.H3_REQUEST_REJECTED: ErrorCodes.REFUSED_STREAM,
    ErrorCode.H3_MESSAGE_ERROR: ErrorCodes.PROTOCOL_ERROR,
    ErrorCode.H3_EXCESSIVE_LOAD: ErrorCodes.ENHANCE_YOUR_CALM,
}
"""HTTP/3's codes in HTTP/2's (RFC 9113 §7); for any other INTERNAL_ERROR."""

_MOST_STREAM_ID = (1 << 31) - 1


def hypercorn_config(config: Config) -> HypercornConfig:
    """What Hypercorn is to do of what a `Config` asks for; `connection.py` does the rest."""
    theirs = HypercornConfig()
    theirs.accesslog = theirs.errorlog = None
    theirs.include_server_header = theirs.include_date_header = False  # with the response's head
    theirs.h11_max_incomplete_size = config.max_decoded_field_section_size
    theirs.h2_max_header_list_size = config.max_decoded_field_section_size
    theirs.h2_max_concurrent_streams = config.max_concurrent_streams
    theirs.keep_alive_max_requests = sys.maxsize  # what is beyond it is cut, not refused
    return theirs


async def _no_application(*_: object) -> NoReturn:
    """Never called: `TaskGroup.spawn_app` is ours."""
    raise NotImplementedError


class Spoken:
    """One protocol on one connection, and what it needs of us."""

    def __init__(
        self,
        config: HypercornConfig,
        response_buffer: int,
        tasks: TaskGroup,
        addresses: tuple[tuple[str, int], tuple[str, int]],
        send: Callable[[Event], Awaitable[None]],
    ) -> None:
        """`response_buffer` are the bytes of a response that may wait; `addresses` the client's and
        ours."""
        self._response_buffer = response_buffer
        context = WorkerContext(None)
        state = ConnectionState({})
        # Their own types want a class of theirs where any coroutine function does.
        app = cast("Any", _no_application)
        arguments = (app, config, context, tasks, state, True, *addresses, send)
        self.theirs = self._make(*arguments)

    def _make(self, *arguments: Any) -> Any:  # the types are theirs, and two protocols have no base
        raise NotImplementedError

    async def start(self) -> None:
        """Say what the server says first."""
        await self.theirs.initiate()

    async def receive(self, event: Event) -> None:
        """Bytes, or the end. Raises what a stream raises, and anything for odd bytes."""
        await self.theirs.handle(event)

    async def send(self, event: StreamEvent) -> None:
        """An event of an exchange, to the client."""
        await self.theirs.stream_send(event)


class Http1(Spoken):
    """HTTP/1.1, one exchange at a time."""

    is_http_2 = False

    def _make(self, *arguments: Any) -> H11Protocol:
        return H11Protocol(*arguments)

    def newest_stream_id(self) -> int:
        return int(self.theirs.stream.stream_id)

    def replace_stream(self, stream: object) -> None:
        self.theirs.stream = stream

    def unsent(self, stream_id: int) -> int:
        return 0

    def farewell(self) -> bytes:
        return b""

    async def release(self) -> None:
        """Nobody waits but for the socket."""


class Http2(Spoken):
    """HTTP/2."""

    is_http_2 = True

    def _make(self, *arguments: Any) -> H2Protocol:
        theirs = H2Protocol(*arguments)
        theirs.streams = _Streams()
        return theirs

    def newest_stream_id(self) -> int:
        """Of the stream that Hypercorn has just made."""
        return int(next(reversed(self.theirs.streams)))

    def replace_stream(self, stream: object) -> None:
        """Have events go to a stream of ours instead of that one, and bytes to a buffer of ours."""
        stream_id = self.newest_stream_id()
        self.theirs.streams[stream_id] = stream
        self.theirs.stream_buffers[stream_id] = ResponseBuffer(self._response_buffer)

    def goaway(self) -> bytes:
        """A frame that says: ask elsewhere from now on.

        RFC 9113 §6.8: "A server that is attempting to gracefully shut down a connection SHOULD send
        an initial GOAWAY frame with the last stream identifier set to 2^31-1 and a NO_ERROR code."
        """
        return GoAwayFrame(stream_id=0, last_stream_id=_MOST_STREAM_ID).serialize()

    def farewell(self) -> bytes:
        """The frame that says which request was the last; nothing follows it."""
        with suppress(ProtocolError):  # it is closed
            self.theirs.connection.close_connection()
        return bytes(self.theirs.connection.data_to_send())

    def unsent(self, stream_id: int) -> int:
        """Bytes of a response that the client's windows do not let go."""
        buffer = self.theirs.stream_buffers.get(stream_id)
        return 0 if buffer is None else len(buffer.buffer)

    async def reset(self, stream_id: int, error_code: int) -> bytes:
        """The frame that cuts a stream; whoever waits for room on it waits no more."""
        code = _HTTP_2_CODES.get(ErrorCode(error_code), ErrorCodes.INTERNAL_ERROR)
        with suppress(ProtocolError):  # it is closed
            self.theirs.connection.reset_stream(stream_id, code)
        await self.forget(stream_id)
        return bytes(self.theirs.connection.data_to_send())

    async def forget(self, stream_id: int) -> None:
        """Nothing more is sent on it: have Hypercorn's sender see that, and drop its buffer."""
        buffer = self.theirs.stream_buffers.get(stream_id)
        if buffer is not None:
            await buffer.close()
            self.theirs.priority.unblock(stream_id)
            await self.theirs.has_data.set()

    async def release(self) -> None:
        """The connection is lost: nobody waits for room any more."""
        for buffer in self.theirs.stream_buffers.values():
            await buffer.close()


class _Gone:
    """In the place of a stream that has ended."""

    idle = True

    async def handle(self, _event: object) -> None: ...


class _Streams(dict[int, Any]):  # theirs, and ours
    """A client may send content for a moment after the response was complete."""

    def __missing__(self, _stream_id: int) -> _Gone:
        return _GONE


_GONE = _Gone()
