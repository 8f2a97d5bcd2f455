"""The application that is served during a soak: `h3producer tests.soak.app:app`.

This file knows answers, and what it lived through. It refuses to know clients. Its one rule: what
an application was promised and did not get becomes a complaint in the next report.

| path | answer |
|---|---|
| `/bytes/SEED/SIZE` | that content, in pieces; with a content-length if SEED is even |
| `/trailers/SEED/SIZE` | that content, and its digest in the trailers |
| `/hinted/SEED/SIZE` | a 103 before it |
| `/slow/SEED/SIZE` | the same, with pauses in between |
| `/upload` | the digest of the request's content, once it is whole |
| `/echo` | the request's content, as it comes |
| `/early` | a few bytes, without a look at the upload |
| `/fail/SEED/SIZE` | that content, and then an exception |
| `/wait` | a beginning, and no end before the client has gone |
| `/report` | JSON: the census of the process, see `census.py` |

WebSockets and sessions of WebTransport are in `tunnels.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING

from tests.e2e.apps import content as received
from tests.e2e.apps import data, echo, end, hello, start
from tests.soak.census import census
from tests.soak.content import pieces
from tests.soak.tunnels import MeantToFail, session, socket

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send

__all__ = ["app"]

PAUSE = 0.05
"""Seconds between two parts of a slow answer: enough for a restart to fall in between."""

entered: Counter[str] = Counter()
left: Counter[str] = Counter()
complaints: list[str] = []


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The application."""
    if scope["type"] == "lifespan":
        for _ in ("startup", "shutdown"):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
        return
    name, _, argument = scope["path"].lstrip("/").partition("/")
    if name == "report":
        await report(send)
        return
    where = name if scope["type"] == "http" else f"{scope['type']} {name}"
    entered[where] += 1
    try:
        if scope["type"] in TUNNELS:
            await TUNNELS[scope["type"]](scope, receive, send, complaints.append)
        else:
            await answer(name, argument, scope, receive, send)
    finally:
        left[where] += 1


async def answer(name: str, argument: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what is not about this application itself."""
    if name in MADE:
        seed, size = map(int, argument.split("/"))
        await MADE[name](seed, size, send)
    else:
        await PLAIN.get(name, hello)(scope, receive, send)


async def send_bytes(seed: int, size: int, send: Send) -> None:
    length = [(b"content-length", b"%d" % size)] if seed % 2 == 0 else []
    await send(start(200, *length))
    for piece in pieces(seed, size):
        await send(data(piece))
    await send(end())


async def send_trailers(seed: int, size: int, send: Send) -> None:
    whole = hashlib.sha256()
    await send(start(200, trailers=True))
    for piece in pieces(seed, size):
        whole.update(piece)
        await send(data(piece))
    await send(end())
    fields = [(b"x-sha256", whole.hexdigest().encode())]
    await send({"type": "http.response.trailers", "headers": fields})


async def send_hinted(seed: int, size: int, send: Send) -> None:
    await send({"type": "http.response.early_hint", "links": [b"</style.css>; rel=preload"]})
    await send_bytes(seed, size, send)


async def send_slowly(seed: int, size: int, send: Send) -> None:
    await send(start())
    for piece in pieces(seed, size):
        await send(data(piece))
        await asyncio.sleep(PAUSE)
    await send(end())


async def fail(seed: int, size: int, send: Send) -> None:
    await send(start(200, (b"content-length", b"%d" % (size + 1))))
    for piece in pieces(seed, size):
        await send(data(piece))
    raise MeantToFail


async def upload(scope: Scope, receive: Receive, send: Send) -> None:
    whole = hashlib.sha256()
    async for piece in received(receive):
        whole.update(piece)
    await send(start())
    await send(end(whole.hexdigest().encode()))


async def wait(scope: Scope, receive: Receive, send: Send) -> None:
    await send(start())
    await send(data(b"wait"))
    while (message := await receive())["type"] == "http.request":
        pass
    if message["type"] != "http.disconnect":
        complaints.append(f"/wait heard {message}")
    try:
        await send(data(b"too late"))
        complaints.append("/wait could send after a disconnect")
    except OSError:
        pass


MADE = {
    "bytes": send_bytes,
    "trailers": send_trailers,
    "hinted": send_hinted,
    "slow": send_slowly,
    "fail": fail,
}
PLAIN = {"upload": upload, "echo": echo, "early": hello, "wait": wait}
TUNNELS = {"websocket": socket, "webtransport": session}


async def report(send: Send) -> None:
    """What there is in this process, with the exchange that asks."""
    inside = {name: number for name, number in (entered - left).items() if number}
    body = json.dumps({**census(), "inside": inside, "complaints": complaints}).encode()
    await send(start(200, (b"content-type", b"application/json")))
    await send(end(body))
