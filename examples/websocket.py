"""A chat: whoever opens the page hears what all others say.

    h3producer --app-dir examples websocket:app

Needs `pip install h3producer[websocket]`. Browsers open WebSockets over HTTP/3 only if they are
told to: Chrome with `--enable-features=EnableWebsocketsOverHttp3`, beside the flags that the
server prints. Each client that does not read holds up nobody but itself, up to a second.
"""

from __future__ import annotations

import asyncio
from typing import Any

PAGE = b"""<!doctype html>
<title>Chat over HTTP/3</title>
<form><input autofocus placeholder="Say something"></form>
<ol></ol>
<script>
const socket = new WebSocket(`wss://${location.host}/chat`);
const say = text => document.querySelector("ol").append(
  Object.assign(document.createElement("li"), {textContent: text}));
socket.onmessage = ({data}) => say(data);
socket.onclose = ({code, reason}) => say(`closed: ${code} ${reason}`);
document.querySelector("form").onsubmit = event => {
  event.preventDefault();
  socket.send(document.querySelector("input").value);
  event.target.reset();
};
</script>
"""

PATIENCE = 1.0
"""Seconds that one client may hold up what is said to it; it misses what comes later."""

guests: set[Any] = set()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await chat(scope, receive, send)
    elif scope["type"] == "http":
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": PAGE})
    else:
        raise NotImplementedError(scope["type"])


async def chat(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    guests.add(send)
    try:
        while (message := await receive())["type"] == "websocket.receive":
            await tell_all(message.get("text") or "(something that is no text)")
    finally:
        guests.discard(send)


async def tell_all(text: str) -> None:
    message = {"type": "websocket.send", "text": text}
    await asyncio.gather(*[tell(send, message) for send in tuple(guests)])


async def tell(send: Any, message: dict[str, Any]) -> None:
    try:
        await asyncio.wait_for(send(message), PATIENCE)
    except OSError:  # it left, or TimeoutError, which is one
        guests.discard(send)
