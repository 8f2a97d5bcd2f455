"""Small ASGI applications, and words to make more of them.

This file knows the messages that nearly every application sends. It refuses to know what a test
is about. `routed` gives each path its own application, so that a test can ask a neighbour.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.e2e.observed import Notes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from h3producer.asgi.types import AsgiApp, Receive, Scope, Send

__all__ = [
    "PIECE",
    "NeverReading",
    "Slow",
    "Streaming",
    "content",
    "data",
    "echo",
    "end",
    "fail_midway",
    "hello",
    "lifespan",
    "noting",
    "routed",
    "start",
]

PIECE = 16 * 1024
"""Bytes that a streaming application sends at once."""


def start(status: int = 200, *headers: tuple[bytes, bytes], **more: object) -> dict[str, Any]:
    """The message that begins a response."""
    return {"type": "http.response.start", "status": status, "headers": headers, **more}


def data(piece: bytes) -> dict[str, Any]:
    """A part of a response that goes on."""
    return {"type": "http.response.body", "body": piece, "more_body": True}


def end(piece: bytes = b"") -> dict[str, Any]:
    """The last part of a response."""
    return {"type": "http.response.body", "body": piece}


async def content(receive: Receive) -> AsyncIterator[bytes]:
    """The pieces of a request; raises `ConnectionResetError` if it is cut."""
    while (message := await receive())["type"] == "http.request":
        yield message["body"]
        if not message["more_body"]:
            return
    raise ConnectionResetError("The client left.")


async def lifespan(receive: Receive, send: Send, tell: Callable[[str], object]) -> None:
    """Start and stop at once, and `tell` of each."""
    for step in ("startup", "shutdown"):
        assert (await receive())["type"] == f"lifespan.{step}"
        tell(step)
        await send({"type": f"lifespan.{step}.complete"})


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """The smallest answer."""
    await send(start())
    await send(end(b"hello"))


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """The request's content, as it comes."""
    await send(start())
    async for piece in content(receive):
        await send(data(piece))
    await send(end())


def routed(**apps: AsgiApp) -> AsgiApp:
    """Each application under the path of its name; `hello` wherever there is none."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await apps.get(scope["path"].strip("/"), hello)(scope, receive, send)

    return app


class Streaming:
    """Sends `total` bytes as fast as it may, and counts those that it was allowed to send."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        while self.sent < self.total:
            await send(data(bytes(PIECE)))
            self.sent += PIECE
        await send(end())


class Slow:
    """Answers in two parts, the second when it may; everything it lives through is noted."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.may_end = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send, self.notes.add)
        elif scope["path"] == "/slow":
            await send(start())
            await send(data(b"first "))
            self.notes.add("under way")
            await self.may_end.wait()
            await send(end(b"last"))
            self.notes.add("answered")
        else:
            await hello(scope, receive, send)


class NeverReading:
    """Does not read its upload until it is told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.read = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.go_on.wait()
        async for piece in content(receive):
            self.read += len(piece)
        await send(start())
        await send(end())


async def fail_midway(scope: Scope, receive: Receive, send: Send) -> None:
    """Raises after the first part of its response."""
    await send(start())
    await send(data(b"so far so good"))
    raise RuntimeError("The application fails, as it is meant to.")


def noting(notes: Notes) -> AsgiApp:
    """Streams until `send` fails, and notes what it and `receive` hear."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def listen() -> None:
            async for _ in content(receive):
                pass
            notes.add((await receive())["type"])

        listener = asyncio.create_task(listen())
        try:
            await send(start())
            while True:
                await send(data(bytes(PIECE)))
        except OSError as error:
            notes.add(f"send: {type(error).__name__}")
        await listener

    return app
