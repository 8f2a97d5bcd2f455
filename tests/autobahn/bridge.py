"""A bridge for WebSocket clients of yesteryear: TCP and an HTTP/1.1 upgrade on one side, extended
CONNECT over HTTP/3 on the other (RFC 6455 §4 ◀─▶ RFC 9220).

This file knows both opening handshakes and how an end on one side looks on the other. It refuses
to know frames: what is in a tunnel passes as it is, so a test suite for WebSocket over TCP judges
what our server says over HTTP/3. Its one rule: it adds nothing and mends nothing.

    RESET_STREAM ─▶ RST        FIN ─▶ FIN        FIN of TCP ─▶ FIN of the stream
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.e2e.raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.exchange import Exchange, Fields
    from tests.e2e.raw_client import Address

__all__ = ["bridge"]

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PASSED_ON = (b"sec-websocket-version", b"sec-websocket-protocol", b"sec-websocket-extensions")
MAX_HEAD = 16 * 1024
PATIENCE = 600
"""Seconds that a WebSocket may be quiet."""
PIECE = 64 * 1024
"""Bytes that are read from TCP at once; they become one DATA frame."""
MAX_UNSENT = 1 << 20
"""Bytes towards the server from which on nothing is read from TCP."""


@asynccontextmanager
async def bridge(server: Address, cafile: Path | None = None) -> AsyncIterator[int]:
    """The TCP port on 127.0.0.1 behind which the server's WebSockets are. All of them share one
    HTTP/3 connection."""
    async with RawClient.connected(
        server, cafile=cafile, patience=PATIENCE, idle_timeout=PATIENCE
    ) as client:

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _Crossing(client, reader, writer).run()

        listener = await asyncio.start_server(serve, "127.0.0.1", 0, limit=MAX_HEAD)
        async with listener:
            yield listener.sockets[0].getsockname()[1]


class _Crossing:
    """One WebSocket on its way."""

    def __init__(
        self, client: RawClient, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._client = client
        self._reader = reader
        self._writer = writer

    async def run(self) -> None:
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            fields = _fields(head)
            exchange = self._connect(head.split()[1].decode(), fields)
            await self._client.until(lambda: exchange.status is not None or exchange.is_over)
            self._writer.write(_answer(exchange, fields))
            if exchange.status == 200:
                up = asyncio.create_task(self._upstream(exchange))
                await self._downstream(exchange)
                up.cancel()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the TCP side has gone
        finally:
            self._writer.close()

    def _connect(self, path: str, fields: dict[bytes, bytes]) -> Exchange:
        more: Fields = [(b":protocol", b"websocket")]
        more += [(name, fields[name]) for name in PASSED_ON if name in fields]
        return self._client.request(path, method="CONNECT", headers=more, end=False)

    async def _upstream(self, exchange: Exchange) -> None:
        try:
            while data := await self._reader.read(PIECE):
                exchange.send(data)
                await self._client.until(lambda: _unsent(exchange) < MAX_UNSENT or exchange.is_over)
            exchange.send(b"", end=True)
        except ConnectionError:
            exchange.reset()

    async def _downstream(self, exchange: Exchange) -> None:
        body = exchange.body
        while body or not exchange.is_over:
            self._writer.write(bytes(body))
            body.clear()
            await self._writer.drain()
            await self._client.until(lambda: bool(body) or exchange.is_over)
        if exchange.reset_code is not None:
            self._abort()

    def _abort(self) -> None:
        """RST."""
        connection: socket.socket = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


def _unsent(exchange: Exchange) -> int:
    stream = exchange.client.quic._streams.get(exchange.stream_id)
    return 0 if stream is None else len(stream.sender._buffer)


def _fields(head: bytes) -> dict[bytes, bytes]:
    pairs = re.findall(rb"^([^:\r\n]+):[ \t]*([^\r\n]*)\r$", head, re.MULTILINE)
    return {name.lower(): value for name, value in pairs}


def _answer(exchange: Exchange, fields: dict[bytes, bytes]) -> bytes:
    """The HTTP/1.1 response."""
    if exchange.status != 200:
        return b"HTTP/1.1 %d\r\ncontent-length: 0\r\n\r\n" % (exchange.status or 502)
    accept = base64.b64encode(hashlib.sha1(fields[b"sec-websocket-key"] + GUID).digest())
    lines = [
        b"HTTP/1.1 101 Switching Protocols",
        b"upgrade: websocket",
        b"connection: Upgrade",
        b"sec-websocket-accept: " + accept,
        *(
            name + b": " + value
            for name, value in exchange.fields
            if name.startswith(b"sec-websocket-")
        ),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"
