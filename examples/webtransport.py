"""An echo of everything that WebTransport has: datagrams, and streams of both kinds.

    h3producer --app-dir examples --webtransport webtransport:app

A page that tries all of it is at https://localhost:4433/, for a browser that trusts the
certificate; the command prints how to start one. What comes on a bidirectional stream goes back on
it, what comes on a unidirectional one goes back on another of ours. WebTransport is experimental:
see docs/webtransport.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("webtransport.html")


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "webtransport":
        await echo(receive, send)
    elif scope["type"] == "http":
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": PAGE.read_bytes()})


async def echo(receive: Any, send: Any) -> None:
    answers: dict[int, int] = {}  # from a client's unidirectional stream to ours
    waiting: dict[int, list[dict[str, Any]]] = {}  # what came before ours was open

    async def answer(stream: int, message: dict[str, Any]) -> None:
        await send({**message, "type": "webtransport.stream.send", "stream": stream})

    while (message := await receive())["type"] != "webtransport.disconnect":
        match message["type"]:
            case "webtransport.connect":
                await send({"type": "webtransport.accept"})
            case "webtransport.datagram.receive":
                await send({"type": "webtransport.datagram.send", "data": message["data"]})
            case "webtransport.stream.opened":
                theirs, ours = message["tag"], message["stream"]
                answers[theirs] = ours
                for each in waiting.pop(theirs):
                    await answer(ours, each)
            case "webtransport.stream.receive":
                stream = message["stream"]
                if not stream & 2:  # both ends can send on it
                    await answer(stream, message)
                elif stream in answers:
                    await answer(answers[stream], message)
                elif stream in waiting:
                    waiting[stream].append(message)
                else:
                    waiting[stream] = [message]
                    request = {"bidirectional": False, "tag": stream}
                    await send({"type": "webtransport.stream.open", **request})
