"""The ASGI application of all benchmarks: the same few lines for every server.

This file knows what the workloads ask for and counts what the application could send and read.
It refuses to know which server runs it, but for one thing: `/report` looks into the process for
connections of aioquic, if the server stands on it, to see what they still hold.

| path | answer |
|---|---|
| `/` | 13 bytes |
| `/bytes/N` | N bytes in messages of 64 KiB |
| `/events/N` | N server-sent events, ten a second, each client at another moment |
| `/stream/NAME/N` | the same, counted as NAME before and after each `send` |
| `/upload` | reads all, answers with the number of bytes |
| `/upload/slow/PAUSE` | reads with PAUSE seconds between messages, answers with the SHA-256 |
| `/upload/unread` | reads nothing until `/release` |
| `/upload/early` | answers with a byte, then reads, then ends |
| `/release` | lets `/upload/unread` read on, and answer as `/upload` does |
| `/report` | JSON: bytes offered and sent by name, bytes in QUIC, objects by type |
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import itertools
import json
import sys
from collections import Counter
from typing import Any

from tests.bench.content import chunks

__all__ = ["app"]

HELLO = b"Hello, World!"

PERIOD = 0.1
"""Seconds from one event to the next."""

phases = itertools.cycle(number / 100 * PERIOD for number in range(100))
"""When in a period a client gets its events: they did not all subscribe at one moment."""

offered: Counter[str] = Counter()
sent: Counter[str] = Counter()
released = asyncio.Event()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    path = scope["path"]
    if path == "/":
        await answer(send, HELLO)
        return
    parts = path.split("/")
    if parts[1] == "bytes":
        await stream(send, int(parts[2]), None)
    elif parts[1] == "stream":
        await stream(send, int(parts[3]), parts[2])
    elif parts[1] == "events":
        await events(send, int(parts[2]))
    elif parts[1] == "upload":
        await upload(receive, send, parts[2:])
    elif parts[1] == "release":
        released.set()
        await answer(send, b"{}")
    else:
        await answer(send, json.dumps(report()).encode())


async def lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def start(send: Any, length: int) -> None:
    headers = [
        (b"content-type", b"text/plain"),
        (b"content-length", b"%d" % length),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def answer(send: Any, body: bytes) -> None:
    await start(send, len(body))
    await send({"type": "http.response.body", "body": body})


async def stream(send: Any, length: int, name: str | None) -> None:
    await start(send, length)
    left = length
    for piece in chunks(length):
        left -= len(piece)
        if name is not None:
            offered[name] += len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
        if name is not None:
            sent[name] += len(piece)


async def events(send: Any, number: int) -> None:
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    clock = asyncio.get_running_loop().time
    due = clock() + next(phases)
    for each in range(number):
        await asyncio.sleep(due - clock())
        event = b"id: %d\ndata: something has happened\n\n" % each
        await send({"type": "http.response.body", "body": event, "more_body": True})
        due += PERIOD
    await send({"type": "http.response.body"})


async def upload(receive: Any, send: Any, how: list[str]) -> None:
    pause = float(how[1]) if how[:1] == ["slow"] else 0.0
    if how == ["unread"]:
        await released.wait()
    if how == ["early"]:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"!", "more_body": True})
    digest = hashlib.sha256() if pause else None
    count = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body = message.get("body", b"")
        count += len(body)
        if digest is not None:
            digest.update(body)
            await asyncio.sleep(pause)
        more = message.get("more_body", False)
    if how == ["early"]:
        await send({"type": "http.response.body"})
    else:
        await answer(send, b"%d" % count if digest is None else digest.hexdigest().encode())


def report() -> dict[str, Any]:
    gc.collect()
    objects = gc.get_objects()
    aioquic = sys.modules.get("aioquic.quic.connection")
    connections = [each for each in objects if aioquic and isinstance(each, aioquic.QuicConnection)]
    senders = [stream.sender for each in connections for stream in each._streams.values()]
    return {
        "offered": dict(offered),
        "sent": dict(sent),
        "unsent": sum(max(0, each._buffer_stop - each.highest_offset) for each in senders),
        "buffered": sum(len(each._buffer) for each in senders),
        "connections": len(connections),
        "objects": dict(Counter(type(each).__qualname__ for each in objects)),
    }
