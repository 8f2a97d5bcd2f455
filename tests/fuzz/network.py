"""A network with hostile corners: `tests/pair.py`, and an account of who sent how much to whom.

This file knows what a server owes everybody whatever arrives: no more than three times what came
from an address that has proven nothing (RFC 9000 §8), and nothing kept for ever. It refuses to know
what arrives. Time is the pair's: it jumps.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from h3producer.config import Config
from h3producer.http3.connection import Http3Connection
from h3producer.quic.packets import MIN_INITIAL_SIZE
from tests.http3.harness import GET, data, hello
from tests.pair import Client, Pair
from tests.virtual import settle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from h3producer.config import RetryMode
    from h3producer.quic.engine import Address

__all__ = ["HOSTILE", "Network", "check_log"]

HOSTILE = ("192.0.2.66", 666)
"""Who has proven nothing and never will."""

HELLO = b"\x01\x03\x00\x00\xd9" + data(b"hello")

AMPLIFICATION = 3
"""RFC 9000 §8: "an endpoint MUST limit the amount of data it sends to the unvalidated address to
three times the amount of data received from that address"."""


class Network(Pair):
    """A server that says hello, and everybody who can reach it."""

    def __init__(self, retry: RetryMode = "never") -> None:
        config = Config(retry=retry, server_header=None, date_header=False, idle_timeout=20.0)
        super().__init__(lambda transport: Http3Connection(transport, hello, config), config)
        self.bytes_from: Counter[Address] = Counter()
        self.bytes_to: Counter[Address] = Counter()
        self.proven: set[Address] = set()
        """Whose addresses may have been validated."""
        self.log: list[tuple[bytes, Address]] = []
        """What came, and from where."""

    async def throw(self, *datagrams: bytes, address: Address = HOSTILE) -> None:
        """Datagrams from nowhere."""
        for datagram in datagrams:
            self._to_server(datagram, address)
        await settle()
        self._carry()

    async def begin_handshake(self, client: Client) -> None:
        """Let a client have the server's first flight, and say nothing to it."""
        self._clients[client.address] = client
        client.quic.connect(self.socket.address, self.loop.now)
        await self.throw(*client.take(self.loop.now), address=client.address)
        del self._clients[client.address]

    async def is_served(self, client: Client) -> bool:
        """Whether a client gets what it asks for."""
        stream_id = client.open()
        client.send(stream_id, GET, end_stream=True)
        await self.drive()
        return client.received(stream_id) == HELLO and stream_id in client.fins

    async def check_newcomer(self) -> None:
        """Whatever came before, who comes now is served."""
        newcomer = Client(("192.0.2.77", 777))
        self.proven.add(newcomer.address)
        await self.connect(newcomer)
        assert await self.is_served(newcomer)

    async def check_end(self) -> None:
        """All fall silent, and nothing is left."""
        await self.advance(300)
        endpoint = self.endpoint
        assert not endpoint.connections
        assert not endpoint._intake.routes, "Ids are routed to nobody."
        assert not endpoint._seats, "Connections are counted that have ended."
        endpoint.close()
        await settle()

    @property
    def openers(self) -> int:
        """How many datagrams came that were large enough to open a connection."""
        return sum(len(data) >= MIN_INITIAL_SIZE for data, _ in self.log)

    # The link

    def _to_server(self, data: bytes, address: Address) -> None:
        self.log.append((data, address))
        self.bytes_from[address] += len(data)
        super()._to_server(data, address)

    def _to_client(self, data: bytes, address: Address) -> None:
        self.bytes_to[address] += len(data)
        if address not in self.proven:
            assert self.bytes_to[address] <= AMPLIFICATION * self.bytes_from[address], address
        super()._to_client(data, address)


def check_log(records: Iterable[logging.LogRecord]) -> None:
    """Nothing that a peer does is an error of the server's."""
    for record in records:
        assert record.levelno < logging.ERROR, logging.Formatter().format(record)
