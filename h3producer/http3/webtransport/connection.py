"""An HTTP/3 connection that offers WebTransport: which of its streams are sessions' at all.

This file stands between the transport and `Http3Connection`, and takes out what is a session's. It
refuses to know HTTP/3, which is the base class's, and what happens in sessions (`sessions.py`).

Its one rule: what does not turn out to be a session's goes to HTTP/3 as if nobody had looked. So a
server without `Config.webtransport` has no use for this class, and pays for nothing in it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.http3.connection import Http3Connection
from h3producer.http3.load import Load
from h3producer.http3.webtransport.exchange import SessionExchange
from h3producer.http3.webtransport.heads import StreamHeads
from h3producer.http3.webtransport.sessions import WebTransportSessions

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.http3.exchange import Exchange
    from h3producer.http3.record import ExchangeWatch
    from h3producer.http3.stream import Handler
    from h3producer.http3.transport import QuicTransport
    from h3producer.http3.turnstile import Turnstile

__all__ = ["WebTransportConnection", "connection_class"]


def connection_class(config: Config) -> type[Http3Connection]:
    """The class of the connections that a server with this `Config` has."""
    return WebTransportConnection if config.webtransport else Http3Connection


class WebTransportConnection(Http3Connection):
    """The server's end of one connection, with sessions: `handler` gets a `SessionExchange`."""

    def __init__(
        self,
        transport: QuicTransport,
        handler: Handler,
        config: Config,
        turnstile: Turnstile | None = None,
        watch: ExchangeWatch | None = None,
    ) -> None:
        self._sessions = WebTransportSessions(transport, config)
        self._heads = StreamHeads()
        self._exchange_class = partial(SessionExchange, self._sessions)
        super().__init__(transport, handler, config, turnstile, watch)
        self._patience.others = self._sessions.streams

    # The inputs

    def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        if stream_id in self.streams or self._is_closed:
            super().stream_data_received(stream_id, data, end_stream)
        elif (stream := self._sessions.streams.get(stream_id)) is not None:
            stream.data_received(data, end_stream)
        elif self._sessions.is_ours(stream_id):
            self._transport.grant(stream_id, len(data))  # it is over
        elif self._may_begin(stream_id):
            self._beginning_received(stream_id, data, end_stream)
        else:
            super().stream_data_received(stream_id, data, end_stream)

    def stream_reset(self, stream_id: int, error_code: int) -> None:
        if (stream := self._sessions.streams.get(stream_id)) is not None:
            stream.reset_received(error_code)
        elif not self._sessions.is_ours(stream_id):
            self._pass_on(stream_id)
            super().stream_reset(stream_id, error_code)

    def stop_sending_received(self, stream_id: int, error_code: int) -> None:
        if (stream := self._sessions.streams.get(stream_id)) is not None:
            stream.stop_received(error_code)
        elif not self._sessions.is_ours(stream_id):
            self._pass_on(stream_id)
            super().stop_sending_received(stream_id, error_code)

    def connection_terminated(self, error_code: int, reason: str) -> None:
        super().connection_terminated(error_code, reason)
        self._sessions.forget_early()

    def tick(self, now: float) -> None:
        super().tick(now)
        if not self._is_closed:
            self._sessions.end_what_is_late(self._patience.now)
            for stream_id in self._heads.late(self._patience.now, self._context.pace.head):
                self._pass_on(stream_id)

    # What is a session's

    def _may_begin(self, stream_id: int) -> bool:
        """Whether bytes of this stream can be the first."""
        if stream_id & 2:
            return not self._unidirectional.knows(stream_id)
        return not self._ids.has_begun(stream_id)

    def _beginning_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
        head = self._heads.feed(stream_id, data)
        if head is None:
            if end_stream:
                # Cut in its head: HTTP/3 has a rule for streams that end so.
                self._pass_on(stream_id, end_stream=True)
            return
        session_id, rest = head
        if session_id is None:
            super().stream_data_received(stream_id, rest, end_stream)
            return
        try:
            self._begin_stream(stream_id, session_id)
        except Http3ConnectionError as error:
            self._fail(error)
            return
        self._transport.grant(stream_id, self._heads.size_of_last)
        if (stream := self._sessions.streams.get(stream_id)) is not None:
            stream.data_received(rest, end_stream)
        else:
            self._transport.grant(stream_id, len(rest))  # it was refused

    def _begin_stream(self, stream_id: int, session_id: int) -> None:
        if session_id & 3 or not self._ids.is_possible(session_id):
            # The draft, §4: "the endpoint MUST close the connection with an H3_ID_ERROR error
            # code."
            raise Http3ConnectionError(ErrorCode.H3_ID_ERROR, "a stream of no session")
        if not stream_id & 2:
            self._ids.is_new(stream_id)
        self._context.load.count(Load.REQUESTS)
        exchange = self.streams.get(session_id)
        if isinstance(exchange, SessionExchange):
            is_over = not exchange.may_be_session
        else:
            is_over = self._ids.has_begun(session_id)
        self._sessions.arrived(stream_id, session_id, is_over=is_over)

    def _pass_on(self, stream_id: int, *, end_stream: bool = False) -> None:
        """Nobody waits any more for what this stream says of itself."""
        data = self._heads.give_back(stream_id)
        if data is not None:
            super().stream_data_received(stream_id, data, end_stream)

    def _stream_closed(self, stream: Exchange) -> None:
        self._sessions.end(stream.stream_id)
        super()._stream_closed(stream)
