"""The WebSockets of the suite's application.

This file knows ASGI's messages and what each path does. It refuses to know frames. Its one rule:
what a socket lives through is noted down, as for requests.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.conformance.app import Notes, Receive, Scope, Send

__all__ = ["talk"]


async def talk(scope: Scope, receive: Receive, send: Send, noted: Notes) -> None:
    """One WebSocket; its path says what about."""
    noted.add("run")
    await receive()
    what = scope["path"].strip("/").partition("/")[0]
    if what == "refuse":
        await send({"type": "websocket.close"})
        return
    chosen = scope["subprotocols"][-1:] or [None]
    await send({"type": "websocket.accept", "subprotocol": chosen[0]})
    if what == "first":
        for number in range(3):
            await send({"type": "websocket.send", "text": f"message {number}"})
        await send({"type": "websocket.close", "code": 4001})
        return
    if what == "view":
        await send({"type": "websocket.send", "text": json.dumps(_visible(scope))})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})
    noted.add(f"disconnect-{message['code']}")


def _visible(scope: Scope) -> dict[str, Any]:
    keys = ("type", "scheme", "http_version", "path", "subprotocols")
    host = dict(scope["headers"]).get(b"host", b"").decode()
    return {key: scope.get(key) for key in keys} | {"host": host}
