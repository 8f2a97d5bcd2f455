"""The application behind the cases about requests as an application sees them.

This file knows ASGI and what each path does. It refuses to know HTTP/3 and the cases; responses
that no application should give stand in `scripts.py`. Its one rule: what happens is noted down
under the `x-token` of the request, so that cases do not see each other.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tests.conformance.scripts import SCRIPTS
from tests.conformance.sockets import talk

if TYPE_CHECKING:
    from tests.conformance.scripts import Message

    Headers = list[tuple[bytes, bytes]]

__all__ = ["app"]

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PIECE = 16 * 1024
"""Bytes that a streaming application sends at once."""

MANY_HINTS = 50_000
"""Of 1 kB each."""


class Notes:
    """What happened under one token."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._changed = asyncio.Event()

    def add(self, word: str) -> None:
        self.words.append(word)
        self._changed.set()

    async def until(self, word: str) -> None:
        while word not in self.words:
            self._changed.clear()
            await self._changed.wait()


notes: defaultdict[str, Notes] = defaultdict(Notes)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI 3."""
    if scope["type"] == "lifespan":
        await _live(scope, receive, send)
        return
    token = dict(scope["headers"]).get(b"x-token", b"").decode("latin-1")
    noted = notes[token] if token else Notes()
    if scope["type"] == "websocket":
        await talk(scope, receive, send, noted)
        return
    if scope["type"] != "http":
        raise ValueError(f"The suite has no application for {scope['type']!r}.")
    noted.add("run")
    action = ACTIONS.get(scope["path"].strip("/").partition("/")[0], hello)
    await action(scope, receive, send, noted)


async def _live(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    if "state" in scope:
        scope["state"]["started"] = True
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("lifespan.shutdown was received", flush=True)
    await send({"type": "lifespan.shutdown.complete"})


async def respond(
    send: Send, body: bytes = b"", status: int = 200, headers: Headers | None = None
) -> None:
    """A whole response."""
    await send({"type": "http.response.start", "status": status, "headers": headers or []})
    await send({"type": "http.response.body", "body": body})


async def body_of(receive: Receive, noted: Notes) -> bytes | None:
    """The whole content of the request; None after a disconnect."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            noted.add("disconnect")
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            noted.add("complete")
            return bytes(body)


async def hello(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """A response that does not look at its request."""
    await respond(send, b"hello", headers=[(b"x-conformance", b"1")])


async def echo(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """The content of the request, once it is there."""
    body = await body_of(receive, noted)
    if body is not None:
        await respond(send, body)


async def view(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """The scope as JSON; bytes are Latin-1."""
    await respond(send, json.dumps(_plain(scope)).encode())


async def refuse(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """403 without a look at the content."""
    await respond(send, b"no", status=403)


async def hold(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """No response until the client has gone or `release` is noted."""
    if await body_of(receive, noted) is not None and await _released(receive, noted):
        await respond(send, b"released")


async def _released(receive: Receive, noted: Notes) -> bool:
    """Wait for `release`; False if the client goes first."""
    gone = asyncio.ensure_future(receive())
    released = asyncio.ensure_future(noted.until("release"))
    await asyncio.wait({gone, released}, return_when=asyncio.FIRST_COMPLETED)
    released.cancel()
    if gone.done():
        noted.add("disconnect")
        return False
    gone.cancel()
    return True


async def unread(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """Nothing is read, and nothing sent, until `release` is noted."""
    await noted.until("release")
    await respond(send, b"released")


async def late(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """The first part of a response, and the last when `release` is noted."""
    await body_of(receive, noted)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    noted.add("first")
    if await _released(receive, noted):
        await send({"type": "http.response.body", "body": b"last"})


async def endless(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """A response without an end, until the client goes."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    gone = asyncio.ensure_future(receive())
    try:
        while not (gone.done() and gone.result()["type"] == "http.disconnect"):
            if gone.done():
                gone = asyncio.ensure_future(receive())
            await send({"type": "http.response.body", "body": bytes(PIECE), "more_body": True})
            await asyncio.sleep(0)
    except OSError:
        pass  # send() of a disconnected client, ASGI HTTP spec 2.4
    finally:
        gone.cancel()
        noted.add("stopped")


async def hints(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """Early hints until the client goes: more than any buffer holds, if nobody reads them."""
    if "http.response.early_hint" not in scope.get("extensions", {}):
        noted.add("no hints")
    else:
        link = b"</%s>; rel=preload" % (b"a" * 1000)
        for _ in range(MANY_HINTS):
            await send({"type": "http.response.early_hint", "links": [link]})
            noted.add("hint")
            await asyncio.sleep(0)
    await respond(send)


async def afterwards(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """What `receive` says when the response is complete."""
    await body_of(receive, noted)
    await respond(send, b"done")
    noted.add(f"then-{(await receive())['type']}")


async def script(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """The messages of the script that the path names, whatever they are."""
    for message in SCRIPTS[scope["path"].rpartition("/")[2]]:
        await _send_noted(message, send, noted)


async def _send_noted(message: Message, send: Send, noted: Notes) -> None:
    try:
        await send(message)
    except Exception as error:
        noted.add(f"{message['type']} raised {type(error).__name__}")
        raise


async def raises(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """An exception before the response."""
    raise ValueError("This application raises on purpose.")


async def returns(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """No response at all."""


async def download(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """As many bytes as the last part of the path says."""
    await respond(send, bytes(int(scope["path"].rpartition("/")[2])))


# What the cases ask about other requests


async def noted_so_far(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """What has been noted under the token in the path, as JSON, once the request is whole."""
    await body_of(receive, noted)
    await respond(send, json.dumps(notes[_token(scope)].words).encode())


async def await_note(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """Nothing until the word in the query is noted under the token in the path."""
    await notes[_token(scope)].until(scope["query_string"].decode())
    await respond(send)


async def release(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """Note `release` under the token in the path, once the request is whole."""
    await body_of(receive, noted)
    notes[_token(scope)].add("release")
    await respond(send)


def _token(scope: Scope) -> str:
    token: str = scope["path"].rpartition("/")[2]
    return token


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


ACTIONS: dict[str, Callable[[Scope, Receive, Send, Notes], Awaitable[None]]] = {
    "afterwards": afterwards,
    "await": await_note,
    "download": download,
    "echo": echo,
    "endless": endless,
    "hints": hints,
    "hold": hold,
    "late": late,
    "noted": noted_so_far,
    "raises": raises,
    "refuse": refuse,
    "release": release,
    "returns": returns,
    "script": script,
    "unread": unread,
    "view": view,
}
