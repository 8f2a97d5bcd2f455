"""What stands in for the transport of Starlette's `TestClient`: each request goes over HTTP/3.

This file knows httpx's transports and what Starlette's own does beside HTTP: it raises what the
application raised, and returns when the application has left. It refuses to know sockets. Its one
rule: what HTTP/3 has no place for is left out, not emulated, so that a test that asks for it fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2 as httpx
from starlette.testclient import _Upgrade

from tests.frameworks.starlette_suite.served import ServedApp, call
from tests.frameworks.starlette_suite.socket_session import SocketSession

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from h3producer.asgi.types import AsgiApp
    from tests.e2e.exchange import Exchange, Fields
    from tests.frameworks.starlette_suite.served import Run

__all__ = ["Http3Transport"]

CONNECTION_FIELDS = {b"connection", b"transfer-encoding", b"keep-alive", b"upgrade", b"host"}
"""RFC 9114 §4.2: "An endpoint MUST NOT generate an HTTP/3 field section containing
connection-specific fields". `host` becomes `:authority`."""


class Http3Transport(httpx.BaseTransport):  # type: ignore[misc]  # mypy may not find httpx2
    """Takes the place of `starlette.testclient._TestClientTransport`."""

    made_requests = False
    """Whether any of them has made a request since this was last set."""

    def __init__(
        self,
        app: AsgiApp,
        portal_factory: object,
        raise_server_exceptions: bool = True,
        root_path: str = "",
        *,
        client: tuple[str, int],
        app_state: dict[str, Any],
    ) -> None:
        self.served = ServedApp(app, root_path, app_state)
        self._raises = raise_server_exceptions
        self._root_path = root_path.rstrip("/").encode()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        Http3Transport.made_requests = True
        url = request.url
        fields: Fields = [
            (name.lower(), value)
            for name, value in request.headers.raw
            if name.lower() not in CONNECTION_FIELDS
        ]
        fields.append((b"te", b"trailers"))
        head: Fields = [
            (b":scheme", url.scheme.replace("ws", "http").encode()),
            (b":authority", request.headers.get("host", url.netloc.decode()).encode()),
            # `root_path` is what a proxy in front of the server has taken from the path.
            (b":path", url.raw_path.removeprefix(self._root_path) or b"/"),
        ]
        if url.scheme in ("ws", "wss"):
            raise _Upgrade(SocketSession(self.served, head, fields))
        method: Fields = [(b":method", request.method.encode())]
        exchange, run = call(self.served.ask([*method, *head, *fields], request.read(), end=True))
        body = Body(exchange, run, self._raises)
        if exchange.status is None:
            body.finish()
            raise httpx.RemoteProtocolError(f"{exchange}")
        response = httpx.Response(
            exchange.status,
            headers=[field for field in exchange.fields if field[0] != b":status"],
            stream=body,
            request=request,
        )
        response.extensions["http.response.trailers"] = body.trailers
        return response

    def close(self) -> None:
        call(self.served.close())


class Body(httpx.SyncByteStream):  # type: ignore[misc]  # as above
    """The body of a response, as it comes; behind its end, what the application raised."""

    def __init__(self, exchange: Exchange, run: Run | None, raises: bool) -> None:
        self._exchange = exchange
        self._run = run
        self._raises = raises
        self._is_finished = False
        self.trailers: Fields = []
        """Filled behind the end."""

    def __iter__(self) -> Iterator[bytes]:
        while piece := call(self._piece()):
            yield piece
        self.finish()
        if self._exchange.reset_code is not None:
            raise httpx.RemoteProtocolError(f"{self._exchange}")

    def close(self) -> None:
        if not self._is_finished:
            self._raises = self._raises and self._exchange.ended
            call(self._stop())
            self.finish()

    def finish(self) -> None:
        """Wait until the application has left, background tasks included; raise what it raised."""
        self._is_finished = True
        self.trailers += self._exchange.trailers or []
        if self._run is not None:
            call(self._run.wait())
            if self._raises:
                self._run.raise_error()

    async def _piece(self) -> bytes:
        body = self._exchange.body
        await self._exchange.client.until(lambda: bool(body) or self._exchange.is_over)
        piece = bytes(body)
        body.clear()
        return piece

    async def _stop(self) -> None:
        if not self._exchange.is_over:
            self._exchange.stop()
