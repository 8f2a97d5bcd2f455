"""The application behind the cases about requests as an application sees them, and its responses.

This file knows ASGI. It refuses to know HTTP/3 and the cases: each path does one thing. Its one
rule: what a request leaves behind is kept under a token that the client made up, so that cases do
not see each other.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Scope = dict[str, Any]
    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

__all__ = ["app"]

Headers = list[tuple[bytes, bytes]]

seen: Counter[bytes] = Counter()
"""How often the application has been run for a request with an `x-token`."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI 3."""
    if scope["type"] == "lifespan":
        await _live(scope, receive, send)
        return
    if scope["type"] != "http":
        raise ValueError(f"The suite has no application for {scope['type']!r}.")
    head, _, token = (
        scope["path"].removeprefix(scope.get("root_path", "")).strip("/").partition("/")
    )
    seen[token] += 1
    action = ACTIONS.get(head, hello)
    await action(scope, receive, send)


async def _live(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    if "state" in scope:
        scope["state"]["started"] = True
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("lifespan.shutdown was received", flush=True)
    await send({"type": "lifespan.shutdown.complete"})


async def respond(
    send: Send,
    body: bytes = b"",
    status: int = 200,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    """A whole response."""
    await send({"type": "http.response.start", "status": status, "headers": headers or []})
    await send({"type": "http.response.body", "body": body})


async def body_of(receive: Receive) -> bytes | None:
    """The whole content of the request; None after a disconnect."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """A response that does not look at its request."""
    await respond(send, b"hello", headers=[(b"x-conformance", b"1")])


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """The content of the request, once it is there."""
    body = await body_of(receive)
    if body is not None:
        await respond(send, body)


async def seen_of(scope: Scope, receive: Receive, send: Send) -> None:
    """How often requests with the token in the path were seen."""
    token = scope["path"].rpartition("/")[2]
    await respond(send, b"%d" % seen[token.encode()])


async def view(scope: Scope, receive: Receive, send: Send) -> None:
    """The scope as JSON; bytes are Latin-1."""
    await respond(send, json.dumps(_plain(scope)).encode())


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


ACTIONS: dict[str, Callable[[Scope, Receive, Send], Awaitable[None]]] = {
    "echo": echo,
    "seen": seen_of,
    "view": view,
}
