"""What the served application does with WebSockets and with sessions of WebTransport.

This file knows one tunnel at a time. It refuses to know clients. Its one rule is the application's
(`app.py`): what was promised and did not happen becomes a complaint. Promised is above all that a
tunnel which has ended says so, to whoever receives and to whoever sends.

| path | WebSocket | WebTransport |
|---|---|---|
| `/echo` | messages, as they come | streams, both ways or back on one of ours, and datagrams |
| `/flood` | sends, and receives nothing | the same, on a stream of ours and in datagrams |
| `/leave` | accepts and returns | the same at the first word, with streams of ours open |
| `/fail` | accepts and raises | the same at the first word |
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from h3producer.asgi.types import Receive, Scope, Send

    Complain = Callable[[str], None]

__all__ = ["MeantToFail", "session", "socket"]

PIECE = bytes(10_000)

ENOUGH = 10_000
"""Pieces of a flood; whoever takes so many, 100 MB, has not been told to stop."""

STREAMS = 3
"""Streams of ours that a session has open when the application leaves it."""


class MeantToFail(Exception):
    """The application fails, as it is meant to."""


async def socket(scope: Scope, receive: Receive, send: Send, complain: Complain) -> None:
    """A WebSocket, by its path."""
    await receive()
    await send({"type": "websocket.accept"})
    match scope["path"]:
        case "/echo":
            await _echo_messages(receive, send)
        case "/flood":
            message = {"type": "websocket.send", "bytes": PIECE}
            await _flood(lambda: send(message), complain)
        case "/fail":
            raise MeantToFail
    if scope["path"] in ("/echo", "/flood"):
        await _expect_end("websocket", receive, send, complain)


async def session(scope: Scope, receive: Receive, send: Send, complain: Complain) -> None:
    """A session of WebTransport, by its path."""
    await receive()
    await send({"type": "webtransport.accept"})
    match scope["path"]:
        case "/echo":
            await _echo_streams(receive, send)
        case "/flood":
            await _flood_session(receive, send, complain)
        case "/leave" | "/fail":
            await receive()  # a reset right behind the acceptance could overtake it
            for number in range(STREAMS):
                stream = await _opened(receive, send, bidirectional=bool(number % 2))
                if stream is not None:
                    await send(_bytes_for(stream, PIECE))
            if scope["path"] == "/fail":
                raise MeantToFail
    if scope["path"] in ("/echo", "/flood"):
        await _expect_end("webtransport", receive, send, complain)


async def _echo_messages(receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] != "websocket.disconnect":
        try:
            await send({**message, "type": "websocket.send"})
        except OSError:
            return


async def _echo_streams(receive: Receive, send: Send) -> None:
    """What comes on a stream of the client alone goes back on one of ours, whole."""
    answers: dict[int, list[bytes]] = {}
    while (message := await receive())["type"] != "webtransport.disconnect":
        try:
            match message["type"]:
                case "webtransport.datagram.receive":
                    await send({**message, "type": "webtransport.datagram.send"})
                case "webtransport.stream.receive" if not message["stream"] & 2:
                    await send({**message, "type": "webtransport.stream.send"})
                case "webtransport.stream.receive":
                    parts = answers.setdefault(message["stream"], [])
                    parts.append(message["data"])
                    if message["end_stream"]:
                        tag = answers.pop(message["stream"])
                        await send(_open(bidirectional=False, tag=b"".join(tag)))
                case "webtransport.stream.reset":
                    answers.pop(message["stream"], None)
                case "webtransport.stream.opened":
                    whole = {**_bytes_for(message["stream"], message["tag"]), "end_stream": True}
                    await send(whole)
        except OSError:
            return


async def _flood_session(receive: Receive, send: Send, complain: Complain) -> None:
    stream = await _opened(receive, send, bidirectional=True)
    if stream is None:
        return

    async def send_both() -> None:
        await send({"type": "webtransport.datagram.send", "data": PIECE[:1000]})
        await send(_bytes_for(stream, PIECE))

    await _flood(send_both, complain)


async def _opened(receive: Receive, send: Send, *, bidirectional: bool) -> int | None:
    """A stream of ours; None if the session ends before."""
    try:
        await send(_open(bidirectional=bidirectional))
    except OSError:
        return None
    while (message := await receive())["type"] != "webtransport.stream.opened":
        if message["type"] == "webtransport.disconnect":
            return None
    stream: int = message["stream"]
    return stream


def _open(*, bidirectional: bool, tag: object = None) -> dict[str, Any]:
    return {"type": "webtransport.stream.open", "bidirectional": bidirectional, "tag": tag}


def _bytes_for(stream: int, data: bytes) -> dict[str, Any]:
    return {"type": "webtransport.stream.send", "stream": stream, "data": data}


async def _flood(send_piece: Callable[[], Awaitable[None]], complain: Complain) -> None:
    """Send until that raises, which it has to."""
    try:
        for _ in range(ENOUGH):
            await send_piece()
    except OSError:
        return
    complain("a flood was never stopped")


async def _expect_end(protocol: str, receive: Receive, send: Send, complain: Complain) -> None:
    """It is over: that is said again whenever somebody asks, and nothing can be sent."""
    for _ in range(2):
        try:
            async with asyncio.timeout(1):
                while (await receive())["type"] != f"{protocol}.disconnect":
                    pass
        except TimeoutError:
            complain(f"a {protocol} that has ended did not say so")
    try:
        await send({"type": f"{protocol}.close"})
        complain(f"{protocol}.close could be sent after a disconnect")
    except OSError:
        pass
