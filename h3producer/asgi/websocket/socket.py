"""One open WebSocket: what comes, what leaves, and how it ends.

This file knows the closing handshake (RFC 6455 §7) over a tunnel (RFC 9220 §3). It refuses to know
ASGI. Its one rule: the first end decides what the application hears, `ending`, and after it nothing
of the application leaves.

============================= ================================ ===============================
What ends it                  the client gets                  the application hears
============================= ================================ ===============================
the client's close            the same back, FIN               its code, 1005 if it had none
the application's close       the code, FIN behind its answer  the code
a rule is broken              1002, 1007 or 1009, FIN          the same
FIN without a close           FIN                              1006 (RFC 6455 §7.1.5)
RESET_STREAM, STOP_SENDING    RESET_STREAM                     1006
the connection is lost                                         1006
no pong                       RESET_STREAM, cancelled          1006
the server stops              1012, FIN behind its answer      1012
the application raises        1011, FIN
the application is cancelled  RESET_STREAM, internal error
============================= ================================ ===============================

RFC 9220 §3: "Orderly TCP-level closures are represented as a FIN bit on the stream. A RST exception
is represented with a stream error … of type H3_REQUEST_CANCELLED".

Bytes are read as they come, whoever waits for them, so that pings are answered and an end is heard
while the application does something else; until the inbox is full. Then they stay where they are,
and the client's window closes.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from h3producer.asgi.errors import ClientDisconnected
from h3producer.asgi.websocket.frames import Closed, Message, Pinged, Ponged
from h3producer.asgi.websocket.inbox import Inbox
from h3producer.asgi.websocket.keepalive import Keepalive
from h3producer.asgi.websocket.outbox import Outbox
from h3producer.errors import ErrorCode, RequestAborted
from h3producer.http3.cause import Cause
from h3producer.pipe.wakeup import start_inline

if TYPE_CHECKING:
    from h3producer.asgi.websocket.frames import Frames
    from h3producer.asgi.websocket.options import WebSocketOptions
    from h3producer.http3.stream import Http3Stream

__all__ = ["CLOSE_TIMEOUT", "FRAMES_PER_PASS", "Ending", "WebSocket"]

CLOSE_TIMEOUT: Final = 10.0
"""Seconds that a client gets to answer our close and to end its side, once the application has
left. As long as that of the `websockets` library."""

FRAMES_PER_PASS: Final = 100
"""Frames that are looked at without a pause: a datagram may hold two hundred pings."""

logger = logging.getLogger("h3producer.error")

NORMAL, ABNORMAL, INTERNAL_ERROR, SERVICE_RESTART = 1000, 1006, 1011, 1012


class Ending(NamedTuple):
    """What the application hears of the end."""

    code: int
    reason: str


class WebSocket:
    """Open when it is made: the tunnel was accepted."""

    def __init__(self, stream: Http3Stream, frames: Frames, options: WebSocketOptions) -> None:
        self._stream = stream
        self._frames = frames
        self.inbox = Inbox(frames.bound.give_back)
        """What the application has not received yet."""
        self._outbox = Outbox(stream)
        self.ending: Ending | None = None
        self._is_failed = False
        """The client has broken a rule, or we have: nobody waits for its close."""
        self._hears = True
        """Its frames are looked at: it has not closed yet."""
        self._sent_then = 0
        self._keepalive = Keepalive(self, options.ping_interval, options.ping_timeout)
        stream.when_draining(self._leave_for_restart)
        self._reader = start_inline(self._read())

    async def send(self, data: str | bytes) -> None:
        """Send a message; waits until the stream has taken it.

        Raises ClientDisconnected if it is over, or was when this message's turn came. A wait that
        is cancelled sends the message all the same.
        """

        def frame() -> bytes:
            if self.ending is not None:
                raise ClientDisconnected(f"The WebSocket is closed: {self.ending}.", 0)
            return self._frames.message(data)

        await self._outbox.send(frame)
        if self._stream.aborted:
            raise ClientDisconnected("The WebSocket was cut.", self._stream.error_code or 0)

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close from our side. What was not received is forgotten."""
        self._close(code, reason)
        self.inbox.shut(clear=True)

    def fail(self) -> None:
        """Close since the application has failed, and wait for nobody's answer."""
        self._is_failed = True
        self._close(INTERNAL_ERROR, "", ends=True)

    async def finish(self) -> None:
        """The application has left: end the socket in order, or within `CLOSE_TIMEOUT` without."""
        if self.ending is None:
            self.close()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                if not self._is_failed:
                    await self._reader
                self._outbox.end()
                await self._outbox.emptied()
        except TimeoutError:
            self._outbox.end()
            if self._outbox.is_busy:
                self._stream.reset(ErrorCode.H3_REQUEST_CANCELLED)

    def leave(self) -> None:
        """Nobody cares any more. Idempotent."""
        self._keepalive.stop()
        self._reader.cancel()
        self.inbox.shut(clear=True)
        self._frames.bound.release()

    # What comes

    async def _read(self) -> None:
        body = self._stream.body
        try:
            while (chunk := await body.read_chunk()) or not body.is_complete:
                if self._hears:
                    await self._take(chunk)
        except RequestAborted:
            self._end(ABNORMAL, "")
        except Exception:
            # What must not raise has raised: no socket stays open that nobody reads.
            logger.critical("Stream %d: reading failed.", self._stream.stream_id, exc_info=True)
            self._end(ABNORMAL, "")
            self._stream.reset(ErrorCode.H3_INTERNAL_ERROR)
        else:
            # With its close it has said all; without one, it has gone.
            self._end(ABNORMAL, "")
            self._outbox.end()

    async def _take(self, chunk: bytes) -> None:
        for number, happened in enumerate(self._frames.receive(chunk), 1):
            self._handle(happened)
            if self.inbox.is_full:
                await self.inbox.room()
            elif not number % FRAMES_PER_PASS:
                await asyncio.sleep(0)

    def _handle(self, happened: Message | Pinged | Ponged | Closed) -> None:
        if isinstance(happened, Message):
            self.inbox.put(happened)
        elif isinstance(happened, Pinged):
            if self.ending is None:
                self._outbox.interject("pong", self._frames.pong(happened.payload))
        elif isinstance(happened, Ponged):
            self._keepalive.answered(happened.payload)
        else:
            self._closed(happened)

    def _closed(self, closed: Closed) -> None:
        self._hears = False
        self._is_failed |= closed.is_failure
        # RFC 6455 §5.5.1: "When sending a Close frame in response, the endpoint typically echos the
        # status code it received." And the reason: a browser's page hears that of the echo.
        self._close(closed.code, closed.reason, ends=True)

    # The end

    def _close(self, code: int, reason: str, *, ends: bool = False) -> None:
        """Send a close, unless one was sent before, and let nothing of the application follow."""
        self._end(code, reason)
        self._outbox.interject("close", self._frames.close(code, reason), ends=ends)

    def _end(self, code: int, reason: str) -> None:
        if self.ending is None:
            self.ending = Ending(code, reason)
            self._keepalive.stop()
            self.inbox.shut()

    def _leave_for_restart(self) -> None:
        if self.ending is None:
            self._close(SERVICE_RESTART, "")

    # For the keepalive

    def ping(self, payload: bytes) -> None:
        self._sent_then = self._stream.transport.progress(self._stream.stream_id).sent
        self._outbox.interject("ping", self._frames.ping(payload))

    def is_held_up(self) -> bool:
        before = self._sent_then
        self._sent_then, unsent = self._stream.transport.progress(self._stream.stream_id)
        is_on_its_way = self._sent_then > before and (unsent > 0 or self._outbox.is_busy)
        return self.inbox.is_full or is_on_its_way

    def overdue(self) -> None:
        reason = "keepalive ping timeout"
        self._end(ABNORMAL, reason)
        self._stream.abort(ErrorCode.H3_REQUEST_CANCELLED, reason, Cause.WS_PING_TIMEOUT)
