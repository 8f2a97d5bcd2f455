"""One exchange over HTTP/1.1 or HTTP/2, as `Http3Stream` has it.

This file knows where the two differ: who reads the request and who writes the response. It refuses
to know everything else, since that is the same: when an application runs, what it may do, and every
way in which an exchange ends (`http3/stream.py`, `http3/exchange.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode, Http3StreamError
from h3producer.http3.cause import Cause
from h3producer.http3.request_reader import RequestReader
from h3producer.http3.state import RequestInput, request_transition
from h3producer.http3.stream import Http3Stream

if TYPE_CHECKING:
    from h3producer.http3.exchange import ExchangeContext
    from h3producer.http3.request_reader import RequestSink
    from h3producer.http3.stream import Handler
    from h3producer.server.tcp.response_writer import TcpResponseWriter
    from h3producer.server.tcp.transport import TcpLink
    from h3producer.wire.request import Request

__all__ = ["HeardRequest", "TcpExchange"]


class HeardRequest(RequestReader):
    """The receiving half, of which Hypercorn has read the frames."""

    __slots__ = ()

    def hear_head(self, request: Request, sink: RequestSink) -> None:
        self.state = request_transition(self.state, RequestInput.HEADERS)
        if request.method == "CONNECT":
            self.state = request_transition(self.state, RequestInput.CONNECT)
        else:
            self._content_length = request.content_length
        sink.request_received(request)

    def hear_content(self, piece: bytes, sink: RequestSink) -> None:
        """Raises Http3StreamError for more than was announced."""
        if not self.is_over:
            self._data_received(piece, sink)

    def hear_end(self, sink: RequestSink) -> None:
        """Raises Http3StreamError for less than was announced."""
        if not self.is_over:
            self._end_received(sink)


class TcpExchange(Http3Stream):
    """One request and its response; what a handler gets."""

    def __init__(
        self,
        http_version: str,
        writer: TcpResponseWriter,
        link: TcpLink,
        context: ExchangeContext,
        handler: Handler,
    ) -> None:
        super().__init__(writer.stream_id, context, handler)
        self.http_version = http_version
        if self.record is not None:
            self.record.http_version = http_version
        self._link = link
        self._frame_writer = writer
        self.stream = writer.stream
        self._heard = HeardRequest(writer.stream_id, context.sections, context.load, context.config)
        self._reader = self._heard

    # What the client says

    def heard_head(self, request: Request) -> None:
        self._heard.hear_head(request, self)

    def heard_content(self, piece: bytes) -> None:
        try:
            self._heard.hear_content(piece, self)
        except Http3StreamError as error:
            self.abort(error.error_code, str(error), Cause.MALFORMED_REQUEST)

    def heard_end(self) -> None:
        try:
            self._heard.hear_end(self)
        except Http3StreamError as error:
            self.abort(error.error_code, str(error), Cause.MALFORMED_REQUEST)

    def client_left(self) -> None:
        """It reset the stream, or closed the connection."""
        self.reset_received(ErrorCode.H3_REQUEST_CANCELLED)
        self.stop_received(ErrorCode.H3_REQUEST_CANCELLED)

    def refuse(self, status: int, error_code: int, reason: str, cause: Cause) -> None:
        """Answer what no application hears of."""
        self._refuse(status, error_code, reason, cause)

    def cut_by_server(self) -> None:
        """The server stops."""
        self.abort(ErrorCode.H3_NO_ERROR, "the server stops", Cause.SERVER_CLOSE)

    # Where it differs

    def content_received(self, piece: bytes) -> None:
        self._link.heard(len(piece))
        super().content_received(piece)

    def _send_continue(self) -> None:
        if self.http_version == "2":
            super()._send_continue()
