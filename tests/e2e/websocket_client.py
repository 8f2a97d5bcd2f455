"""A WebSocket over HTTP/3 as a client has it: wsproto's client side over the raw client.

    socket = await WebSocketClient.opened(client, "/chat", subprotocols=["chat"])
    socket.send("hello")
    assert await socket.receive() == "hello"
    await socket.close()

This file knows the opening handshake of RFC 9220 from the client's side, and messages. It refuses
to judge. Its one rule: every wait is for something the server did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wsproto.connection import CLIENT, Connection
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.e2e.exchange import Exchange, Field
    from tests.e2e.raw_client import RawClient

__all__ = ["Closed", "WebSocketClient"]


@dataclass(frozen=True)
class Closed:
    """What the server's close says; 1006 if it ended without one."""

    code: int
    reason: str = ""


class WebSocketClient:
    """One WebSocket; see the module."""

    def __init__(self, exchange: Exchange, *, deflate: bool = False) -> None:
        self.exchange = exchange
        """The stream below it: status and fields of the response, and how it ended."""
        extensions = [PerMessageDeflate()] if deflate else []
        answer = exchange.header(b"sec-websocket-extensions")
        if answer is not None:
            for extension in extensions:
                extension.finalize(answer.decode())
        self._connection = Connection(CLIENT, list(extensions))
        self._messages: list[str | bytes | Closed] = []
        self._parts: list[str | bytes] = []
        self.pongs: list[bytes] = []

    @classmethod
    async def opened(
        cls,
        client: RawClient,
        path: str = "/",
        *,
        subprotocols: Sequence[str] = (),
        headers: Sequence[Field] = (),
        deflate: bool = False,
    ) -> WebSocketClient:
        """Ask for a WebSocket and wait for the answer, which may be a refusal."""
        fields = [
            (b":protocol", b"websocket"),
            (b"sec-websocket-version", b"13"),
            *([(b"sec-websocket-protocol", ", ".join(subprotocols).encode())] * bool(subprotocols)),
            *([(b"sec-websocket-extensions", b"permessage-deflate")] * deflate),
            *headers,
        ]
        exchange = client.request(path, method="CONNECT", headers=fields, end=False)
        await client.until(lambda: exchange.status is not None or exchange.is_over)
        return cls(exchange, deflate=deflate)

    @property
    def subprotocol(self) -> str | None:
        """The one that the server has chosen."""
        value = self.exchange.header(b"sec-websocket-protocol")
        return None if value is None else value.decode()

    def send(self, message: str | bytes) -> None:
        """Send a message; nothing is waited for."""
        self.say(TextMessage(message) if isinstance(message, str) else BytesMessage(message))

    def ping(self, payload: bytes = b"") -> None:
        self.say(Ping(payload))

    def say(self, event: Event) -> None:
        """Send a frame."""
        self.exchange.send(self._connection.send(event))

    async def receive(self) -> str | bytes | Closed:
        """The next message, or the end."""
        await self.exchange.client.until(self._has_message)
        return self._messages.pop(0)

    async def ponged(self, payload: bytes = b"") -> None:
        """Wait for a pong."""

        def has_come() -> bool:
            self._read()
            return payload in self.pongs

        await self.exchange.client.until(has_come)

    async def close(self, code: int = 1000, reason: str = "") -> Closed:
        """Close and end our side; the server's close, with messages in front of it dropped."""
        self.say(CloseConnection(code, reason))
        self.exchange.send(b"", end=True)
        while not isinstance(last := await self.receive(), Closed):
            pass
        await self.exchange.over()
        return last

    def _has_message(self) -> bool:
        self._read()
        return bool(self._messages)

    def _read(self) -> None:
        body = self.exchange.body
        if body:
            self._connection.receive_data(bytes(body))
            body.clear()
            for event in self._connection.events():
                self._handle(event)
        if self.exchange.is_over and not self._messages:
            self._messages.append(Closed(1006))

    def _handle(self, event: Event) -> None:
        if isinstance(event, TextMessage | BytesMessage):
            self._parts.append(event.data if isinstance(event.data, str) else bytes(event.data))
            if event.message_finished:
                joined: str | bytes = "" if isinstance(self._parts[0], str) else b""
                self._messages.append(joined.join(self._parts))  # type: ignore[arg-type]  # of one kind
                self._parts = []
        elif isinstance(event, Ping):
            self.say(event.response())
        elif isinstance(event, Pong):
            self.pongs.append(bytes(event.payload))
        elif isinstance(event, CloseConnection):
            self._messages.append(Closed(int(event.code), event.reason or ""))
