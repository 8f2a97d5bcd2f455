"""What the hosts behind a balancer serve: the soak's application, and which host it was.

This file knows the name that its process was given in `HOST`, and a field to put it in.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.soak import app as soak

if TYPE_CHECKING:
    from h3producer.asgi.types import Message, Receive, Scope, Send

__all__ = ["app"]

FIELD = (b"x-host", os.environ.get("HOST", "").encode())


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The application."""

    async def send_with_name(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), FIELD]}
        await send(message)

    await soak.app(scope, receive, send_with_name)
