"""One ASGI `websocket`: one run of the application, its `receive()` and its `send()`.

This file knows the messages of ASGI's WebSocket spec 2.5 and which may come when. It refuses to
know frames and how a socket ends (`socket.py`). Its one rule: an error raises at the very `send()`
that caused it and nothing of that message reaches the client.

`send()` in each state; an empty cell raises LocalProtocolError. After a disconnect, whoever began
it, every `send()` raises ClientDisconnected.

========================= ============ ============ ======== ========
websocket                 CONNECTING   DENYING      OPEN     CLOSED
========================= ============ ============ ======== ========
accept                    OPEN
close                     CLOSED: 403               CLOSED
send                                                same
http.response.start       DENYING
http.response.body                     or CLOSED
========================= ============ ============ ======== ========

`receive()`: `websocket.connect`; from the acceptance on messages, and when there are no more and
none will come, `websocket.disconnect`, every time and at once.

What the client sees when an application misbehaves. Each row is a test
(tests/asgi/websocket/test_misbehaviour.py).

======================================================== ================ ================
The application                                          its call         the client sees
======================================================== ================ ================
raises before it accepts                                                  500
raises once the socket is open                                            1011
raises after its close                                                    the close
raises SystemExit before it accepts                                       500
raises SystemExit once the socket is open                                 1011
returns before it accepts                                                 500
returns once the socket is open                                           1000
returns in the middle of a refusal                                        reset
cancels itself once the socket is open                                    reset
sends no dictionary                                      raises           500
sends a message of an unknown type                       raises           500
sends a message before it accepts                        raises           500
sends an http response                                   raises           500
accepts twice                                            raises           1011
accepts with a subprotocol that was not offered          raises           500
accepts with headers that are no pairs                   raises           500
accepts with a sec-websocket-protocol of its own         raises           500
sends a message without data                             raises           1011
sends text that is bytes                                 raises           1011
sends bytes that are text                                raises           1011
sends text that is no Unicode                            raises           1011
closes with a code that does not exist                   raises           1011
closes with a code that is no number                     raises           1011
sends a message after its close                          raises           the close
closes twice                                             raises           the close
accepts after it has refused                             raises           403
starts a refusal once the socket is open                 raises           1011
refuses with a status that is no status                  raises           500
receives twice at once                                   raises           1011
======================================================== ================ ================

An application that returns while its socket is open has said all it had to say: 1000, as with
uvicorn. (Hypercorn closes with 1011.)
"""

from __future__ import annotations

import asyncio
import logging
from enum import Enum
from typing import TYPE_CHECKING, Any

from h3producer.asgi.disconnects import pause_after
from h3producer.asgi.errors import ClientDisconnected, out_of_turn
from h3producer.asgi.response import AsgiResponse
from h3producer.asgi.run import run_application
from h3producer.asgi.websocket.extensions import allowance_of
from h3producer.asgi.websocket.frames import Frames
from h3producer.asgi.websocket.socket import ABNORMAL, NORMAL, Ending, WebSocket
from h3producer.errors import LocalProtocolError
from h3producer.http3.disconnects import is_disconnect
from h3producer.http3.log_words import show_address, show_target

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp, Message, Scope
    from h3producer.asgi.websocket.options import WebSocketOptions
    from h3producer.http3.stream import Http3Stream

__all__ = ["WebSocketCycle", "WebSocketState"]

logger = logging.getLogger("h3producer.error")

# RFC 6455 §7.4: those that are defined, and those that are for libraries and applications. 1005,
# 1006 and 1015 mean "none", and are sent as such.
_CODES = frozenset((*range(1000, 1004), *range(1005, 1016), *range(3000, 5000)))

_NOT_THE_APPLICATIONS = (b"sec-websocket-protocol", b"sec-websocket-extensions")


