"""Clients that change their address stay with the process that has their connection.

A hundred of them move, to other ports and to other hosts, while they shake hands, upload, download
and rest, and not one request is lost; by the kernel's choice of sockets, and by handing over.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.e2e.raw_client import RawClient
from tests.e2e.server import command_server
from tests.e2e.whereabouts import DOWNLOAD, PIECE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from h3producer.server.certificates.files import CertificateFiles
    from tests.e2e.raw_client import Address

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(sys.platform != "linux", reason="many hosts are on its loopback"),
]

CLIENTS = 100
WORKERS = 4
AT_ONCE = 25
"""Clients that are under way together: more, and their handshakes wait for a processor."""

HOSTS = itertools.cycle([f"127.0.{net}.{host}" for net in range(1, 5) for host in range(1, 60)])
"""Where clients come from, each next one from another network."""


class Roamer:
    """A client that never stays anywhere."""

    def __init__(self, address: Address, cafile: Path) -> None:
        self.client = RawClient.silent(address, cafile=cafile, patience=40.0)
        self.processes: list[bytes | None] = []
        """Which process answered, by request."""

    async def move(self) -> None:
        await self.client.move(next(HOSTS))

    async def arrive(self) -> None:
        await self.client.start()
        await self._connected()

    async def arrive_while_moving(self) -> None:
        """Its first flight goes out here, the answer has to find it there."""
        await self.client.start()
        await self.move()
        await self._connected()
        # The server has not heard the end of the handshake yet.
        await self.move()

    async def _connected(self) -> None:
        client = self.client
        await client.until(lambda: client.handshaken or client.close_code is not None)
        assert client.handshaken, client.close_reason

    async def rest(self) -> None:
        exchange = await self.client.get("/where")
        assert exchange.status == 200, (self.client.close_code, self.client.close_reason)
        self.processes.append(exchange.header(b"x-process"))

    async def download(self) -> None:
        exchange = self.client.request("/down")
        for part in (1, 2, 3):
            await exchange.until_body(len(DOWNLOAD) * part // 4)
            await self.move()
            await self.client.round_trip()  # who only listens cannot be found
        await exchange.over()
        assert exchange.ended
        assert exchange.body == DOWNLOAD
        self.processes.append(exchange.header(b"x-process"))

    async def upload(self) -> None:
        exchange = self.client.request("/up", method="POST", end=False)
        for _ in range(8):
            exchange.send(4 * PIECE)
            await self.move()
            await self.client.round_trip()
        exchange.send(b"", end=True)
        await exchange.over()
        assert exchange.ended
        assert exchange.body == str(32 * len(PIECE)).encode()
        self.processes.append(exchange.header(b"x-process"))


async def roam(number: int, address: Address, cafile: Path) -> bytes:
    """The life of one client; which process it was with all the time."""
    roamer = Roamer(address, cafile)
    arrive = roamer.arrive_while_moving if number % 2 else roamer.arrive
    work: Callable[[], Awaitable[None]] = (roamer.download, roamer.upload, roamer.rest)[number % 3]
    try:
        for step in (arrive, roamer.rest, roamer.move, work, roamer.move, roamer.rest):
            await step()
        roamer.client.close()
    finally:
        roamer.client.vanish()
    (process,) = set(roamer.processes)
    assert process is not None
    return process


@pytest.mark.parametrize("steering", ["kernel", "relay"])
async def test_of_a_hundred_clients_that_move_none_is_lost(
    steering: str, files: CertificateFiles
) -> None:
    arguments = ("--certfile", str(files.certfile), "--keyfile", str(files.keyfile))
    places = asyncio.Semaphore(AT_ONCE)

    async def in_turn(number: int, address: Address) -> bytes:
        async with places:
            return await roam(number, address, files.certfile)

    async with command_server(
        "tests.e2e.whereabouts:app",
        *arguments,
        *("--host", "0.0.0.0", "--port", "0"),
        *("--workers", str(WORKERS), "--steering", steering),
    ) as server:
        address = ("127.0.0.1", server.address[1])
        lives = [asyncio.create_task(in_turn(number, address)) for number in range(CLIENTS)]
        processes = Counter(await asyncio.gather(*lives))
    assert len(processes) == WORKERS
    assert sum(processes.values()) == CLIENTS
