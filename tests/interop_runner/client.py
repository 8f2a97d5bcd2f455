"""A client of the quic-interop-runner's contract, on aioquic or on qh3, which has aioquic's shape.

    TESTCASE=transfer DOWNLOADS=d REQUESTS="https://…/a https://…/b" python -m … LIBRARY

This file knows what a client has to do in each test case. It refuses to know whether it worked: the
files are in DOWNLOADS, and what each connection was like is a line of JSON. Its one rule: TESTCASE
has the names that the runner gives a client.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LIBRARY = sys.argv[1]
"""`aioquic` or `qh3`; they differ in nothing that is asked for here."""


def part(module: str) -> Any:  # of either library, of which one has no types for us
    return import_module(f"{LIBRARY}.{module}")


tls, events, h3 = part("tls"), part("quic.events"), part("h3.connection")
Protocol: Any = part("asyncio.protocol").QuicConnectionProtocol

VERSION_1, VERSION_2 = 0x00000001, 0x6B3343CF
TOGETHER = 10
"""Connections at once, where a test case has many."""
AT_ONCE = 50
"""Requests at once on a connection: qh3 raises where aioquic waits until the server allows more."""
KIB = 1024


class Client(Protocol):  # type: ignore[misc]  # see `part`
    """One connection, and what comes on its streams."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.h3 = h3.H3Connection(self._quic) if self.speaks_h3 else None
        self.waiting: dict[int, asyncio.Future[bytes]] = {}
        self.bodies: dict[int, bytearray] = {}
        self.something_came = asyncio.Event()
        self.facts: dict[str, object] = {"early": False, "resumed": False}

    speaks_h3 = False

    def quic_event_received(self, event: Any) -> None:
        match type(event).__name__:
            case "HandshakeCompleted":
                self.facts |= {"early": event.early_data_accepted, "resumed": event.session_resumed}
            case "ConnectionTerminated":
                for future in self.waiting.values():
                    if not future.done():
                        future.set_exception(ConnectionError(str(event)))
        if self.h3 is not None:
            for each in self.h3.handle_event(event):
                if type(each).__name__ in ("HeadersReceived", "DataReceived"):
                    self.arrived(each.stream_id, getattr(each, "data", b""), each.stream_ended)
        elif isinstance(event, events.StreamDataReceived):
            self.arrived(event.stream_id, event.data, event.end_stream)

    def arrived(self, stream_id: int, data: bytes, ended: bool) -> None:
        body = self.bodies.get(stream_id)
        if body is not None:
            body += data
            self.something_came.set()
            if ended and not self.waiting[stream_id].done():
                self.waiting[stream_id].set_result(bytes(body))

    def ask(self, url: str) -> asyncio.Future[bytes]:
        """Send a request; it leaves with the next `transmit`."""
        stream_id = self._quic.get_next_available_stream_id()
        self.bodies[stream_id] = bytearray()
        future = self.waiting[stream_id] = asyncio.get_running_loop().create_future()
        where = urlsplit(url)
        if self.h3 is None:
            self._quic.send_stream_data(stream_id, f"GET {where.path}\r\n".encode(), True)
        else:
            head = (":method", "GET"), (":scheme", "https"), (":authority", where.netloc)
            fields = [(name.encode(), value.encode()) for name, value in head]
            self.h3.send_headers(stream_id, [*fields, (b":path", where.path.encode())], True)
        return future

    async def move(self) -> None:
        """To another port, and with another id (RFC 9000 §9.5), when something has come."""
        await self.something_came.wait()
        loop = asyncio.get_running_loop()
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", 0))
        await loop.create_datagram_endpoint(lambda: self, sock=sock)
        self.change_connection_id()
        self.transmit()

    def phases(self) -> list[int]:
        """The key phases of what came and of what went, last; none if the library hides them."""
        pair = getattr(self._quic, "_cryptos", {}).get(tls.Epoch.ONE_RTT)
        return [] if pair is None else [pair.recv.key_phase, pair.send.key_phase]


class H3Client(Client):
    speaks_h3 = True


class Downloads:
    """What one run of the client does."""

    def __init__(self, testcase: str, alpn: str, directory: Path) -> None:
        self._testcase = testcase
        self._alpn = alpn
        self._directory = directory
        self._ticket: Any = None
        self.connections: list[dict[str, object]] = []

    async def run(self, urls: list[str]) -> None:
        """Download them all, on as many connections as the test case has."""
        match self._testcase:
            case "resumption" | "zerortt":
                await self.download(urls[:1])
                await self.download(urls[1:])
            case "multiconnect":
                for start in range(0, len(urls), TOGETHER):
                    each = (self.download([url]) for url in urls[start : start + TOGETHER])
                    await asyncio.gather(*each)
            case _:
                await self.download(urls)

    async def download(self, urls: list[str]) -> None:
        """Download some on a connection of their own."""
        where = urlsplit(urls[0])
        connecting = part("asyncio.client").connect(
            where.hostname,
            where.port,
            configuration=self.configuration(),
            create_protocol=H3Client if self._alpn == "h3" else Client,
            session_ticket_handler=self.keep,
            wait_connected=self._testcase != "zerortt" or self._ticket is None,
            local_port=0,
        )
        async with connecting as client:
            if self._testcase == "keyupdate":
                await client.ping()  # until when the handshake is confirmed (RFC 9001 §6)
                client.request_key_update()
            for start in range(0, len(urls), AT_ONCE):
                pending = [(url, client.ask(url)) for url in urls[start : start + AT_ONCE]]
                client.transmit()
                if self._testcase == "connectionmigration":
                    await client.move()
                for url, future in pending:
                    name = urlsplit(url).path.rpartition("/")[2]
                    (self._directory / name).write_bytes(await future)
            self.connections.append(client.facts | {"phases": client.phases()})

    def configuration(self) -> Any:
        configuration = part("quic.configuration").QuicConfiguration(
            is_client=True, alpn_protocols=[self._alpn], verify_mode=ssl.CERT_NONE
        )
        if self._ticket is not None:
            configuration.session_ticket = self._ticket
        if self._testcase == "transfer":
            configuration.max_data, configuration.max_stream_data = 128 * KIB, 64 * KIB
        if self._testcase == "chacha20":
            configuration.cipher_suites = [tls.CipherSuite.CHACHA20_POLY1305_SHA256]
        if self._testcase == "v2":
            configuration.original_version = VERSION_1
            configuration.supported_versions = [VERSION_2, VERSION_1]
        return configuration

    def keep(self, ticket: Any) -> None:
        if self._testcase == "resumption":
            ticket.max_early_data_size = None
        if self._testcase in ("resumption", "zerortt"):
            self._ticket = ticket


def main() -> None:
    testcase = os.environ["TESTCASE"]
    alpn = "h3" if testcase == "http3" else "hq-interop"
    downloads = Downloads(testcase, alpn, Path(os.environ["DOWNLOADS"]))
    asyncio.run(downloads.run(os.environ["REQUESTS"].split()))
    print(json.dumps(downloads.connections))


if __name__ == "__main__":
    main()