class WebSocketState(Enum):
    """What the application has sent so far; the value says what is due."""

    CONNECTING = "websocket.accept, websocket.close or websocket.http.response.start"
    DENYING = "websocket.http.response.body"
    OPEN = "websocket.send or websocket.close"
    CLOSED = "nothing more"


class WebSocketCycle:
    """One WebSocket for one run of the application."""

    def __init__(self, stream: Http3Stream, options: WebSocketOptions) -> None:
        self._stream = stream
        self._options = options
        self.state = WebSocketState.CONNECTING
        self._socket: WebSocket | None = None
        self._refusal = AsgiResponse(stream)
        self._subprotocols: list[str] = []
        self._is_connected = False
        self._is_decided = asyncio.Event()
        self._disconnects = 0

    async def run(self, app: AsgiApp, scope: Scope) -> None:
        """Run the application, then end the socket; what it raises is for the stream to log."""
        self._subprotocols = scope["subprotocols"]
        try:
            try:
                await run_application(app, scope, self.receive, self.send)
            except Exception as error:
                if self._is_by_disconnect(error):
                    logger.info("Stream %d: left by %r", self._stream.stream_id, error)
                else:
                    await self._fail()
                    raise
            if self._socket is not None:
                await self._socket.finish()
        finally:
            self.state = WebSocketState.CLOSED
            self._refusal.close()
            if self._socket is not None:
                self._socket.leave()

    async def receive(self) -> dict[str, Any]:
        """`websocket.connect`, then a message, or `websocket.disconnect`; waits for it.

        Cancelling the wait loses no message. Receiving is what lets the client send more.
        """
        if not self._is_connected:
            self._is_connected = True
            return {"type": "websocket.connect"}
        if self._socket is None:
            await self._decision()
        if self._socket is not None:
            data = await self._socket.inbox.get()
            if data is not None:
                key = "text" if isinstance(data, str) else "bytes"
                return {"type": "websocket.receive", key: data}
        self._disconnects += 1
        await pause_after(self._disconnects)
        code, reason = self._ending or Ending(ABNORMAL, "")
        return {"type": "websocket.disconnect", "code": code, "reason": reason}

    async def send(self, message: Message) -> None:
        """Take the next message; waits until the stream has room for it.

        Raises ClientDisconnected once the socket is over, also under the wait, and
        LocalProtocolError for a message that may not come now or is not well-formed.
        """
        try:
            kind = message["type"]
        except (KeyError, TypeError):
            raise LocalProtocolError(f"{message!r} is no ASGI message.") from None
        state = self.state
        if self._is_gone:
            raise self._disconnected()
        if state is WebSocketState.OPEN and kind == "websocket.send":
            assert self._socket is not None, "it is open"
            await self._send_message(self._socket, message)
        elif state is WebSocketState.OPEN and kind == "websocket.close":
            assert self._socket is not None, "it is open"
            self._socket.close(*_code_and_reason(message))
            self.state = WebSocketState.CLOSED
        elif state is WebSocketState.CONNECTING and kind == "websocket.accept":
            await self._accept(message)
        elif state is WebSocketState.CONNECTING and kind == "websocket.close":
            _code_and_reason(message)
            # ASGI: "If this is sent before the socket is accepted, the server must close the
            # connection with a HTTP 403 error code (Forbidden)".
            await self._deny({"type": "http.response.start", "status": 403})
            await self._deny({"type": "http.response.body"})
        elif (state is WebSocketState.CONNECTING and kind == "websocket.http.response.start") or (
            state is WebSocketState.DENYING and kind == "websocket.http.response.body"
        ):
            await self._deny({**message, "type": kind.removeprefix("websocket.")})
        else:
            raise out_of_turn(message, self.state)

    # The messages

    async def _accept(self, message: Message) -> None:
        stream, options = self._stream, self._options
        headers = [*_pairs(message.get("headers") or ())]
        for name, _ in headers:
            if bytes(name).lower() in _NOT_THE_APPLICATIONS:
                raise LocalProtocolError(f"{name!r} is not for the application to set.")
        subprotocol = message.get("subprotocol")
        if subprotocol is not None:
            # RFC 6455 §4.2.2: "The value chosen MUST be derived from the client's handshake".
            if subprotocol not in self._subprotocols:
                raise LocalProtocolError(f"The client does not offer {subprotocol!r}.")
            headers.append((b"sec-websocket-protocol", subprotocol.encode("latin-1")))
        frames = Frames(
            stream.request.headers,
            options.max_size,
            allowance_of(stream.transport, options.max_size),
            deflate=options.per_message_deflate,
        )
        if frames.extension is not None:
            headers.append((b"sec-websocket-extensions", frames.extension.encode("ascii")))
        stream.response.start(200, headers)
        self.state = WebSocketState.OPEN
        await stream.response.flush()
        if stream.aborted:
            raise self._disconnected()
        self._socket = WebSocket(stream, frames, options)
        self._is_decided.set()
        client, target = stream.transport.peer_address, stream.request.path
        logger.info('%s - "WebSocket %s" [accepted]', show_address(client), show_target(target))

    async def _deny(self, message: Message) -> None:
        """A part of a refusal, which is an HTTP response."""
        self.state = WebSocketState.DENYING
        try:
            await self._refusal.send(message)
        finally:
            if not self._stream.response.started:
                self.state = WebSocketState.CONNECTING  # it did not count
        if self._refusal.is_complete:
            self.state = WebSocketState.CLOSED
            self._is_decided.set()

    async def _send_message(self, socket: WebSocket, message: Message) -> None:
        data = message.get("bytes")
        if data is None:
            data = message.get("text")
            if not isinstance(data, str):
                raise LocalProtocolError("A message has bytes or a text.")
        elif isinstance(data, bytearray | memoryview):
            data = bytes(data)
        elif not isinstance(data, bytes):
            raise LocalProtocolError(f"Bytes are bytes, not {type(data).__name__}.")
        try:
            await socket.send(data)
        except UnicodeEncodeError as error:
            raise LocalProtocolError(f"The text is no Unicode: {error}.") from None

    # Inside

    @property
    def _ending(self) -> Ending | None:
        return None if self._socket is None else self._socket.ending

    @property
    def _is_gone(self) -> bool:
        """It is over, and the application has not ended it."""
        is_ours = self.state is WebSocketState.CLOSED
        return self._stream.aborted or (self._ending is not None and not is_ours)

    async def _fail(self) -> None:
        """The application has failed: close what is open; all else is the stream's to answer."""
        if self._socket is not None:
            if self._ending is None:
                self._socket.fail()
            await self._socket.finish()

    async def _decision(self) -> None:
        """Wait until the socket is open, or will not be."""
        waits = [
            asyncio.ensure_future(self._is_decided.wait()),
            asyncio.ensure_future(self._stream.wait_closed()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _is_by_disconnect(self, error: Exception) -> bool:
        """Frameworks have exceptions of their own for "the client has gone"; a bug in their
        cleaning up looks the same, so neither is kept silent, and neither is an error."""
        return self._is_gone and (self._disconnects > 0 or is_disconnect(error))

    def _disconnected(self) -> ClientDisconnected:
        code = self._stream.error_code or 0
        return ClientDisconnected(f"The WebSocket is over: {self._ending or 'it was cut'}.", code)


def _code_and_reason(message: Message) -> tuple[int, str]:
    code = message.get("code")
    code = NORMAL if code is None else code
    if code not in _CODES:
        raise LocalProtocolError(f"{code!r} is no code that a WebSocket can be closed with.")
    return code, str(message.get("reason") or "")


def _pairs(headers: Any) -> list[tuple[bytes, bytes]]:
    """`Any`: whatever an application gives."""
    try:
        return [(bytes(name), bytes(value)) for name, value in headers]
    except (TypeError, ValueError):
        raise LocalProtocolError("Headers are pairs of bytes, a name and a value.") from None
