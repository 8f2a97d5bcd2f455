"""A page that notes by which version of HTTP it gets what it asks for, and who asked us how.

This file knows the page and the application behind it. It refuses to know browsers. Its one rule:
what a browser says of itself is held against what the server has seen.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from tests.e2e.apps import content, data, end, start

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send

__all__ = ["PATIENCE", "SwitchingApp"]

PATIENCE = 50.0
"""Seconds until a browser has told; it takes about five."""

_PAGE = b"""<!doctype html><title>Switching</title><script type="module">
const wait = seconds => new Promise(done => setTimeout(done, 1000 * seconds));
const protocolOf = url => performance.getEntriesByName(url)[0]?.nextHopProtocol;
const told = {page: performance.getEntriesByType("navigation")[0].nextHopProtocol, tries: []};

for (let number = 0; number < 40 && told.tries.at(-1) !== "h3"; number++) {
  if (number) await wait(0.2);
  const url = new URL("/again?" + number, location).href;
  await (await fetch(url, {cache: "no-store"})).text();
  told.tries.push(protocolOf(url));
}

const url = new URL("/stream", location).href;
const reader = (await fetch(url, {cache: "no-store"})).body.getReader();
told.pieces = 0;
while (!(await reader.read()).done) told.pieces++;
told.stream = protocolOf(url);

told.socket = await new Promise(done => {
  const socket = new WebSocket("wss://" + location.host + "/socket");
  socket.onopen = () => socket.send("hello");
  socket.onmessage = message => { done(message.data); socket.close(); };
  socket.onerror = () => done("error");
});

await fetch("/told", {method: "POST", body: JSON.stringify(told)});
</script>"""


class SwitchingApp:
    """Serves the page; `told` is what it found out, once it has."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        """Version and path of each request, in their order."""
        self._told: asyncio.Future[dict[str, Any]] | None = None

    async def told(self) -> dict[str, Any]:
        """Wait for what the page has to tell."""
        self._told = self._told or asyncio.get_running_loop().create_future()
        async with asyncio.timeout(PATIENCE):
            return await self._told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            self.seen.append((scope["http_version"], scope["path"]))
            await self._echo(receive, send)
        elif scope["type"] == "http":
            self.seen.append((scope["http_version"], scope["path"]))
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == "/stream":
            await send(start(200, (b"content-type", b"application/octet-stream")))
            for _ in range(3):
                await send(data(b"piece"))
                await asyncio.sleep(0.05)
            await send(end())
            return
        if path == "/told":
            said = b"".join([piece async for piece in content(receive)])
            if self._told is not None and not self._told.done():
                self._told.set_result(json.loads(said))
        await send(start(200, (b"content-type", b"text/html")))
        await send(end(_PAGE if path == "/" else b""))

    @staticmethod
    async def _echo(receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
