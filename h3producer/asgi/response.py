"""What an application sends: `send()` over an `Http3Stream`.

This file knows the messages of a response (ASGI HTTP spec 2.5 and the extensions we offer) and
which may come when. It refuses to know frames, status codes and content-length, as
`http3/response.py` does. Its one rule: an error raises at the very `send()` that caused it and
nothing of that message reaches the client, so an application that catches it may go on.

`send()` in each state; an empty cell raises LocalProtocolError. "End" is AWAITING_TRAILERS if the
start said `trailers`, else COMPLETE. After a disconnect every `send()` raises ClientDisconnected.

============= ============== =================== ============= ============== =================
http.response AWAITING_START STARTED             STREAMING     SENDING_FILE   AWAITING_TRAILERS
============= ============== =================== ============= ============== =================
start         STARTED
body                         STREAMING, or end   same, or end
pathsend                     SENDING_FILE, end
trailers                                                                      same, or COMPLETE
early_hint    103            103                 no effect     no effect      no effect
============= ============== =================== ============= ============== =================

Headers leave with the first part of the body, not before. Calls at the same time take turns. The
exception to the rule is a file that breaks off when a part of it has left: that cannot be
mended, and the state stays SENDING_FILE.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from enum import Enum
from typing import TYPE_CHECKING

from h3producer.asgi.errors import ClientDisconnected, out_of_turn
from h3producer.asgi.pathsend import OutgoingFile
from h3producer.errors import LocalProtocolError
from h3producer.wire.response import trailer_fields

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from h3producer.asgi.types import Message
    from h3producer.http3.stream import Http3Stream
    from h3producer.wire.fields import Fields

__all__ = ["AsgiResponse", "ResponseState"]


class ResponseState(Enum):
    """What the application has sent so far; the value says what is due."""

    AWAITING_START = "http.response.start"
    STARTED = "http.response.body or http.response.pathsend"
    STREAMING = "http.response.body"
    SENDING_FILE = "nothing but the rest of the file"
    AWAITING_TRAILERS = "http.response.trailers"
    COMPLETE = "nothing more"


_AWAITING_START, _STARTED = ResponseState.AWAITING_START, ResponseState.STARTED
_STREAMING, _COMPLETE = ResponseState.STREAMING, ResponseState.COMPLETE
"""Members of an enumeration are looked up in a roundabout way."""


class AsgiResponse:
    """The response of one exchange, as the application sends it."""

    __slots__ = ("_announces_trailers", "_idle", "_sending", "_stream", "_trailers", "state")

    def __init__(self, stream: Http3Stream) -> None:
        self._stream = stream
        self.state = _AWAITING_START
        self._announces_trailers = False
        self._trailers: Fields = []
        self._sending = False
        self._idle: asyncio.Event | None = None

    @property
    def is_complete(self) -> bool:
        """The application has sent all of it, or has left."""
        return self.state is _COMPLETE

    def close(self) -> None:
        """The application has left: from now on `send` raises."""
        self.state = _COMPLETE

    async def send(self, message: Message) -> None:
        """Take the next part of the response; waits until the stream has room for it.

        Raises ClientDisconnected once the exchange was cut, also under the wait, and
        LocalProtocolError for a message that may not come now or is not well-formed.
        """
        while self._sending:
            await self._turn()
        stream = self._stream
        if stream.aborted:
            raise self._disconnected()
        try:
            kind = message["type"]
        except (KeyError, TypeError):
            raise LocalProtocolError(f"{message!r} is no ASGI message.") from None
        if kind == "http.response.start":
            self._start(message)
            return
        if kind == "http.response.body":
            rest = self._send_body(message)
        else:
            rest = self._send_other(kind, message)
        if rest is not None:
            await self._send_rest(rest)
        if stream.aborted:
            # It was cut while this message waited for room: the client did not get it.
            raise self._disconnected()

    # The messages

    def _start(self, message: Message) -> None:
        if self.state is not _AWAITING_START:
            raise out_of_turn(message, self.state)
        status = message.get("status")
        if not isinstance(status, int):
            raise LocalProtocolError(f"The status of a response is an integer, not {status!r}.")
        self._stream.response.start(status, message.get("headers", ()))
        self._announces_trailers = bool(message.get("trailers", False))
        self.state = _STARTED

    def _send_body(self, message: Message) -> Awaitable[None] | None:
        """Send a part of the body as far as that need not wait; what is still to be awaited."""
        if self.state is not _STARTED and self.state is not _STREAMING:
            raise out_of_turn(message, self.state)
        body = message.get("body", b"")
        if body.__class__ is not bytes:
            body = _as_bytes(body)
        if message.get("more_body", False):
            return self._stream_body(body)
        if self._announces_trailers:
            return self._end_body(body)
        rest = self._stream.response.end(body)
        if rest is None:
            self._complete()
            return None
        return self._complete_after(rest)

    async def _stream_body(self, part: bytes) -> None:
        await self._stream.response.write(part)
        self.state = _STREAMING

    async def _end_body(self, last: bytes) -> None:
        if self._announces_trailers:
            await self._stream.response.write(last)
            self.state = ResponseState.AWAITING_TRAILERS
        else:
            await self._complete_after(self._stream.response.complete(last))

    async def _complete_after(self, rest: Awaitable[None]) -> None:
        await rest
        self._complete()

    async def _send_other(self, kind: object, message: Message) -> None:
        if kind == "http.response.pathsend" and self.state is _STARTED:
            await self._send_file(message)
        elif kind == "http.response.trailers" and self.state is ResponseState.AWAITING_TRAILERS:
            await self._send_trailers(message)
        elif kind == "http.response.early_hint" and self.state is not _COMPLETE:
            await self._send_early_hint(message)
        else:
            raise out_of_turn(message, self.state)

    async def _send_file(self, message: Message) -> None:
        path = message.get("path")
        if not isinstance(path, str):
            raise LocalProtocolError(f"The path of a file is a string, not {path!r}.")
        self.state = ResponseState.SENDING_FILE
        try:
            await self._send_pieces(path)
        except LocalProtocolError:
            if not self._stream.response.headers_sent:
                self.state = _STARTED
            raise

    async def _send_pieces(self, path: str) -> None:
        stream = self._stream
        if stream.request.method == "HEAD":
            await self._end_body(b"")
            return
        with closing(OutgoingFile(path)) as file:
            piece = await file.read_piece()
            while file.remaining and not stream.aborted:
                await stream.response.write(piece)
                piece = await file.read_piece()
            await self._end_body(piece)

    async def _send_trailers(self, message: Message) -> None:
        self._trailers += trailer_fields(message.get("headers", ()))
        if message.get("more_trailers", False):
            return
        stream = self._stream
        if self._trailers and stream.request.accepts_trailers:
            stream.response.set_trailers(self._trailers)
        await stream.response.complete()
        self._complete()

    async def _send_early_hint(self, message: Message) -> None:
        response = self._stream.response
        if response.headers_sent:
            # ASGI lets it come until the last body, RFC 8297 §2 not behind the final headers.
            return
        try:
            headers = [(b"link", link) for link in message.get("links", ())]
        except TypeError:
            raise LocalProtocolError("The links of an early hint are a list of bytes.") from None
        await response.send_informational(103, headers)

    # Inside

    async def _send_rest(self, rest: Awaitable[None]) -> None:
        """Wait for the end of a message; who sends another one meanwhile waits for its turn."""
        self._sending = True
        try:
            await rest
        finally:
            self._sending = False
            if self._idle is not None:
                self._idle.set()

    async def _turn(self) -> None:
        """Wait until the `send` that is under way has ended."""
        if self._idle is None:
            self._idle = asyncio.Event()
        self._idle.clear()
        await self._idle.wait()

    def _complete(self) -> None:
        self.state = _COMPLETE
        body = self._stream.body
        if not body.is_complete:
            # A `receive()` that waits for the rest of an upload hears of the end as well.
            body.cancel_pending_read()

    def _disconnected(self) -> ClientDisconnected:
        code = self._stream.error_code or 0
        return ClientDisconnected(f"The exchange was cut with error code {code:#x}.", code)


def _as_bytes(body: object) -> bytes:
    """A copy of what is nearly bytes: the application may use its buffer again after `send`."""
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    raise LocalProtocolError(f"A body is bytes, not {type(body).__name__}.")
