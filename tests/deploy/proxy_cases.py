"""What is asked through a proxy: a feature each, and the word for what became of it.

This file knows an application and a client that try a feature. It refuses to know proxies.

Its one rule: a case says what came through, in a word or two; "no" is no failure of a test, but
what a reader of the table has to know.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

from tests.e2e.apps import data, echo, end, hello, routed, start
from tests.e2e.observed import Notes
from tests.e2e.websocket_client import WebSocketClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from h3producer.asgi.types import AsgiApp, Receive, Scope, Send
    from tests.e2e.raw_client import RawClient

__all__ = ["CASES", "Witness", "facts_of"]

QUIET: Final = 1.0
"""Seconds without a byte after which an application that could write on is taken to wait."""


class Witness:
    """The application behind the proxy; it notes what reaches it."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.go_on = asyncio.Event()
        self.written = 0
        self.app: AsgiApp = routed(
            facts=self._facts,
            echo=echo,
            trailers=self._trailers,
            hint=self._hint,
            pieces=self._pieces,
            upload=self._upload,
            broken=self._broken,
            abandoned=self._abandoned,
            flood=self._flood,
            socket=self._socket,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _facts(self, scope: Scope, receive: Receive, send: Send) -> None:
        fields = {name.decode(): value.decode() for name, value in scope["headers"]}
        facts = {"version": scope["http_version"], "client": scope["client"][1], **fields}
        await send(start())
        await send(end(json.dumps(facts).encode()))

    async def _trailers(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "http.response.trailers" not in scope["extensions"]:
            await send(start(404))
            await send(end())
            return
        await send(start(trailers=True))
        await send(data(b"content"))
        await send(end())
        await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"1")]})

    async def _hint(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "http.response.early_hint" in scope["extensions"]:
            await send({"type": "http.response.early_hint", "links": [b"</style.css>"]})
        await hello(scope, receive, send)

    async def _pieces(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, (b"content-type", b"text/event-stream")))
        await send(data(b"first"))
        await self.go_on.wait()
        await send(end(b"last"))

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["body"]
        self.notes.add("first piece")
        while (await receive()).get("more_body"):
            pass
        await hello(scope, receive, send)

    async def _broken(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(data(b"first"))
        await self.go_on.wait()
        raise ConnectionResetError("An error that comes too late for a status.")

    async def _abandoned(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(data(b"first"))
        while (await receive())["type"] != "http.disconnect":
            pass
        self.notes.add("disconnect")

    async def _flood(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        try:
            for _ in range(1024):
                await send(data(bytes(65536)))
                self.written += 65536
        except OSError:
            return
        await send(end())

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})


async def facts_of(client: RawClient) -> dict[str, Any]:
    """What the application sees of a request."""
    return json.loads(bytes((await client.get("/facts")).body))  # type: ignore[no-any-return]


async def _version(client: RawClient, witness: Witness) -> str:
    return f"HTTP/{(await facts_of(client))['version']}"


async def _address(client: RawClient, witness: Witness) -> str:
    facts = await facts_of(client)
    if facts["client"] == client.port:
        return "as it is"
    return "in `x-forwarded-for`" if "x-forwarded-for" in facts else "no"


async def _rebinding(client: RawClient, witness: Witness) -> str:
    await client.get("/hello")
    await client.move()
    return "goes on" if (await client.get("/hello")).status == 200 else "no"


async def _trailers(client: RawClient, witness: Witness) -> str:
    answer = await client.get("/trailers", headers=[(b"te", b"trailers")])
    return "yes" if answer.trailers else "no"


async def _hint(client: RawClient, witness: Witness) -> str:
    return "yes" if (await client.get("/hint")).interim else "no"


async def _pieces(client: RawClient, witness: Witness) -> str:
    exchange = client.request("/pieces")
    try:
        await exchange.until_body(5)
        return "as they come"
    finally:
        witness.go_on.set()


async def _upload(client: RawClient, witness: Witness) -> str:
    exchange = client.request("/upload", method="POST", end=False)
    exchange.send(b"first")
    await witness.notes.until("first piece")
    exchange.send(b"last", end=True)
    return "as they come" if (await exchange.over()).status == 200 else "no"


async def _broken(client: RawClient, witness: Witness) -> str:
    exchange = client.request("/broken")
    await exchange.until_body(5)
    witness.go_on.set()
    return "looks whole" if (await exchange.over()).ended else "is reset"


async def _abandoned(client: RawClient, witness: Witness) -> str:
    exchange = client.request("/abandoned")
    await exchange.until_body(5)
    exchange.stop()
    await witness.notes.until("disconnect")
    return "is told"


async def _socket(client: RawClient, witness: Witness) -> str:
    socket = await WebSocketClient.opened(client, "/socket")
    if socket.exchange.status != 200:
        return f"no ({socket.exchange.status})" if socket.exchange.status else "no"
    socket.send("hello")
    return "yes" if await socket.receive() == "hello" else "no"


async def _flood(client: RawClient, witness: Witness) -> str:
    client.quic.gives_credit = False
    client.request("/flood")
    before = -1
    while before < witness.written:
        before = witness.written
        await asyncio.sleep(QUIET)
    return f"waits after {witness.written / 1e6:.1f} MB"


CASES: Final[dict[str, Callable[[RawClient, Witness], Awaitable[str]]]] = {
    "the application is asked by": _version,
    "it knows the client's address": _address,
    "the client's port changes": _rebinding,
    "pieces of a response": _pieces,
    "pieces of a request": _upload,
    "trailers": _trailers,
    "103 Early Hints": _hint,
    "WebSocket": _socket,
    "a response that breaks off": _broken,
    "an application whose client leaves": _abandoned,
    "an application whose client does not read": _flood,
}
"""By what a row of the table is called."""
