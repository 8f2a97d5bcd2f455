"""What stands in for Starlette's `WebSocketTestSession`: a WebSocket over HTTP/3 (RFC 9220).

This file knows the messages that Starlette's tests send and expect, which are those of ASGI, and
how each looks on the wire. It refuses to know frames: wsproto's client side does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.testclient import WebSocketDenialResponse, WebSocketTestSession
from wsproto.events import CloseConnection

from tests.e2e.websocket_client import Closed, WebSocketClient
from tests.frameworks.starlette_suite.served import ServedApp, call

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Self

    from tests.e2e.exchange import Fields
    from tests.frameworks.starlette_suite.served import Run

__all__ = ["SocketSession"]

HANDSHAKE_FIELDS = {b":status", b"sec-websocket-protocol", b"sec-websocket-extensions"}


class SocketSession(WebSocketTestSession):
    """One WebSocket; its inherited methods are made of `send` and `receive`."""

    def __init__(self, served: ServedApp, head: Fields, fields: Fields) -> None:
        self._served = served
        self._head: Fields = [
            (b":method", b"CONNECT"),
            (b":protocol", b"websocket"),
            *head,
            *((name, value) for name, value in fields if name != b"sec-websocket-key"),
        ]
        self._socket: WebSocketClient
        self._app_run: Run | None = None
        self._is_over = False

    def __enter__(self) -> Self:
        exchange, self._app_run = call(self._served.ask(self._head, b"", end=False))
        if exchange.status is None:
            self._raise_error()
            raise AssertionError(f"{exchange}")
        headers = [field for field in exchange.fields if field[0] not in HANDSHAKE_FIELDS]
        if exchange.status != 200:
            call(_none(exchange.over()))
            self._raise_error()
            raise WebSocketDenialResponse(
                exchange.status,
                headers=headers,  # type: ignore[call-arg]  # mypy may not find httpx2
                content=bytes(exchange.body),
            )
        self._socket = WebSocketClient(exchange)
        subprotocol = exchange.header(b"sec-websocket-protocol")
        self.accepted_subprotocol = subprotocol and subprotocol.decode()  # type: ignore[assignment]  # Starlette says None
        self.extra_headers = headers  # type: ignore[assignment]  # as above
        return self

    def __exit__(self, *_: Any) -> None:
        call(self._leave())
        self._raise_error()

    def send(self, message: Any) -> None:
        call(self._send(message))

    def receive(self) -> dict[str, Any]:
        received = call(self._socket.receive())
        if isinstance(received, Closed):
            self._is_over = True
            return {"type": "websocket.close", "code": received.code, "reason": received.reason}
        kind = "text" if isinstance(received, str) else "bytes"
        return {"type": "websocket.send", kind: received}

    def _raise_error(self) -> None:
        if self._app_run is not None:
            call(self._app_run.wait())
            self._app_run.raise_error()

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.disconnect":
            self._socket.say(CloseConnection(message["code"], message.get("reason")))
            self._is_over = True
        else:
            text = message.get("text")
            self._socket.send(message["bytes"] if text is None else text)

    async def _leave(self) -> None:
        if not self._is_over and not self._socket.exchange.is_over:
            self._socket.say(CloseConnection(1000))
        self._socket.exchange.send(b"", end=True)
        await self._socket.exchange.over()


async def _none(waits: Coroutine[Any, Any, object]) -> None:
    await waits
