"""One exchange, and every way in which it can end.

This file knows both halves of a request stream and who must hear when they end. It refuses to know
how an exchange goes while it goes well: `http3/stream.py` does, and is built on this.

| end | the client sees | the application |
|---|---|---|
| normal | the response, FIN | has asked for it |
| `leave` | STOP_SENDING H3_NO_ERROR, if more of the request could come | has left |
| `_cut` | RESET_STREAM and STOP_SENDING | hears of a disconnect |
| `_refuse` | a response of ours, STOP_SENDING H3_NO_ERROR; or as `_cut` | the same |
| `_give_up` | RESET_STREAM, even behind a FIN that has not been sent | the same |

Its one rule: the first end decides, and after it nothing is sent but what belongs to it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode, FieldSectionTooLarge, RequestAborted
from h3producer.http3.frame_writer import Http3FrameWriter
from h3producer.http3.load import ConnectionLoad, Load
from h3producer.http3.pace import ExchangePace, PaceLimits
from h3producer.http3.request_reader import RequestReader
from h3producer.http3.state import OutputState, RequestState
from h3producer.wire.response import response_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.config import Config
    from h3producer.http3.cause import Cause
    from h3producer.http3.datagrams import ConnectionDatagrams, StreamDatagrams
    from h3producer.http3.early_requests import EarlyRequests
    from h3producer.http3.field_encoder import FieldEncoder
    from h3producer.http3.output_producer import Http3OutputProducer
    from h3producer.http3.priorities import Priorities
    from h3producer.http3.record import ExchangeRecord, ExchangeWatch
    from h3producer.http3.request_body import RequestBody
    from h3producer.http3.request_sections import RequestSections
    from h3producer.http3.response import Http3Response
    from h3producer.http3.response_heads import ResponseHeads
    from h3producer.http3.transport import QuicTransport
    from h3producer.http3.turnstile import Turnstile
    from h3producer.wire.request import Request

__all__ = ["Exchange", "ExchangeContext"]


@dataclass(kw_only=True, slots=True, frozen=True)
class ExchangeContext:
    """What the exchanges of one connection share."""

    transport: QuicTransport
    sections: RequestSections
    encoder: FieldEncoder
    heads: ResponseHeads
    load: ConnectionLoad
    pace: PaceLimits
    priorities: Priorities
    turnstile: Turnstile
    early: EarlyRequests | None
    """Of a connection that began with early data."""
    source: str
    """Where the client is: one host waits in one line, however many connections it has."""
    config: Config
    complain: Callable[..., None]
    """Told what a client did wrong, as a logger is: a sentence with places, and what goes there."""
    on_closed: Callable[[Exchange], None]
    """Told once nothing more happens on our side; what was handed to QUIC may still be unsent."""
    datagrams: ConnectionDatagrams | None
    """None if the server takes no datagrams."""
    watch: ExchangeWatch | None
    """Who watches; None if nobody does."""

    def forget(self) -> None:
        """The connection is idle: keep nothing of the exchanges that were."""
        self.sections.forget()
        self.heads.forget()


class Exchange:
    """The halves of one request stream. `request`, `body`, `response` and `output` exist once the
    application has been called."""

    request: Request
    """What the client asks for: method, target and fields."""
    body: RequestBody
    """The request's content; reading it is what lets the client send more."""
    response: Http3Response
    """What HTTP says about responses."""
    output: Http3OutputProducer
    """The producer below `response`, with Kestrel's own API; it judges nothing."""

    _datagrams: StreamDatagrams | None = None
    """Made when one comes, or when somebody asks."""
    record: ExchangeRecord | None = None
    """What is noted of it, if somebody watches."""
    http_version = "3"
    """As ASGI and the access log say it; another where HTTP/1.1 and HTTP/2 are served beside."""
    is_early = False
    """It came as early data and may be a repetition (RFC 8470); 425 makes the client ask again."""
    is_probe = False
    """The server itself answers whoever asks for its health."""
    cause: Cause | None = None
    """What it is that did not go well; the first cause decides."""

    def __init__(self, stream_id: int, context: ExchangeContext) -> None:
        self.stream_id = stream_id
        self._context = context
        self._reader = RequestReader(stream_id, context.sections, context.load, context.config)
        self.pace_so_far: ExchangePace | None = None
        """How long it takes, once somebody has asked."""
        self._frame_writer: Http3FrameWriter | None = None
        self._is_accepted = False
        """The request has a head that is in order: the application is called, now or soon."""
        self._task: asyncio.Task[None] | None = None
        self._closed: asyncio.Event | None = None
        self.error_code: int | None = None
        """The code that cut the exchange; None while it is well, and after a normal end."""
        self.aborted = False
        """Somebody cut the exchange: the client, the connection, the server or `reset`."""
        self.refused_with: int | None = None
        """The status of a response that we gave in the application's place, which cut it off."""
        if context.watch is not None:
            self.record = context.watch.exchange_began(stream_id)

    @property
    def pace(self) -> ExchangePace:
        """How long it takes; made when somebody asks, since most are over before that."""
        if self.pace_so_far is None:
            self.pace_so_far = ExchangePace(self._context.pace)
        return self.pace_so_far

    @property
    def head(self) -> Request | None:
        """What was asked for; None if that has not come, or is in no order."""
        return self.__dict__.get("request")

    @property
    def request_bytes(self) -> int:
        """Bytes of content that have come."""
        return self._reader.content_received

    @property
    def status(self) -> int | None:
        """The status that the client gets; None while there is none."""
        if self.refused_with is not None:
            return self.refused_with
        return self.response.status if self._is_accepted and self.response.headers_sent else None

    @property
    def response_bytes(self) -> int:
        """Bytes of content that were handed over; what HEAD leaves out is not counted."""
        if not self._is_accepted or self.request.method == "HEAD":
            return 0
        return self.response.body_bytes

    async def wait_closed(self) -> None:
        """Wait until the exchange is over: the response has been handed over, or it was cut."""
        if not (self.aborted or self._has_responded):
            if self._closed is None:
                self._closed = asyncio.Event()
            await self._closed.wait()

    def leave(self) -> None:
        """The application has left: end its side of the pipe, and ask for no more request."""
        self.output.complete()
        # RFC 9114 §4.1: "The error code H3_NO_ERROR SHOULD be used when requesting that the client
        # stop sending on the request stream."
        self._stop_request(ErrorCode.H3_NO_ERROR)
        if self._datagrams is not None:
            self._datagrams.forget()
        self._context.on_closed(self)

    # For those who are built on this

    @property
    def _has_responded(self) -> bool:
        """The whole response, its FIN included, was handed to QUIC."""
        return self._frame_writer is not None and self._frame_writer.is_completed

    @property
    def _is_ending(self) -> bool:
        """The application asked for the normal end: it comes by itself, or has come."""
        return self._has_responded or self.output.state is OutputState.SUFFIXED

    def _cut(self, error_code: int, message: str, reply: int, cause: Cause) -> None:
        """End the exchange before its time, with RESET_STREAM `reply`.

        The order is upstream's: stop the output, so that no frame follows; end the body with the
        error, so that a reader wakes; then reset, which wakes a pump that waits for room. A no-op
        for a request that is whole and answered.
        """
        if self.aborted or (self._reader.state is RequestState.ENDED and self._has_responded):
            return
        self._cut_off(error_code, message, cause)
        if self._frame_writer is not None:
            self._frame_writer.abort(reply)
        else:
            self._context.transport.reset(self.stream_id, reply)
        self._end(reply)

    def _cut_by_client(self, error_code: int, message: str, reply: int, cause: Cause) -> None:
        """The client wants no more of it, and says so once or twice."""
        if not self.aborted:
            self._cut(error_code, message, reply, cause)
            self._context.load.count(Load.RESETS)

    def _refuse(self, status: int, error_code: int, message: str, cause: Cause) -> None:
        """Answer in the application's place, if need be: it is cut off, and nothing more is read.

        If its response has begun it is too late for another, and both halves are reset.
        """
        if self._is_accepted and not self.output.awaits_headers:
            self._context.complain("stream %d is reset: %s", self.stream_id, message)
            self._cut(error_code, message, error_code, cause)
        else:
            self._context.complain("stream %d is answered %d: %s", self.stream_id, status, message)
            self._cut_off(error_code, message, cause)
            if self._answer_for_it(status):
                self.refused_with = status
                self._end(ErrorCode.H3_NO_ERROR)  # RFC 9114 §4.1, as in `leave`
            else:
                self._context.transport.reset(self.stream_id, error_code)
                self._end(error_code)
        self._context.load.count(Load.RESETS)

    def _give_up(self, error_code: int, message: str, cause: Cause) -> None:
        """Cut what the client does not take, also when all of it was handed over."""
        self._context.complain("stream %d is reset: %s", self.stream_id, message)
        self._cut_off(error_code, message, cause)
        if self._frame_writer is None or self._has_responded:
            # Its FIN, if there is one, waits behind what the client does not take.
            self._context.transport.reset(self.stream_id, error_code)
        else:
            self._frame_writer.abort(error_code)
        self._end(error_code)
        self._context.load.count(Load.RESETS)

    def _announce_closed(self) -> None:
        if self._datagrams is not None:
            # RFC 9297 §2.1: "HTTP/3 Datagrams MUST NOT be sent unless the corresponding stream's
            # send side is open."
            self._datagrams.end(RequestAborted("The response has ended.", ErrorCode.H3_NO_ERROR))
        if self._closed is not None:
            self._closed.set()
        if self.record is not None:
            self._end_record(self.record)

    # Inside

    def _end_record(self, record: ExchangeRecord) -> None:
        watch = self._context.watch
        if watch is None or record.ended is not None:
            return  # what is cut after its end had ended before
        record.ended = watch.now()
        # A look into `__dict__`, as `head` takes, makes every later one at the exchange slower.
        record.request = self.request if self._is_accepted else self.head
        record.request_bytes = self.request_bytes
        record.response_bytes = self.response_bytes
        record.is_whole = self._has_responded
        if self.is_early or self.is_probe or self.cause is not None or not record.is_whole:
            record.note_what_is_rare(self)
        watch.exchange_ended(record)

    def _cut_off(self, error_code: int, message: str, cause: Cause) -> None:
        """The application, if it has been called, hears that it is over."""
        self.cause = self.cause or cause
        self.error_code = error_code
        self.aborted = True
        if self._datagrams is not None:
            self._datagrams.end(RequestAborted(message, error_code))
        if self._is_accepted:
            self.output.stop()
            self.body.abort(RequestAborted(message, error_code))

    def _answer_for_it(self, status: int) -> bool:
        """A response without content; False if the client has no room for its headers."""
        context = self._context
        if self._frame_writer is None:
            self._frame_writer = Http3FrameWriter(
                self.stream_id, context.transport, context.encoder
            )
        fields = response_fields(status, [(b"content-length", b"0")])
        fields += context.heads.default_fields()
        try:
            self._frame_writer.write_empty_response(fields)
        except FieldSectionTooLarge:
            return False
        return True

    def _stop_request(self, error_code: int) -> None:
        if not self._reader.is_over:
            self._reader.abandon()
            self._context.transport.stop_sending(self.stream_id, error_code)

    def _end(self, error_code: int) -> None:
        """Our half has ended: end the client's, and let go on who waits for that."""
        self._stop_request(error_code)
        self._announce_closed()
        if not self._is_accepted:
            if self._datagrams is not None:
                self._datagrams.forget()
            self._context.on_closed(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.stream_id} {self._reader.state.name}>"
