"""What is served: a handler, and what has to happen before the first and after the last request.

This file knows that an application may be ASGI or a handler of ours. It refuses to know sockets
and connections: for the server both kinds look alike.
"""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, cast

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.asgi.errors import LifespanFailed
from h3producer.asgi.websocket.options import WebSocketOptions
from h3producer.server.app_loader import AppKind, kind_of, load_app
from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from h3producer.asgi.types import AsgiApp
    from h3producer.config import Config
    from h3producer.http3.stream import Handler

__all__ = ["Application"]

logger = logging.getLogger("h3producer.error")


class Application:
    """The application that a `Config` names, loaded. Raises `AppLoadError`."""

    handler: Handler

    def __init__(self, config: Config) -> None:
        app = load_app(config)
        self._adapter: AsgiAdapter | None = None
        # The casts: that is what `kind_of` has found out.
        if isinstance(app, AsgiAdapter):
            self.handler = self._adapter = app
        elif kind_of(app) is AppKind.ASGI:
            self.handler = self._adapter = AsgiAdapter(
                cast("AsgiApp", app),
                root_path=config.root_path.rstrip("/"),
                websocket=WebSocketOptions.of(config),
            )
        else:
            self.handler = cast("Handler", app)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """ASGI lifespan startup before the block and shutdown after it; nothing for a handler.

        Raises `StartupError` if the application refuses to start. Cancelling a wait at either
        end cancels the application.
        """
        async with AsyncExitStack() as stack:
            if self._adapter is not None:
                try:
                    await stack.enter_async_context(self._adapter.lifespan())
                except LifespanFailed as error:
                    raise StartupError(_sentence(str(error))) from error
            yield


def _sentence(message: str) -> str:
    """One sentence of what may be a whole traceback, as Starlette sends it; that is logged."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if len(lines) > 1:
        logger.error("The application failed to start:\n%s", message.rstrip())
    reason = f": {lines[-1].rstrip('.')}" if lines else ""
    return f"The application's lifespan startup failed{reason}."
