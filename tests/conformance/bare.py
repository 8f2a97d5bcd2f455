"""A UDP socket without a QUIC connection: datagrams go out, and what comes back is kept.

This file knows sockets. It refuses to know what is in a datagram. Its one rule: nobody answers for
it, so that all that comes back is the server's own doing.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conformance.target import Target

__all__ = ["Bare"]


class Bare(asyncio.DatagramProtocol):
    """A socket of one test; see the module."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self._changed = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, target: Target) -> AsyncIterator[Bare]:
        """A socket on a port of its own."""
        family = socket.AF_INET6 if ":" in target.host else socket.AF_INET
        loop = asyncio.get_running_loop()
        transport, bare = await loop.create_datagram_endpoint(
            cls, remote_addr=target.address, family=family
        )
        bare._transport = transport
        try:
            yield bare
        finally:
            transport.abort()

    def send(self, datagram: bytes) -> None:
        """One datagram, empty or not."""
        assert self._transport is not None
        self._transport.sendto(datagram)

    async def answers(self, patience: float = 0.5) -> list[bytes]:
        """Wait for a datagram; all that have come, none if there is silence."""
        try:
            async with asyncio.timeout(patience):
                while not self.received:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        return self.received

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.append(data)
        self._changed.set()

    def error_received(self, exc: Exception) -> None:
        """ICMP says that nobody listens; that is silence."""
