"""Who calls the application that a page shows, and what must not happen then.

This file knows a caller for each kind of request. It refuses to know pages. Its one rule: an
application on a page is called over real HTTP/3, and no server logs an error about it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from tests.e2e.raw_client import RawClient
from tests.e2e.server import address_of, running
from tests.e2e.session_client import SessionClient
from tests.e2e.websocket_client import WebSocketClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from h3producer.server.certificates.files import CertificateFiles
    from tests.e2e.raw_client import Address

__all__ = ["call"]


async def _requests(address: Address, files: CertificateFiles) -> None:
    async with RawClient.connected(address, cafile=files.certfile) as client:
        for exchange in (await client.get("/"), await client.post("/", b"echo")):
            assert exchange.ended, exchange.log
            assert exchange.status is not None
            assert exchange.status < 500, exchange.fields


async def _websocket(address: Address, files: CertificateFiles) -> None:
    async with RawClient.connected(address, cafile=files.certfile) as client:
        socket = await WebSocketClient.opened(client)
        assert socket.exchange.status == 200, socket.exchange.fields
        socket.send("hello")
        assert await socket.receive() is not None
        await socket.close()


async def _session(address: Address, files: CertificateFiles) -> None:
    async with SessionClient.opened(address, files.certfile, "/") as client:
        stream_id = client.begin_stream()
        client.send(stream_id, b"hello", end=True)
        await client.until(lambda: client.streams[stream_id].data == b"hello")
        client.end_session(0, "")
        await client.until(lambda: client.session.is_over)


async def _datagrams(address: Address, files: CertificateFiles) -> None:
    async with SessionClient.connected(
        address, cafile=files.certfile, max_datagram_frame_size=65536
    ) as client:
        assert isinstance(client, SessionClient)
        client.session = client.request(
            "/", method="CONNECT", headers=[(b":protocol", b"connect-udp")], end=False
        )
        await client.until(lambda: client.session.status is not None)
        client.send_payload(b"hello")
        await client.until(lambda: bool(client.datagrams))
        client.session.send(b"", end=True)


_CALLERS: Final[dict[str, Callable[[Address, CertificateFiles], Awaitable[None]]]] = {
    "requests": _requests,
    "websocket": _websocket,
    "webtransport": _session,
    "datagrams": _datagrams,
}


def call(app: object, caller: str, files: CertificateFiles) -> None:
    """Serve an application and call it as `caller` does. Raises AssertionError for a fault."""

    async def served() -> None:
        settings = {"webtransport": caller == "webtransport", "http_datagrams": True}
        async with running(app, files, **settings) as server:
            await _CALLERS[caller](address_of(server), files)

    faults = _Faults()
    logger = logging.getLogger("h3producer")
    logger.addHandler(faults)
    try:
        asyncio.run(served())
    finally:
        logger.removeHandler(faults)
    assert not faults.messages, faults.messages


class _Faults(logging.Handler):
    """What is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(logging.Formatter().format(record))
