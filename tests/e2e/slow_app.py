"""An application for `h3producer tests.e2e.slow_app:app`, which a test drives from outside.

It says what it lives through on stderr, one word a line. `/slow` sends one part and waits for the
rest of the upload; anything else is answered at once.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.e2e.apps import content, data, end, hello, lifespan, start

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send

__all__ = ["app"]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The application."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send, say)
    elif scope["path"] == "/slow":
        await send(start())
        await send(data(b"first "))
        async for _ in content(receive):
            pass
        await send(end(b"last"))
        say("answered")
    else:
        await hello(scope, receive, send)


def say(word: str) -> None:
    """A word for the test, in one piece: workers share the pipe, and `print` writes two."""
    sys.stderr.write(f"app: {word}\n")
    sys.stderr.flush()
