"""What the independent clients talk to: one ASGI application with a path for each case.

This file knows answers. It refuses to know clients. Its one rule: every response says in its
fields what the server saw, and what no response can say stands in `notes`, so that a client's
claim can be held against it.

| path | answer |
|---|---|
| `/hello` | a few bytes |
| `/bytes/N` | N bytes of `pattern` |
| `/halves/N` | the same; between its halves comes the `intermission` |
| `/together/N/M` | M, as soon as N requests of this kind are in the application at once |
| `/echo` | the request's content, once it is whole |
| `/relay` | the request's content, as it comes |
| `/swallow` | the digest of the request's content, and a note of how it came |
| `/endless` | `pattern` until the client leaves, and a note of that |
| `/status/N` | that status |
| `/fields/N` | N fields `x-field-0` …; the content is the number of such fields in the request |
| `/early/N` | N bytes of `pattern`, without a look at the upload |
| `/hinted` | a 103 first |
| `/trailed` | a trailer section with the content's digest |
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING, Any

from tests.e2e.observed import Notes
from tests.interop.clients.program import pattern

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from h3producer.asgi.types import Receive, Scope, Send

__all__ = ["InteropApp"]

PIECE = 64 * 1024


class InteropApp:
    """The application, and what it lived through."""

    def __init__(self) -> None:
        self.notes = Notes()
        """`leaves PATH`: the client left a request of this path before its end. `sends trailers`:
        the client said that it takes some."""
        self.intermission: Callable[[], Awaitable[None]] = _nothing
        """What happens between the halves of a `/halves/N`."""
        self.digests: list[str] = []
        """SHA-256 of what came up, one for each `/swallow`."""
        self.upload_took = 0.0
        """Seconds from the first to the last piece of the last `/swallow`."""
        self._gates: dict[int, asyncio.Barrier] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError("no lifespan here")
        try:
            await self._route(scope, receive, send)
        except OSError:
            self.notes.add(f"leaves {scope['path']}")

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, name, *arguments = scope["path"].split("/")
        number = int(arguments[0]) if arguments else 0
        match name:
            case "bytes" | "early":
                await answer(scope, send, pattern(number))
            case "halves":
                await self._halves(scope, send, pattern(number))
            case "together":
                await self._together(scope, send, number, arguments[1].encode())
            case "echo":
                await answer(scope, send, b"".join([piece async for piece in content(receive)]))
            case "relay":
                await relay(scope, receive, send)
            case "swallow":
                await self._swallow(scope, receive, send)
            case "endless":
                await endless(scope, send)
            case "status":
                await answer_status(scope, send, number)
            case "fields":
                await answer_fields(scope, send, number)
            case "hinted":
                hint = {"type": "http.response.early_hint", "links": [b"</style.css>; rel=preload"]}
                await send(hint)
                await answer(scope, send, b"after the hint")
            case "trailed":
                if "http.response.trailers" in scope["extensions"]:
                    self.notes.add("sends trailers")
                await answer_with_trailers(send, fields_of(scope), pattern(1000))
            case _:
                await answer(scope, send, b"hello")

    async def _halves(self, scope: Scope, send: Send, body: bytes) -> None:
        await send(start(200, [*fields_of(scope), (b"content-length", b"%d" % len(body))]))
        half = len(body) // 2
        for offset in range(0, half, PIECE):
            await send(piece_of(body[offset : min(offset + PIECE, half)]))
        await self.intermission()
        for offset in range(half, len(body), PIECE):
            await send(piece_of(body[offset : offset + PIECE]))
        await send({"type": "http.response.body"})

    async def _together(self, scope: Scope, send: Send, number: int, body: bytes) -> None:
        gate = self._gates.setdefault(number, asyncio.Barrier(number))
        await gate.wait()
        await answer(scope, send, body)

    async def _swallow(self, scope: Scope, receive: Receive, send: Send) -> None:
        digest = hashlib.sha256()
        began = None
        async for piece in content(receive):
            now = time.monotonic()
            if piece:
                began = began or now
            digest.update(piece)
            self.upload_took = now - (began or now)
        self.digests.append(digest.hexdigest())
        await answer(scope, send, digest.hexdigest().encode())


async def _nothing() -> None:
    pass


def fields_of(scope: Scope) -> list[tuple[bytes, bytes]]:
    """What the server saw of the client."""
    host, port = scope["client"]
    length = dict(scope["headers"]).get(b"content-length", b"")
    return [
        (b"x-seen-version", scope["http_version"].encode()),
        (b"x-seen-method", scope["method"].encode()),
        (b"x-seen-client", f"{host}:{port}".encode()),
        (b"x-seen-length", length),
        (b"x-seen-early", dict(scope["headers"]).get(b"early-data", b"")),
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
        await send(piece_of(piece))
    await send({"type": "http.response.body"})


async def endless(scope: Scope, send: Send) -> None:
    """More and more; only the client can end it, of which `send` tells."""
    await send(start(200, fields_of(scope)))
    body = pattern(PIECE)
    while True:
        await send(piece_of(body))


async def answer_with_trailers(send: Send, fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    """A response that is followed by its digest."""
    digest = hashlib.sha256(body).hexdigest().encode()
    await send({**start(200, fields), "trailers": True})
    await send({"type": "http.response.body", "body": body})
    await send({"type": "http.response.trailers", "headers": [(b"x-digest", digest)]})


def start(status: int, fields: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """The message that begins a response."""
    return {"type": "http.response.start", "status": status, "headers": fields}


def piece_of(body: bytes) -> dict[str, Any]:
    """The message with content after which more comes."""
    return {"type": "http.response.body", "body": body, "more_body": True}
