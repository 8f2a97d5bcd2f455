"""An application for `h3producer tests.e2e.worker_app:app`, which harms its process when asked to.

| path | what it does |
|---|---|
| `/block` | never lets the event loop run again |
| `/exit` | ends the process at once |
| any other | answers with the number of its process |
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from tests.e2e.apps import end, lifespan, start
from tests.e2e.slow_app import say

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send

__all__ = ["app"]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The application."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send, say)
    elif scope["path"] == "/block":
        block()
    elif scope["path"] == "/exit":
        os._exit(7)
    else:
        await send(start())
        await send(end(str(os.getpid()).encode()))


def block() -> None:
    """Wait for ever, as who waits for a database that does not answer."""
    threading.Event().wait()
