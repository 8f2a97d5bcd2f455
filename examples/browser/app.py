"""All of HTTP/3 on one page: 100 images, streams, uploads, a WebSocket, a WebTransport session.

    h3producer --app-dir examples/browser app:app --webtransport
    h3producer cert

The second line prints how to start Chrome; add `--enable-features=EnableWebsocketsOverHttp3` for
the WebSocket. The page says of each thing which protocol it went over.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

PAGE = (Path(__file__).parent / "page.html").read_bytes()

TILES = 10
"""Tiles in a row of the picture, and rows."""

PICTURE = """
<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x} {y} 10 10">
  <linearGradient id="sky" x2="0" y2="1">
    <stop stop-color="#0b3d91"/><stop offset="1" stop-color="#8fd3f4"/>
  </linearGradient>
  <rect width="100" height="100" fill="url(#sky)"/>
  <circle cx="74" cy="24" r="11" fill="#ffd166"/>
  <path d="M0 74 22 40 40 66 58 34 100 78V100H0Z" fill="#1b4965"/>
  <path d="M0 88 30 66 52 84 76 62 100 82V100H0Z" fill="#2a9d8f"/>
  <text x="7" y="20" font-family="sans-serif" font-size="15" fill="#fff">h3</text>
</svg>
"""

downloads_left = 0
"""Endless downloads whose client has left, and whose app was told."""


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await socket(scope, receive, send)
    elif scope["type"] == "webtransport":
        await session(scope, receive, send)
    elif scope["path"] == "/":
        await answer(send, b"text/html; charset=utf-8", PAGE)
    elif scope["path"].startswith("/tile/"):
        await tile(scope, send)
    elif scope["path"] == "/stream":
        await stream(send)
    elif scope["path"] == "/events":
        await events(send)
    elif scope["path"] == "/upload":
        await upload(receive, send)
    elif scope["path"] == "/endless":
        await endless(send)
    elif scope["path"] == "/endless/ended":
        await answer_json(send, {"left": downloads_left})
    else:
        await answer(send, b"text/plain", b"There is no such thing here.\n", status=404)


async def tile(scope: dict[str, Any], send: Any) -> None:
    """One of the hundred images: the picture, through a window a tenth as wide and high."""
    _, _, x, y = scope["path"].split("/")
    image = PICTURE.format(x=int(x) * TILES, y=int(y) * TILES).strip()
    await answer(send, b"image/svg+xml", image.encode())


async def stream(send: Any) -> None:
    """A response in twenty parts; each is on its way before the next is made."""
    await start(send, b"text/plain")
    for number in range(20):
        await send(body(f"{number}\n".encode() * 500, more=True))
        await asyncio.sleep(0.01)
    await send(body(b""))


async def events(send: Any) -> None:
    """Server-sent events, until the client has had enough."""
    await start(send, b"text/event-stream")
    try:
        for number in range(1000):
            await send(body(f"data: {number}\n\n".encode(), more=True))
            await asyncio.sleep(0.01)
    except OSError:
        pass  # it has


async def upload(receive: Any, send: Any) -> None:
    """Hash what comes as it comes; the client sends no faster than this reads."""
    digest = hashlib.sha256()
    count = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        digest.update(message["body"])
        count += len(message["body"])
        if not message["more_body"]:
            break
    await answer_json(send, {"bytes": count, "sha256": digest.hexdigest()})


async def endless(send: Any) -> None:
    """A response without end: `send` says when nobody listens any more."""
    global downloads_left
    await start(send, b"application/octet-stream")
    try:
        while True:
            await send(body(bytes(10_000), more=True))
    except OSError:
        downloads_left += 1


async def socket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Say which protocol this is, then echo."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": protocol_of(scope)})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


async def session(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Echo datagrams, and streams behind the protocol that this is; see docs/webtransport.md."""
    greeting = protocol_of(scope).encode() + b" "
    greeted: set[int] = set()
    while (message := await receive())["type"] != "webtransport.disconnect":
        match message["type"]:
            case "webtransport.connect":
                await send({"type": "webtransport.accept"})
            case "webtransport.datagram.receive":
                await send({"type": "webtransport.datagram.send", "data": message["data"]})
            case "webtransport.stream.receive":
                if message["stream"] not in greeted:
                    greeted.add(message["stream"])
                    message["data"] = greeting + message["data"]
                await send({**message, "type": "webtransport.stream.send"})


def protocol_of(scope: dict[str, Any]) -> str:
    """As browsers spell it in `nextHopProtocol`."""
    return f"h{scope['http_version']}"


async def start(send: Any, content_type: bytes, status: int = 200) -> None:
    headers = [(b"content-type", content_type), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def answer(send: Any, content_type: bytes, data: bytes, status: int = 200) -> None:
    await start(send, content_type, status)
    await send(body(data))


async def answer_json(send: Any, value: object) -> None:
    await answer(send, b"application/json", json.dumps(value).encode())
