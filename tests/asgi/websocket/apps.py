"""Small applications that speak WebSocket, each with one habit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp, Receive, Scope, Send

__all__ = ["ACCEPT", "Recorder", "echo", "says"]

ACCEPT: dict[str, Any] = {"type": "websocket.accept"}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Accepts, and sends every message back."""
    assert scope["type"] == "websocket"
    assert await receive() == {"type": "websocket.connect"}
    await send(ACCEPT)
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


def says(*messages: dict[str, Any]) -> AsgiApp:
    """Sends these, and leaves."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        for message in messages:
            await send(message)

    return app


class Recorder:
    """Accepts, and writes down what it receives, until the end."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.scope: Scope = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        assert await receive() == {"type": "websocket.connect"}
        await send(ACCEPT)
        while not self.heard or self.heard[-1]["type"] != "websocket.disconnect":
            self.heard.append(await receive())

    @property
    def end(self) -> tuple[int, str]:
        last = self.heard[-1]
        assert last["type"] == "websocket.disconnect"
        return last["code"], last["reason"]

    @property
    def messages(self) -> list[str | bytes]:
        return [
            message["text"] if "text" in message else message["bytes"]
            for message in self.heard
            if message["type"] == "websocket.receive"
        ]
