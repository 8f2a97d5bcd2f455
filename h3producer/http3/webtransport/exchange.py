"""A request that is a session of WebTransport, or may turn out to be one.

This file knows how a session and its exchange live and die together. It refuses to know what a
session does. Its one rule: whatever cuts the exchange cuts the session, and a handler that leaves
an open session has closed it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode, Http3StreamError
from h3producer.http3.stream import Http3Stream

if TYPE_CHECKING:
    from h3producer.http3.cause import Cause
    from h3producer.http3.exchange import ExchangeContext
    from h3producer.http3.stream import Handler
    from h3producer.http3.webtransport.session import WebTransportSession
    from h3producer.http3.webtransport.sessions import WebTransportSessions
    from h3producer.wire.request import Request

__all__ = ["PROTOCOL", "SessionExchange"]

PROTOCOL = "webtransport"
"""The `:protocol` of drafts up to 14; later ones have another."""


class SessionExchange(Http3Stream):
    """An exchange of a connection that offers WebTransport."""

    session: WebTransportSession | None = None
    """The session that the request asks for; None if it asks for something else, and once the
    handler has left."""

    def __init__(
        self,
        sessions: WebTransportSessions,
        stream_id: int,
        context: ExchangeContext,
        handler: Handler,
    ) -> None:
        super().__init__(stream_id, context, handler)
        self._sessions = sessions

    @property
    def may_be_session(self) -> bool:
        """It is one, or its head has not said yet."""
        return self.session is not None or not self._is_accepted

    def request_received(self, request: Request) -> None:
        super().request_received(request)
        if request.method == "CONNECT" and request.protocol == PROTOCOL and self._is_accepted:
            if self._sessions.is_full:
                # The draft, §5.1: a server "MUST reset the excessive CONNECT streams with a
                # H3_REQUEST_REJECTED status".
                raise Http3StreamError(ErrorCode.H3_REQUEST_REJECTED, "too many sessions")
            session = self.session = self._sessions.begin(self, self._context.load)
            session.begin(self.datagrams)
            handler = self._handler
            self._handler = lambda _: self._attend(handler, session)

    async def _attend(self, handler: Handler, session: WebTransportSession) -> None:
        """Run the handler, and end the session with it."""
        try:
            await handler(self)
            await session.leave()
        finally:
            session.forget()
            # It leads back here, and nobody asks for it any more.
            self._handler, self.session, self._on_draining = handler, None, None

    def _cut_off(self, error_code: int, message: str, cause: Cause) -> None:
        super()._cut_off(error_code, message, cause)
        if self.session is not None:
            self.session.cut(message)
