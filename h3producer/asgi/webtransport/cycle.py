"""One ASGI `webtransport` session: one run of the application, its `receive()` and its `send()`.

This file knows the messages and which may come when. It refuses to know what a session is made of
(`http3/webtransport/`). Its one rule: an error raises at the very `send()` that caused it and
nothing of that message reaches the client.

`receive()`: `connect` first; from the acceptance on whatever happens; behind all of it, every time
and at once, `disconnect`.

========================= =========================================================================
webtransport              and what is in it
========================= =========================================================================
connect
stream.receive            `stream`, `data`, `end_stream`: bytes of a stream, the client's or ours
stream.reset              `stream`, `code`: the client abandoned what it was sending
stream.stop               `stream`, `code`: the client wants no more of what we send
stream.opened             `stream`, `bidirectional`, `tag`: what `stream.open` asked for
datagram.receive          `data`
drain                     the client, or the server, would like the session to end soon
disconnect                `code`, None if nobody gave one, and `reason`
========================= =========================================================================

`send()`; an empty cell raises LocalProtocolError, and so does everything behind the application's
own close. Once the session has ended otherwise, every `send()` raises ClientDisconnected, an
OSError.

========================= ============ =========== ================================================
webtransport              CONNECTING   OPEN        and what is in it
========================= ============ =========== ================================================
accept                    OPEN                     `headers`, `subprotocol`
close                     `status`     CLOSED      `status`, 403, before; `code`, 0, and `reason`
stream.open                            same        `bidirectional`, true, and `tag`, anything
stream.send                            same        `stream`, `data`, `end_stream`, false; waits
stream.reset, .stop                    same        `stream`, `code`, 0
datagram.send                          same        `data`
drain                                  same
========================= ============ =========== ================================================

What is sent on a stream that the client has stopped is dropped: it wants no more of it. So it is
with a datagram for which there is no room.

What the client sees when an application misbehaves. Each row is a test
(tests/asgi/webtransport/test_misbehaviour.py).

======================================================== ================ ================
The application                                          its call         the client sees
======================================================== ================ ================
raises before it accepts                                                  500
raises once the session is open                                           reset
raises SystemExit once the session is open                                reset
returns before it accepts                                                 500
returns once the session is open                                          closed with 0
sends no dictionary                                      raises           500
sends a message of an unknown type                       raises           500
sends a datagram before it accepts                       raises           500
accepts twice                                            raises           reset
accepts with a subprotocol that was not offered          raises           500
accepts with headers that are no pairs                   raises           500
closes with a code that is no number                     raises           reset
closes with a code of 33 bits                            raises           reset
closes with a reason that is no text                     raises           reset
sends on a stream that does not exist                    raises           reset
sends on a stream without saying which                   raises           reset
sends what is not bytes on a stream                      raises           reset
sends behind its own end of a stream                     raises           reset
sends on a stream that only the client sends on          raises           reset
resets a stream with a code that is no number            raises           reset
sends a datagram that is too large                       raises           reset
sends a datagram that is not bytes                       raises           reset
sends anything behind its close                          raises           the close
receives twice at once                                   raises           reset
======================================================== ================ ================
"""

from __future__ import annotations

import asyncio
import logging
from enum import Enum
from typing import TYPE_CHECKING, Any

from h3producer.asgi.disconnects import pause_after
from h3producer.asgi.errors import ClientDisconnected, out_of_turn
from h3producer.asgi.run import run_application
from h3producer.asgi.webtransport.messages import (
    accept_headers,
    bytes_of,
    code_of,
    message_of,
    reason_of,
    stream_id_of,
)
from h3producer.errors import ErrorCode, LocalProtocolError
from h3producer.http3.disconnects import is_disconnect
from h3producer.http3.webtransport.events import SessionClosed, StreamOpened

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp, Message, Scope
    from h3producer.http3.stream import Http3Stream
    from h3producer.http3.webtransport.session import WebTransportSession
    from h3producer.http3.webtransport.stream import WebTransportStream

__all__ = ["WebTransportCycle", "WebTransportState"]

logger = logging.getLogger("h3producer.error")


class WebTransportState(Enum):
    """What the application has sent so far; the value says what is due."""

    CONNECTING = "webtransport.accept or webtransport.close"
    OPEN = "anything but webtransport.accept"
    CLOSED = "nothing more"


