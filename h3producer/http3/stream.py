"""One exchange: a request, the application that answers it, and what the world does to them.

This file knows when an application is started, and what follows from how it leaves. It refuses to
know frames (`http3/request_reader.py`, `http3/frame_writer.py`), what an end consists of
(`http3/exchange.py`), datagrams (`http3/datagram_exchange.py`), time (`http3/timed_exchange.py`)
and other streams: the connection
gives it what all of them share.

Where the world reaches in: `data_received`, `reset_received`, `stop_received`,
`datagram_received`, `tick`, `connection_lost`.
Where the application reaches in: `request`, `body`, `response`, `output`, `datagrams`, `reset`,
`wait_closed`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from h3producer.errors import (
    MAX_ERROR_CODE,
    ErrorCode,
    LocalProtocolError,
)
from h3producer.http3.cause import Cause
from h3producer.http3.disconnects import is_disconnect
from h3producer.http3.frame_writer import Http3FrameWriter
from h3producer.http3.output_producer import Http3OutputProducer
from h3producer.http3.record import RecordedOutput
from h3producer.http3.request_body import RequestBody
from h3producer.http3.response import Http3Response
from h3producer.http3.state import RequestState
from h3producer.http3.timed_exchange import TimedExchange, is_connect
from h3producer.pipe.wakeup import start_inline
from h3producer.wire.received import OversizedSection

if TYPE_CHECKING:
    from h3producer.http3.exchange import ExchangeContext
    from h3producer.http3.transport import QuicTransport
    from h3producer.wire.fields import Fields
    from h3producer.wire.request import Request

__all__ = ["Handler", "Http3Stream"]

logger = logging.getLogger("h3producer.error")

Handler = Callable[["Http3Stream"], Awaitable[None]]
"""An application: answers one exchange. When it returns, the exchange is over.

