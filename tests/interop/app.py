"""What the independent clients talk to: one ASGI application with a path for each case.

This file knows answers. It refuses to know clients. Its one rule: every response says in its
fields what the server saw, so that a client's claim can be held against it.

| path | answer |
|---|---|
| `/hello` | a few bytes |
| `/bytes/N` | N bytes of `pattern` |
| `/echo` | the request's content, once it is whole |
| `/relay` | the request's content, as it comes |
| `/status/N` | that status |
| `/fields/N` | N fields `x-field-0` …; the content is the number of such fields in the request |
| `/early/N` | N bytes of `pattern`, without a look at the upload |
| `/hinted` | a 103 first |
| `/trailed` | a trailer section with the content's digest |
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.interop.clients.program import pattern

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from h3producer.asgi.types import Receive, Scope, Send

__all__ = ["app"]

PIECE = 64 * 1024


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The application."""
    if scope["type"] != "http":
        raise NotImplementedError("no lifespan here")
    name, _, argument = scope["path"].lstrip("/").partition("/")
    number = int(argument or 0)
    if name == "bytes":
        await answer(scope, send, pattern(number))
    elif name == "echo":
        await answer(scope, send, b"".join([piece async for piece in content(receive)]))
    elif name == "relay":
        await relay(scope, receive, send)
    elif name == "status":
        await answer_status(scope, send, number)
    elif name == "fields":
        await answer_fields(scope, send, number)
    elif name == "early":
        await answer(scope, send, pattern(number))
    elif name == "hinted":
        await send({"type": "http.response.early_hint", "links": [b"</style.css>; rel=preload"]})
        await answer(scope, send, b"after the hint")
    elif name == "trailed":
        await answer_with_trailers(send, fields_of(scope), pattern(1000))
    else:
        await answer(scope, send, b"hello")


def fields_of(scope: Scope) -> list[tuple[bytes, bytes]]:
    """What the server saw of the client."""
    host, port = scope["client"]
    return [
        (b"x-seen-version", scope["http_version"].encode()),
        (b"x-seen-method", scope["method"].encode()),
        (b"x-seen-client", f"{host}:{port}".encode()),
    ]


async def content(receive: Receive) -> AsyncIterator[bytes]:
    """The pieces of the request's content."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client left in the middle of its upload")
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def answer(
    scope: Scope,
    send: Send,
    body: bytes,
    *,
    status: int = 200,
    fields: list[tuple[bytes, bytes]] | None = None,
) -> None:
    """A response whose length is known, in pieces if it is large."""
    length = (b"content-length", b"%d" % len(body))
    await send(start(status, [*fields_of(scope), length, *(fields or [])]))
    for offset in range(0, len(body), PIECE):
        piece = body[offset : offset + PIECE]
        more = offset + PIECE < len(body)
        await send({"type": "http.response.body", "body": piece, "more_body": more})
    if not body:
        await send({"type": "http.response.body"})


async def answer_status(scope: Scope, send: Send, status: int) -> None:
    """A status, with itself for content unless it may have none."""
    if status in (204, 304):
        await send(start(status, fields_of(scope)))
        await send({"type": "http.response.body"})
    else:
        await answer(scope, send, b"%d" % status, status=status)


async def answer_fields(scope: Scope, send: Send, number: int) -> None:
    """As many fields as were asked for, and how many came."""
    came = sum(name.startswith(b"x-field-") for name, _ in scope["headers"])
    fields = [(b"x-field-%d" % each, b"value %d" % each) for each in range(number)]
    await answer(scope, send, b"%d" % came, fields=fields)


async def relay(scope: Scope, receive: Receive, send: Send) -> None:
    """The request's content, as it comes; nothing is held."""
    await send(start(200, fields_of(scope)))
    async for piece in content(receive):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})


async def answer_with_trailers(send: Send, fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    """A response that is followed by its digest."""
    digest = hashlib.sha256(body).hexdigest().encode()
    await send({**start(200, fields), "trailers": True})
    await send({"type": "http.response.body", "body": body})
    await send({"type": "http.response.trailers", "headers": [(b"x-digest", digest)]})


def start(status: int, fields: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """The message that begins a response."""
    return {"type": "http.response.start", "status": status, "headers": fields}
