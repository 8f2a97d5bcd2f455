"""One stream of a session: bytes one way or both, back-pressure, and how each half ends.

This file knows both halves of a stream. It refuses to know its session, which is whoever watches
it, and what stood in front of its bytes.

Its one rule: each half ends once. What the client sends waits in a pipe and gives credit when the
application takes it, as a request's body does; what the application sends waits for `drain`, as a
response does. So neither end can make the other hold more than a window. And who resets a stream
that the application has not heard of has not bothered it: such a stream never was.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from h3producer.errors import ErrorCode, LocalProtocolError, RequestAborted
from h3producer.http3.request_body import RequestBody
from h3producer.http3.webtransport.events import StreamData
from h3producer.wire.webtransport import MAX_APPLICATION_CODE, application_code, error_code_of

if TYPE_CHECKING:
    from h3producer.http3.transport import QuicTransport

__all__ = ["Half", "StreamWatcher", "WebTransportStream"]

PIECE: Final = 16 * 1024
"""Bytes that are handed to QUIC between two looks at the back-pressure, as of a response."""


class Half(Enum):
    """How far one direction of a stream has got."""

    OPEN = "open"
    ENDED = "ended by its sender"
    CUT = "reset, stopped, or its session is over"
    MISSING = "not there: the stream goes the other way only"


class StreamWatcher(Protocol):
    """Who hears what the client does to a stream; its session."""

    def stream_readable(self, stream: WebTransportStream) -> None:
        """`take` has something to give. Told once, until it was called."""

    def stream_reset(self, stream: WebTransportStream, code: int | None) -> None:
        """The client abandoned its half."""

    def stream_stopped(self, stream: WebTransportStream, code: int | None) -> None:
        """The client wants no more of ours."""

    def stream_over(self, stream: WebTransportStream) -> None:
        """Both halves have ended, and all was taken."""


class WebTransportStream:
    """A stream of a session, whoever opened it."""

    def __init__(self, stream_id: int, transport: QuicTransport) -> None:
        is_ours, is_one_way = bool(stream_id & 1), bool(stream_id & 2)
        self.stream_id = stream_id
        self.receiving = Half.MISSING if is_ours and is_one_way else Half.OPEN
        self.sending = Half.MISSING if is_one_way and not is_ours else Half.OPEN
        self._transport = transport
        self._watcher: StreamWatcher | None = None
        self._body = RequestBody(partial(transport.grant, stream_id))
        self._is_announced = False
        self._is_known = is_ours
        self._is_over = False
        self._stopped_with: int | None = None
        self._turn = asyncio.Lock()

    # For the application

    @property
    def is_bidirectional(self) -> bool:
        """Whether both ends can send on it."""
        return not self.stream_id & 2

    async def send(self, data: bytes, *, end_stream: bool = False) -> bool:
        """Send bytes, and the end if `end_stream`; wait until the stream has room for them.

        Returns whether the client may still want them: once it has stopped the stream, or the
        session is over, they are dropped. Calls at the same time take turns. Raises
        LocalProtocolError behind our own end, and on a stream that the client alone sends on. A
        wait that is canceled may have sent some of it.
        """
        async with self._turn:
            if self.sending is Half.CUT:
                await asyncio.sleep(0)  # who sends without an end must not hold the loop
                return False
            if self.sending is not Half.OPEN:
                raise LocalProtocolError(f"Stream {self.stream_id} is {self.sending.value}.")
            last = max(0, len(data) - 1) // PIECE * PIECE
            for start in range(0, last, PIECE):
                self._transport.send(self.stream_id, data[start : start + PIECE])
                await self._transport.drain(self.stream_id)
                if self.sending is not Half.OPEN:
                    return False
            if end_stream:
                self.sending = Half.ENDED
                self._transport.send(self.stream_id, data[last:], end_stream=True)
                self._check_over()
                return True
            self._transport.send(self.stream_id, data[last:])
            await self._transport.drain(self.stream_id)
            return self.sending is Half.OPEN

    def reset(self, code: int = 0) -> None:
        """Abandon what we send, unsent bytes included; the client hears `code`.

        A no-op if that half has ended. Raises ValueError for a code that has not 32 bits.
        """
        error_code = _checked(code)
        if self.sending is Half.OPEN:
            self._transport.reset(self.stream_id, error_code)
            self._cut_sending()

    def stop(self, code: int = 0) -> None:
        """Want no more of what the client sends, received bytes included; it hears `code`.

        A no-op if that half has ended. Raises ValueError for a code that has not 32 bits.
        """
        error_code = _checked(code)
        if self.receiving is Half.OPEN:
            self._transport.stop_sending(self.stream_id, error_code)
        self._cut_receiving()

    def take(self) -> StreamData | None:
        """What has come and was not taken; None if that is nothing. The client may send more."""
        self._is_announced = False
        if self.receiving not in (Half.OPEN, Half.ENDED):
            return None
        result = self._body.try_read()
        if result is None:
            return None
        data = result.buffer.to_bytes()
        self._body.advance_to(result.buffer.end)
        if not self._is_known:
            self._is_known = True
            self._tell_stopped()
        if result.is_completed:
            self._cut_receiving()
        return StreamData(self.stream_id, data, result.is_completed)

    # For the session

    def join(self, watcher: StreamWatcher) -> None:
        """From now on `watcher` hears of it; at once if something has come."""
        self._watcher = watcher
        if self._is_over:
            watcher.stream_over(self)  # it ended before anybody watched
        elif self._is_announced:
            watcher.stream_readable(self)

    def session_gone(self) -> None:
        """The session is over; what came whole before that may still be taken."""
        self.give_up(ErrorCode.WEBTRANSPORT_SESSION_GONE)

    def give_up(self, error_code: ErrorCode) -> None:
        """Cut every half that is open, with a code that is not an application's."""
        # The draft, §6: "the endpoint MUST reset the send side and abort reading on the receive
        # side of all unidirectional and bidirectional streams associated with the session".
        if self.sending is Half.OPEN:
            self._transport.reset(self.stream_id, error_code)
            self.sending = Half.CUT
        if self.receiving is Half.OPEN:
            self._transport.stop_sending(self.stream_id, error_code)
            self._cut_receiving()
        self._check_over()

    def forget(self) -> None:
        """Nobody takes anything any more."""
        self._watcher = None
        self.session_gone()
        self._cut_receiving()

    # For the connection

    def data_received(self, data: bytes, end_stream: bool) -> None:
        """Bytes behind the head, and the end."""
        if self.receiving is not Half.OPEN:
            self._transport.grant(self.stream_id, len(data))  # nobody reads it
            return
        if data:
            self._body.data_received(data)
        if end_stream:
            self.receiving = Half.ENDED
            self._body.end_received(None)
        if data or end_stream:
            self._announce()

    def reset_received(self, error_code: int) -> None:
        """RESET_STREAM."""
        if self.receiving is Half.OPEN:
            if not self._is_known:
                self.reset()  # nobody will ever send on it
            elif self._watcher is not None:
                self._watcher.stream_reset(self, application_code(error_code))
            self._cut_receiving()

    def stop_received(self, error_code: int) -> None:
        """STOP_SENDING: QUIC has already reset our half."""
        if self.sending is Half.OPEN:
            self._stopped_with = error_code
            if self._is_known:
                self._tell_stopped()
            self._cut_sending()

    # Inside

    def _announce(self) -> None:
        if not self._is_announced:
            self._is_announced = True
            if self._watcher is not None:
                self._watcher.stream_readable(self)

    def _tell_stopped(self) -> None:
        if self._stopped_with is not None and self._watcher is not None:
            self._watcher.stream_stopped(self, application_code(self._stopped_with))

    def _cut_sending(self) -> None:
        self.sending = Half.CUT
        self._check_over()

    def _cut_receiving(self) -> None:
        """Nothing is to be taken any more: what was not has been consumed by that."""
        if self.receiving in (Half.OPEN, Half.ENDED):
            self.receiving = Half.CUT
            self._body.abort(RequestAborted("Nobody reads it.", ErrorCode.H3_NO_ERROR))
            self._body.complete()
            self._check_over()

    def _check_over(self) -> None:
        has_ended = self.sending is not Half.OPEN and self.receiving in (Half.CUT, Half.MISSING)
        if has_ended and not self._is_over:
            self._is_over = True
            if self._watcher is not None:
                self._watcher.stream_over(self)

    def __repr__(self) -> str:
        return f"<WebTransportStream {self.stream_id} {self.receiving.name}/{self.sending.name}>"


def _checked(code: int) -> int:
    if not 0 <= code <= MAX_APPLICATION_CODE:
        raise ValueError(f"The code of an application has 32 bits, which {code} has not.")
    return error_code_of(code)