A server keeps a plain CONNECT (RFC 9110 §9.3.6) from it unless it has a true `takes_connect`.
"""


class Http3Stream(TimedExchange):
    """One request and its response; what a handler gets.

    `request`, `body`, `response` and `output` exist once the handler runs.
    """

    _on_draining: Callable[[], None] | None = None
    _is_draining = False

    def __init__(self, stream_id: int, context: ExchangeContext, handler: Handler) -> None:
        super().__init__(stream_id, context)
        self._handler = handler

    # For the application

    @property
    def transport(self) -> QuicTransport:
        """The connection: addresses, TLS facts."""
        return self._context.transport

    def when_draining(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, in a loop pass of its own, once the connection begins to stop.

        For who would not end by itself; as soon as may be if it has begun. The last one wins.
        """
        self._on_draining = callback
        if self._is_draining:
            self.drain()

    def reset(self, error_code: int) -> None:
        """Cut the exchange with a code of the application's choice, in both directions.

        Raises ValueError if the code is not in 0..2^62-1 (RFC 9000 §16), before any effect.
        After the response is complete only the request is cut: a RESET_STREAM behind a FIN
        would let QUIC drop a response that the application knows to be complete.
        """
        if not 0 <= error_code <= MAX_ERROR_CODE:
            raise ValueError(f"An error code is in 0..2^62-1, which {error_code} is not.")
        self.abort(error_code, "reset by the application", Cause.APPLICATION_RESET)

    # For the connection

    def data_received(self, data: bytes, end_stream: bool) -> None:
        """Bytes of the request stream. Raises Http3StreamError and Http3ConnectionError."""
        reader = self._reader
        before = reader.content_received
        try:
            reader.receive(data, end_stream, self)
        except OversizedSection as error:
            if self._is_accepted:
                raise  # trailers, and the application is at work
            self._refuse(431, error.error_code, str(error), Cause.MAX_FIELD_SECTION_SIZE)
        finally:
            # What is not content is consumed by having been read; content by its reader.
            overhead = len(data) - (reader.content_received - before)
            if overhead:
                self._context.transport.grant(self.stream_id, overhead)

    def reset_received(self, error_code: int) -> None:
        """RESET_STREAM: the request will never be whole, so the response has no point either.

        Ends our half too, since QUIC frees a stream only when both halves have ended. A request
        that was whole before stays whole, and gets its response (RFC 9000 §3.2).
        """
        # RFC 9114 §4.1: "If a client-initiated stream terminates without enough of the HTTP
        # message to provide a complete response, the server SHOULD abort its response stream
        # with the error code H3_REQUEST_INCOMPLETE." Kept for requests that have no head.
        before_headers = self._reader.state is RequestState.AWAITING_HEADERS
        reply = (
            ErrorCode.H3_REQUEST_INCOMPLETE if before_headers else ErrorCode.H3_REQUEST_CANCELLED
        )
        self._reader.abandon()
        if self._reader.state is RequestState.ABORTED:
            message = "The client reset the request stream."
            self._cut_by_client(error_code, message, reply, Cause.CLIENT_RESET)

    def stop_received(self, error_code: int) -> None:
        """STOP_SENDING: nobody wants the response. QUIC has already reset our half."""
        if not self._has_responded:
            reply = ErrorCode.H3_REQUEST_CANCELLED
            message = "The client stopped reading the response."
            self._cut_by_client(error_code, message, reply, Cause.CLIENT_STOP)

    def connection_lost(self, error_code: int, reason: str) -> None:
        """There is no connection any more; nothing can be sent."""
        message = f"The connection ended: {reason or 'closed'}."
        self._cut(error_code, message, error_code, Cause.CONNECTION_LOST)

    def abort(self, error_code: int, reason: str, cause: Cause = Cause.APPLICATION_ERROR) -> None:
        """Cut the exchange from our side: RESET_STREAM and STOP_SENDING with the same code."""
        self._cut(error_code, f"The exchange was aborted: {reason}.", error_code, cause)

    def drain(self) -> None:
        """The connection ends as soon as its exchanges have."""
        self._is_draining = True
        callback, self._on_draining = self._on_draining, None
        if callback is not None:
            asyncio.get_running_loop().call_soon(callback)

    # For the request reader

    def request_received(self, request: Request) -> None:
        self.request = request
        limit = self._context.config.max_request_body_size
        if limit is not None and (request.content_length or 0) > limit and not is_connect(request):
            self._refuse_content(limit)
            return
        if request.priority is not None:
            self._context.priorities.request_received(self.stream_id, request.priority)
        self._prepare_response(request.method)
        self.body = RequestBody(
            partial(self._context.transport.grant, self.stream_id),
            self._send_continue if request.expects_continue else None,
        )
        self._is_accepted = True
        early = self._context.early
        if early is not None and not early.is_over:
            if early.holds(request, self._enter):
                return
            self.request = early.marked(request)
            self.is_early = True
        self._context.turnstile.enter(self._context.source, self._begin)

    def content_received(self, piece: bytes) -> None:
        limit = self._context.config.max_request_body_size
        received = self._reader.content_received
        if limit is not None and received > limit and not is_connect(self.request):
            self._refuse_content(limit)
            self._context.transport.grant(self.stream_id, len(piece))  # nobody reads it
        else:
            self.body.data_received(piece)

    def request_ended(self, trailers: Fields | None) -> None:
        self.body.end_received(trailers)

    def _refuse_content(self, limit: int) -> None:
        # RFC 9110 §15.5.14: 413 (Content Too Large) is for a request whose content "is larger than
        # the server is willing or able to process".
        message = f"The request body has more than {limit} bytes."
        self._refuse(413, ErrorCode.H3_EXCESSIVE_LOAD, message, Cause.MAX_REQUEST_BODY_SIZE)

    # The application's run

    def _prepare_response(self, method: str) -> None:
        context = self._context
        if self._frame_writer is None:
            self._frame_writer = Http3FrameWriter(
                self.stream_id, context.transport, context.encoder
            )
        if self.record is None or context.watch is None:
            self.output = Http3OutputProducer(self._frame_writer, self.abort, self._announce_closed)
        else:
            self.output = output = RecordedOutput(
                self._frame_writer, self.abort, self._announce_closed
            )
            output.record, output.now = self.record, context.watch.now
        self.response = Http3Response(self.output, method, context.heads)

    def _end(self, error_code: int) -> None:
        super()._end(error_code)
        early = self._context.early
        if early is not None and early.withdraws(self._enter):
            self._begin()

    def _enter(self) -> None:
        self._context.turnstile.enter(self._context.source, self._begin)

    def _begin(self) -> None:
        if self.aborted:
            self.body.complete()  # it was cut while it waited for its turn
            self.leave()
            return
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        """Run the handler, then end the exchange: the one policy for every way it can end."""
        try:
            try:
                if self.aborted:
                    return  # by a client that was quicker than we
                await self._handler(self)
                if not (self._has_responded or self.aborted or self._is_ending):
                    raise LocalProtocolError(
                        "The application returned before its response was complete."
                    )
            except Exception as error:
                await self._fail(error)
            if not self._has_responded and self._is_ending:
                # The application gave up waiting for it.
                await self.output.write_stream_suffix()
        finally:
            if not self._has_responded:
                # Cancelled, or on its way out of the process; a no-op after any other cut.
                reason = "the application was cancelled"
                self.abort(ErrorCode.H3_INTERNAL_ERROR, reason, Cause.APPLICATION_CANCELED)
            self.body.complete()
            self.leave()

    async def _fail(self, error: Exception) -> None:
        """The application raised: 500 if nothing has left, else RESET_STREAM; never a clean end.

        Unless it had asked for the end: then the response is what it wanted.
        """
        if self.aborted and is_disconnect(error):
            logger.debug("Stream %d: %s", self.stream_id, error)
            return
        logger.error("Stream %d: exception in the application", self.stream_id, exc_info=error)
        self.cause = self.cause or Cause.APPLICATION_ERROR
        if not (self.aborted or self._is_ending):
            await self._answer(500, b"Internal Server Error")

    async def _answer(self, status: int, text: bytes = b"") -> None:
        """A whole response of our own, or RESET_STREAM if it is too late for one."""
        fields = [(b"content-type", b"text/plain; charset=utf-8")] if text else []
        try:
            self.response.discard()
            self.response.start(status, fields)
            await self.response.complete(text)
        except LocalProtocolError as error:
            self.abort(ErrorCode.H3_INTERNAL_ERROR, str(error))

    def _send_continue(self) -> None:
        """The application waits for content: a client that waits to be told so, hears it."""
        # RFC 9110 §10.1.1: a 100 is for a client whose content is wanted and has not come.
        content_may_come = self._reader.state is RequestState.BODY
        if content_may_come and not self._reader.content_received and self.output.awaits_headers:
            start_inline(self._write_continue())

    async def _write_continue(self) -> None:
        try:
            await self.output.write_100_continue()
        except LocalProtocolError as error:
            logger.debug("Stream %d: %s", self.stream_id, error)