class WebTransportCycle:
    """One session for one run of the application."""

    def __init__(self, stream: Http3Stream, session: WebTransportSession) -> None:
        self._stream = stream
        self._session = session
        self.state = WebTransportState.CONNECTING
        self._scope: Scope = {}
        self._is_connected = False
        self._disconnects = 0

    async def run(self, app: AsgiApp, scope: Scope) -> None:
        """Run the application; what it raises is for the stream to log."""
        self._scope = scope
        try:
            await run_application(app, scope, self.receive, self.send)
        except Exception as error:
            if self._session.closed is None or not is_disconnect(error):
                raise
            logger.info("Stream %d: left by %r", self._stream.stream_id, error)
        finally:
            self.state = WebTransportState.CLOSED

    async def receive(self) -> dict[str, Any]:
        """What happens next; waits for it. Cancelling the wait loses nothing.

        Receiving is what lets the client send more.
        """
        if not self._is_connected:
            self._is_connected = True
            return {"type": "webtransport.connect"}
        event = await self._session.receive()
        if isinstance(event, SessionClosed):
            self._disconnects += 1
            await pause_after(self._disconnects)
        return message_of(event)

    async def send(self, message: Message) -> None:
        """Take a message; waits until the stream that it is for has room.

        Raises ClientDisconnected once the session is over, also under the wait, and
        LocalProtocolError for a message that may not come now or is not well-formed.
        """
        try:
            kind = message["type"]
        except (KeyError, TypeError):
            raise LocalProtocolError(f"{message!r} is no ASGI message.") from None
        if self._session.closed is not None and self.state is not WebTransportState.CLOSED:
            raise self._disconnected()
        if self.state is WebTransportState.OPEN:
            await self._send_when_open(kind, message)
        elif self.state is WebTransportState.CONNECTING and kind == "webtransport.accept":
            await self._accept(message)
        elif self.state is WebTransportState.CONNECTING and kind == "webtransport.close":
            await self._reject(message)
        else:
            raise out_of_turn(message, self.state)
        if self._session.closed is not None and kind != "webtransport.close":
            # It ended while this message waited for room: the client did not get it.
            raise self._disconnected()

    # The messages

    async def _send_when_open(self, kind: object, message: Message) -> None:
        match kind:
            case "webtransport.stream.send":
                await self._send_bytes(message)
            case "webtransport.datagram.send":
                await self._send_datagram(message)
            case "webtransport.stream.open":
                self._open(message)
            case "webtransport.stream.reset":
                self._reset(message)
            case "webtransport.stream.stop":
                self._stop(message)
            case "webtransport.drain":
                await self._session.drain()
            case "webtransport.close":
                await self._close(message)
            case _:
                raise out_of_turn(message, self.state)

    async def _accept(self, message: Message) -> None:
        await self._session.accept(accept_headers(message, self._scope))
        self.state = WebTransportState.OPEN

    async def _reject(self, message: Message) -> None:
        status = message.get("status", 403)
        if not isinstance(status, int) or 200 <= status <= 299:
            raise LocalProtocolError(f"A session is not refused with the status {status!r}.")
        await self._session.reject(status, message.get("headers", ()))
        self.state = WebTransportState.CLOSED

    async def _close(self, message: Message) -> None:
        code, reason = code_of(message), reason_of(message)
        self.state = WebTransportState.CLOSED
        await self._session.close(code, reason)

    def _open(self, message: Message) -> None:
        bidirectional = bool(message.get("bidirectional", True))
        stream = self._session.open_stream(bidirectional=bidirectional)
        self._session.tell(StreamOpened(stream.stream_id, message.get("tag")))

    async def _send_bytes(self, message: Message) -> None:
        data = bytes_of(message)
        end_stream = bool(message.get("end_stream", False))
        stream = self._stream_of(message)
        if stream is None:
            await asyncio.sleep(0)  # as a send that is dropped; see `WebTransportStream.send`
        else:
            await stream.send(data, end_stream=end_stream)

    def _reset(self, message: Message) -> None:
        code = code_of(message)
        if (stream := self._stream_of(message)) is not None:
            stream.reset(code)

    def _stop(self, message: Message) -> None:
        code = code_of(message)
        if (stream := self._stream_of(message)) is not None:
            stream.stop(code)

    async def _send_datagram(self, message: Message) -> None:
        data = bytes_of(message)
        if not self._session.send_datagram(data):
            # What waits for a packet leaves with the end of the loop's pass, if the path is free.
            await asyncio.sleep(0)
            self._session.send_datagram(data)

    # Inside

    def _stream_of(self, message: Message) -> WebTransportStream | None:
        """The stream that a message is for; None if both its halves have ended."""
        stream_id = stream_id_of(message)
        stream = self._session.streams.get(stream_id)
        if stream is None and not self._session.has_had(stream_id):
            raise LocalProtocolError(f"The session has no stream {stream_id}.")
        return stream

    def _disconnected(self) -> ClientDisconnected:
        code = self._stream.error_code
        return ClientDisconnected(
            "The session is over.", ErrorCode.H3_NO_ERROR if code is None else code
        )
