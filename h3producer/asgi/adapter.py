"""An ASGI application as a `Handler`, with its lifespan.

This file knows how the pieces of this room fit together, and which protocols are spoken through a
CONNECT. It refuses to know any message. Its one rule: one application, one namespace (`state`), one
lifespan; each request gets a copy.

    adapter = AsgiAdapter(app)
    async with adapter.lifespan():
        ...  # serve with `adapter` as the handler
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from h3producer.asgi.http import HttpCycle
from h3producer.asgi.lifespan import Lifespan
from h3producer.asgi.scope import http_scope
from h3producer.asgi.websocket.options import WebSocketOptions
from h3producer.asgi.webtransport.cycle import WebTransportCycle
from h3producer.asgi.webtransport.scope import webtransport_scope
from h3producer.http3.webtransport.exchange import SessionExchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from h3producer.asgi.types import AsgiApp
    from h3producer.http3.stream import Http3Stream

__all__ = ["AsgiAdapter"]

logger = logging.getLogger("h3producer.error")


class AsgiAdapter:
    """Answers each exchange by running an ASGI 3 application.

    `root_path` is where the application is mounted; a slash at its end is dropped. `state` is
    the namespace that the lifespan fills and every request gets a shallow copy of; a caller's
    dictionary is used as it is. WebSockets need the extra `websocket`; without it they are refused.
    """

    def __init__(
        self,
        app: AsgiApp,
        *,
        root_path: str = "",
        state: dict[str, Any] | None = None,
        websocket: WebSocketOptions | None = None,
    ) -> None:
        if not callable(app):
            raise TypeError(f"An ASGI application is a callable, which {app!r} is not.")
        self._app = app
        self._root_path = root_path.rstrip("/")
        self.state: dict[str, Any] = {} if state is None else state
        self._websocket = websocket or WebSocketOptions()

    async def __call__(self, stream: Http3Stream) -> None:
        """Run the application once. Raises what the application raised, for the stream to handle;
        returns or raises ClientDisconnected when the client went before the end.

        A CONNECT for a protocol that is not spoken here is answered with 501.
        """
        if stream.request.method == "CONNECT":
            await self._connect(stream)
            return
        scope = http_scope(stream, self._root_path, self.state)
        await HttpCycle(stream).run(self._app, scope)

    async def _connect(self, stream: Http3Stream) -> None:
        """Serve a tunnel, by the protocol that is asked for."""
        if stream.request.protocol == "websocket":
            try:
                from h3producer.asgi.websocket.serve import serve_websocket
            except ImportError as error:
                logger.error("WebSocket needs wsproto: install h3producer[websocket] (%s).", error)
            else:
                await serve_websocket(
                    stream, self._app, self._root_path, self.state, self._websocket
                )
                return
        elif isinstance(stream, SessionExchange) and stream.session is not None:
            cycle = WebTransportCycle(stream, stream.session)
            await cycle.run(
                self._app,
                webtransport_scope(stream, stream.session, self._root_path, self.state),
            )
            return
        # RFC 9110 §9.3.6: "Most origin servers do not implement CONNECT." RFC 9220 §3: "If a server
        # receives an Extended CONNECT request with a ":protocol" value that is unknown or is not
        # supported, the server SHOULD respond to the request with a 501 (Not Implemented) status
        # code".
        stream.response.start(501)
        await stream.response.complete()

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """The application's lifespan around a block: startup before it, shutdown after it.

        Raises LifespanFailed, before the block, if the application refuses to start. A shutdown
        that fails is logged.
        """
        lifespan = Lifespan(self._app, self.state)
        await lifespan.startup()
        try:
            yield
        finally:
            await lifespan.shutdown()

    def __repr__(self) -> str:
        return f"<AsgiAdapter {self._app!r}>"
