"""One application on our server, for as long as a test client lives, and one connection to it.

This file knows a thread with an event loop, in which all servers of a run live: Starlette's tests
are synchronous. It refuses to know Starlette. Its one rule: what the application raised is kept
beside its request, since a test client raises it again and a real one never could.
"""

from __future__ import annotations

import asyncio
import functools
import tempfile
import threading
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.asgi.errors import ClientDisconnected
from h3producer.config import Config
from h3producer.server.server import Server
from tests.e2e.raw_client import RawClient
from tests.interop.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from h3producer.asgi.types import AsgiApp, Receive, Scope, Send
    from tests.e2e.exchange import Exchange, Fields

__all__ = ["Run", "ServedApp", "call"]

PATIENCE = 10.0
"""Seconds that anything may take; tests of Starlette take milliseconds."""

LEFT = (ClientDisconnected, ClientDisconnect, WebSocketDisconnect)
"""How an application hears from `send` that its client has left (ASGI 2.4), and hands it on."""

Result = TypeVar("Result")


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """The one event loop, in a thread that ends with the process."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


@functools.cache
def _authority() -> Authority:
    return Authority.made_in(Path(tempfile.mkdtemp()))


def call(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine returns in the event loop's thread."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop()).result(PATIENCE)


class Run:
    """One run of the application, for one request."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self._ended = asyncio.Event()

    def raise_error(self) -> None:
        """Raise what the application raised, unless that was that its client has left."""
        if self.error is not None and not isinstance(self.error, LEFT):
            raise self.error

    def end(self) -> None:
        self._ended.set()

    async def wait(self) -> None:
        """Wait until the application has left."""
        await self._ended.wait()


class ServedApp:
    """The application, on a server of its own from the first request on."""

    def __init__(self, app: AsgiApp, root_path: str, state: dict[str, Any]) -> None:
        self._app = app
        self._adapter = AsgiAdapter(self, root_path=root_path, state=state)
        self._has_lifespan = False
        self._runs: list[Run] = []
        self._stack = AsyncExitStack()
        self._client: RawClient | None = None
        self.lifespan_error: BaseException | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application as the server sees it."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        run = Run()
        self._runs.append(run)
        try:
            await self._app(scope, receive, send)
        except BaseException as error:
            run.error = error
            raise
        finally:
            run.end()

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._has_lifespan:
            raise NotImplementedError("The test client is used without `with`.")
        try:
            await self._app(scope, receive, send)
        except BaseException as error:
            self.lifespan_error = error
            raise

    async def open(self, *, has_lifespan: bool = False) -> RawClient:
        """Start the server and connect to it, unless that was done before."""
        if self._client is None:
            self._has_lifespan = has_lifespan
            self._stack = AsyncExitStack()
            authority = _authority()
            config = Config(
                app=self._adapter,
                certfile=str(authority.certfile),
                keyfile=str(authority.keyfile),
                host="127.0.0.1",
                port=0,
                server_header=None,
                date_header=False,
                timeout_graceful_shutdown=0,
            )
            server = await self._stack.enter_async_context(Server(config))
            connected = RawClient.connected(server.addresses[0], cafile=authority.cafile)
            self._client = await self._stack.enter_async_context(connected)
        return self._client

    async def close(self) -> None:
        """End both; another request starts them anew."""
        self._client = None
        await self._stack.aclose()

    async def ask(self, head: Fields, body: bytes, *, end: bool) -> tuple[Exchange, Run | None]:
        """Make a request; the exchange, once it has a head or is over, and the application's run.

        The run is None if the server answered by itself.
        """
        client = await self.open()
        before = len(self._runs)
        exchange = client.open_stream()
        client.h3.send_headers(exchange.stream_id, head, end_stream=end and not body)
        client.transmit()
        if body:
            exchange.send(body, end=end)
        await client.until(lambda: exchange.status is not None or exchange.is_over)
        return exchange, self._runs[before] if len(self._runs) > before else None
