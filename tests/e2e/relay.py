"""A bad network: a UDP relay that loses, doubles and reorders datagrams, by a seed.

    async with Relay.before(server_address, seed=1) as relay:
        client = await connect(relay.address)

This file knows datagrams in both directions. It refuses to know what is in them. Its one rule:
what it does to the n-th datagram of a direction is decided by the seed and n alone.

    client ─▶ [front socket] ─▶ loses, doubles, delays ─▶ [back socket] ─▶ server
"""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.e2e.raw_client import Address

__all__ = ["Relay"]

LATE = 0.004
"""Seconds that a datagram is held back so that others overtake it: many times what a datagram
takes on the loopback, and less than a probe timeout."""


class Direction(asyncio.DatagramProtocol):
    """One socket of the relay, and what happens to the datagrams that it receives."""

    def __init__(self, rates: tuple[float, float, float], seed: int) -> None:
        self._loss, self._double, self._delay = rates
        self._random = random.Random(seed)
        self._loop = asyncio.get_running_loop()
        self.forward: Callable[[bytes], None] = lambda _: None
        self.socket: asyncio.DatagramTransport | None = None
        self.sender: Address | None = None
        self.lost = self.doubled = self.delayed = 0
        self._closed = asyncio.Event()

    async def open(
        self, *, local_addr: Address | None = None, remote_addr: Address | None = None
    ) -> None:
        """Open the socket."""
        self._closed.clear()
        self.socket, _ = await self._loop.create_datagram_endpoint(
            lambda: self, local_addr=local_addr, remote_addr=remote_addr
        )

    @property
    def address(self) -> Address:
        """Where the socket is bound."""
        assert self.socket is not None
        host, port = self.socket.get_extra_info("sockname")
        return host, port

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.sender = addr
        fate = self._random.random
        if fate() < self._loss:
            self.lost += 1
            return
        copies = 1
        if fate() < self._double:
            self.doubled += 1
            copies = 2
        for _ in range(copies):
            if fate() < self._delay:
                self.delayed += 1
                self._loop.call_later(LATE, self.forward, data)
            else:
                self.forward(data)

    def send(self, data: bytes, to: Address | None = None) -> None:
        if self.socket is not None and not self.socket.is_closing():
            self.socket.sendto(data, to)

    async def close(self) -> None:
        """Close the socket, and wait until it is."""
        if self.socket is not None:
            self.socket.abort()
            await self._closed.wait()


class Relay:
    """Stands between one client and a server."""

    def __init__(self, server: Address, up: Direction, down: Direction) -> None:
        self._server = server
        self.up, self.down = up, down
        up.forward = down.send  # the back socket is connected to the server
        down.forward = lambda data: up.send(data, up.sender)

    @classmethod
    @asynccontextmanager
    async def before(
        cls,
        server: Address,
        *,
        seed: int = 0,
        loss: float = 0.0,
        double: float = 0.0,
        delay: float = 0.0,
    ) -> AsyncIterator[Relay]:
        """A relay that does each of these to that share of the datagrams of each direction."""
        rates = (loss, double, delay)
        relay = cls(server, Direction(rates, seed), Direction(rates, seed + 1))
        try:
            await relay.up.open(local_addr=("127.0.0.1", 0))
            await relay.rebind()
            yield relay
        finally:
            await relay.up.close()
            await relay.down.close()

    @property
    def address(self) -> Address:
        """Where the client sends to."""
        return self.up.address

    async def rebind(self) -> int:
        """From now on the server sees another port; which one. As a NAT that has forgotten."""
        await self.down.close()
        await self.down.open(remote_addr=self._server)
        return self.down.address[1]
