"""An exchange that may have HTTP Datagrams (RFC 9297), which most never hear of.

This file knows which exchanges may have any, and from when to when. It refuses to know queues and
QUIC (`http3/datagrams.py`), and what a datagram means. Its one rule: nothing is made before one
comes or somebody asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode, Http3StreamError, LocalProtocolError, RequestAborted
from h3producer.http3.datagrams import StreamDatagrams
from h3producer.http3.exchange import Exchange

if TYPE_CHECKING:
    from h3producer.http3.datagrams import ConnectionDatagrams

__all__ = ["DatagramExchange"]


class DatagramExchange(Exchange):
    """The halves of one request stream, and the datagrams beside it."""

    @property
    def datagrams(self) -> StreamDatagrams:
        """The HTTP Datagrams of a tunnel, as CONNECT-UDP has them (RFC 9298).

        Raises LocalProtocolError if `Config.http_datagrams` is off, and for a request that is no
        extended CONNECT: RFC 9297 §2 lets those alone have any.
        """
        if self._context.datagrams is None:
            raise LocalProtocolError("The server takes no datagrams: Config.http_datagrams is off.")
        if self.request.protocol is None:
            raise LocalProtocolError(f"A {self.request.method} has no datagrams.")
        return self._made_datagrams(self._context.datagrams)

    def datagram_received(self, payload: bytes, connection: ConnectionDatagrams) -> None:
        """One for this exchange. Raises Http3StreamError if it can have none."""
        if self._reader.is_over or self.aborted:
            # RFC 9297 §2.1: "If a datagram is received after the corresponding stream's receive
            # side is closed, the received datagrams MUST be silently dropped."
            return
        if self._is_accepted and self.request.protocol is None:
            # RFC 9297 §2: "If an HTTP Datagram is received and it is associated with a request that
            # has no known semantics for HTTP Datagrams, the receiver MUST terminate the request".
            raise Http3StreamError(ErrorCode.H3_DATAGRAM_ERROR, "a datagram for a plain request")
        self._made_datagrams(connection).received(payload)

    def _made_datagrams(self, connection: ConnectionDatagrams) -> StreamDatagrams:
        if self._datagrams is None:
            self._datagrams = StreamDatagrams(self.stream_id, connection)
            if self.aborted:
                message = "The exchange was cut before."
                self._datagrams.end(RequestAborted(message, self.error_code or 0))
        return self._datagrams
