"""One HTTP/3 connection: who owns which stream, and what a broken rule costs.

This file knows the streams of one connection, its control streams, GOAWAY, and the one `except`
that turns a peer's fault into a reset or a close. It refuses to know QUIC (it has a
`QuicTransport`) and what is in a frame (its streams know).

The inputs are those of `http3.transport.ConnectionInputs`; none raises for what a peer did.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode, Http3ConnectionError, Http3StreamError
from h3producer.http3.cause import Cause
from h3producer.http3.complaints import COMPLAINTS, ConnectionComplaints
from h3producer.http3.control_stream import (
    Http3ControlStream,
    PeerControl,
    UnidirectionalStreams,
)
from h3producer.http3.datagrams import connection_datagrams
from h3producer.http3.default_fields import DefaultFieldLines
from h3producer.http3.early_requests import EarlyRequests
from h3producer.http3.exchange import Exchange, ExchangeContext
from h3producer.http3.field_encoder import FieldEncoder
from h3producer.http3.goaways import Goaways
from h3producer.http3.load import ConnectionLoad, Load
from h3producer.http3.own_streams import open_own_streams
from h3producer.http3.pace import PaceLimits
from h3producer.http3.patience import Patience
from h3producer.http3.priorities import Priorities
from h3producer.http3.request_ids import RequestIds
from h3producer.http3.request_sections import RequestSections
from h3producer.http3.response_heads import ResponseHeads
from h3producer.http3.stream import Handler, Http3Stream
from h3producer.http3.turnstile import Turnstile
from h3producer.wire.datagrams import parse_datagram
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.config import Config
    from h3producer.http3.record import ExchangeWatch
    from h3producer.http3.transport import QuicTransport
    from h3producer.wire.priority import Priority

__all__ = ["Http3Connection"]

logger = logging.getLogger("h3producer.http3")

_REQUESTS = Load.REQUESTS
"""Members of an enumeration are looked up in a roundabout way."""


class Http3Connection:
    """The server's end of one connection. `handler` is run once per request, in its own task.

    All connections of a server share its `turnstile`; one that gets none has its own.

    Opens our control and QPACK streams at once. Ends with `connection_terminated`.
    """

    _exchange_class: Callable[[int, ExchangeContext, Handler], Http3Stream] = Http3Stream

    def __init__(
        self,
        transport: QuicTransport,
        handler: Handler,
        config: Config,
        turnstile: Turnstile | None = None,
        watch: ExchangeWatch | None = None,
    ) -> None:
        self._transport = transport
        field_encoder = FieldSectionEncoder()
        encoder = FieldEncoder(field_encoder)
        decoder = FieldSectionDecoder()
        load = ConnectionLoad(config)
        self._priorities = Priorities(transport)
        self._ids = RequestIds(config.max_concurrent_streams)
        self.peer = PeerControl(encoder, self._ids.is_possible, self._priority_updated)
        self._unidirectional = UnidirectionalStreams(
            Http3ControlStream(self.peer, load, config.max_control_payload),
            decoder,
            field_encoder,
            load,
            self._ignore_stream,
        )
        self._handler = handler
        self._context = ExchangeContext(
            transport=transport,
            sections=RequestSections(decoder, config),
            encoder=encoder,
            heads=ResponseHeads(DefaultFieldLines(config).lines, self._priorities.response_started),
            load=load,
            pace=PaceLimits.of(config),
            priorities=self._priorities,
            turnstile=turnstile or Turnstile(),
            early=EarlyRequests() if transport.is_early else None,
            source=transport.peer_address[0],
            config=config,
            complain=self._complain,
            on_closed=self._stream_closed,
            datagrams=connection_datagrams(transport, self.peer, config, watch),
            watch=watch,
        )
        self.streams: dict[int, Http3Stream] = {}
        """The exchanges under way, by stream id."""
        self._patience = Patience(transport, self.streams, config, watch)
        self._complaints = ConnectionComplaints(COMPLAINTS)
        self._first_unaccepted_id = 0
        self._is_shutting_down = False
        self._is_closed = False
        self._goaways = Goaways(transport, open_own_streams(transport, config))

    # The inputs

    def handshake_completed(self) -> None:
        if self._context.early is not None:
            self._context.early.end()

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        if self._is_closed:
            return  # a stream that broke a rule is in no state to be read on
        try:
            if stream_id & 0x2:
                self._transport.grant(stream_id, len(data))
                self._unidirectional.receive(stream_id, data, end_stream)
            else:
                self._request_data_received(stream_id, data, end_stream)
        except Http3ConnectionError as error:
            self._fail(error)

    def stream_reset(self, stream_id: int, error_code: int) -> None:
        if self._is_closed:
            return
        try:
            if stream_id & 0x2:
                self._unidirectional.reset(stream_id)
            elif (stream := self._request_stream(stream_id)) is not None:
                stream.reset_received(error_code)
        except Http3ConnectionError as error:
            self._fail(error)

    def stop_sending_received(self, stream_id: int, error_code: int) -> None:
        if self._is_closed:
            return
        try:
            if stream_id & 0x2:
                # RFC 9114 §6.2.1: "If either control stream is closed at any point, this MUST be
                # treated as a connection error of type H3_CLOSED_CRITICAL_STREAM." RFC 9204 §4.2
                # says the same of its streams.
                raise Http3ConnectionError(
                    ErrorCode.H3_CLOSED_CRITICAL_STREAM, "STOP_SENDING for a critical stream"
                )
            if (stream := self._request_stream(stream_id)) is not None:
                stream.stop_received(error_code)
        except Http3ConnectionError as error:
            self._fail(error)

    def datagram_received(self, data: bytes) -> None:
        datagrams = self._context.datagrams
        if datagrams is None or self._is_closed:
            return  # RFC 9297 §2.1.1: nobody was told that we take any
        try:
            stream_id, payload = parse_datagram(data)
            if (stream := self.streams.get(stream_id)) is not None:
                stream.datagram_received(payload, datagrams)
            elif not self._ids.is_possible(stream_id):
                # RFC 9297 §2.1: this "SHOULD be treated as an HTTP/3 connection error of type
                # H3_ID_ERROR."
                raise Http3ConnectionError(ErrorCode.H3_ID_ERROR, "a datagram beyond all streams")
            elif not self._ids.has_begun(stream_id):
                datagrams.keep(stream_id, payload)
        except Http3StreamError as error:
            self._stream_failed(self.streams[stream_id], error)
        except Http3ConnectionError as error:
            self._fail(error)

    def tick(self, now: float) -> None:
        if self._is_closed:
            return
        patience, context = self._patience, self._context
        context.load.leak(patience.advance(now))
        if not self.streams:
            context.forget()
        try:
            self._unidirectional.end_what_is_late(patience.now, context.pace.head)
            patience.end_what_is_late()
        except Http3ConnectionError as error:
            self._fail(error)
        else:
            if patience.is_idle_for_long():
                self.shutdown()

    def connection_terminated(self, error_code: int, reason: str) -> None:
        self._is_closed = True
        logger.debug("= connection ended: %#x %s", error_code, reason)
        for stream in tuple(self.streams.values()):
            stream.connection_lost(error_code, reason)
        self.handshake_completed()  # nobody waits for it any more

    def announce_shutdown(self) -> None:
        """Say GOAWAY, and go on: what was sent before the client heard it is served. Idempotent."""
        if not self._is_closed:
            self._goaways.announce()

    def shutdown(self) -> None:
        """End gracefully (RFC 9114 §5.2): GOAWAY, finish what was accepted, then close.

        A first GOAWAY says that the end is near, and requests that still come are rejected
        unprocessed, so that the client may repeat them elsewhere. When the last has ended, the
        final GOAWAY names the first request that was not accepted, and the connection closes with
        H3_NO_ERROR once all of it is delivered. Idempotent.
        """
        if self._is_shutting_down or self._is_closed:
            return
        self._is_shutting_down = True
        self._first_unaccepted_id = self._ids.next
        self._goaways.announce()
        for stream in tuple(self.streams.values()):
            stream.drain()
        if not self.streams:
            self._finish()

    # Requests

    def _request_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        stream = self._request_stream(stream_id)
        if stream is None:
            self._transport.grant(stream_id, len(data))  # read by nobody, yet done with
            return
        try:
            stream.data_received(data, end_stream)
        except Http3StreamError as error:
            self._stream_failed(stream, error)

    def _request_stream(self, stream_id: int) -> Http3Stream | None:
        """The stream, made if it is new; None if it has ended, or is not accepted any more.

        Raises Http3ConnectionError for more streams than a client can have.
        """
        stream = self.streams.get(stream_id)
        if stream is not None:
            return stream
        if not self._ids.is_new(stream_id):
            return None
        if self._is_shutting_down:
            self._reject(stream_id)
            return None
        if self._priorities:
            self._priorities.tell(stream_id)
        self._context.load.count(_REQUESTS)
        self._patience.idle_since = None
        stream = self._exchange_class(stream_id, self._context, self._handler)
        self.streams[stream_id] = stream
        return stream

    def _priority_updated(self, stream_id: int, priority: Priority) -> None:
        self._priorities.update_received(stream_id, priority)
        if self._ids.has_begun(stream_id):
            self._priorities.tell(stream_id)
            if stream_id not in self.streams:
                del self._priorities[stream_id]  # its last bytes may still wait in the transport

    def _stream_failed(self, stream: Http3Stream, error: Http3StreamError) -> None:
        self._complain("stream %d is reset: %s", stream.stream_id, error)
        stream.abort(error.error_code, str(error), Cause.of_fault(error.error_code))
        self._context.load.count(Load.RESETS)

    def _reject(self, stream_id: int) -> None:
        # RFC 9114 §4.1.1: "When the server cancels a request without performing any application
        # processing, the request is considered "rejected". The server SHOULD abort its response
        # stream with the error code H3_REQUEST_REJECTED."
        self._transport.reset(stream_id, ErrorCode.H3_REQUEST_REJECTED)
        self._transport.stop_sending(stream_id, ErrorCode.H3_REQUEST_REJECTED)
        self._priorities.pop(stream_id, None)
        if self._context.watch is not None:
            self._context.watch.exchange_rejected(stream_id)

    def _stream_closed(self, stream: Exchange) -> None:
        self.streams.pop(stream.stream_id, None)
        if self._priorities:
            self._priorities.pop(stream.stream_id, None)
        if stream.pace_so_far is not None:
            self._patience.exchange_left(stream)
        if self._is_shutting_down and not (self.streams or self._is_closed):
            self._finish()

    # The connection

    def _finish(self) -> None:
        self._goaways.conclude(self._first_unaccepted_id)
        self._transport.close(ErrorCode.H3_NO_ERROR, when_delivered=True)

    def _fail(self, error: Http3ConnectionError) -> None:
        """The peer broke a rule of the connection: close it with the rule's code."""
        self._is_closed = True
        self._complain("it is closed: %s", error)
        self._transport.close(error.error_code, str(error))

    def _complain(self, what: str, *details: object) -> None:
        """The client breaks rules: worth a line, once for each connection."""
        self._complaints.log(self._transport.peer_address, what, *details)

    def _ignore_stream(self, stream_id: int) -> None:
        # RFC 9114 §6.2: "If reading is aborted, the recipient SHOULD use the
        # H3_STREAM_CREATION_ERROR error code or a reserved error code".
        self._transport.stop_sending(stream_id, ErrorCode.H3_STREAM_CREATION_ERROR)

    def __repr__(self) -> str:
        return f"<Http3Connection {len(self.streams)} streams>"
