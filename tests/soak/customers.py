"""Clients that want an answer to every request, and repeat what they may.

This file knows the rules by which a client may send a request again although it does not know
what it does (RFC 9114 §4.1.1, §5.2; RFC 9000 §20.1). It refuses to know that a server restarts. Its
one rule: what is not provably unprocessed is not repeated, it has failed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode
from tests.e2e.observed import Progress
from tests.e2e.raw_client import RawClient
from tests.soak.content import content, digest

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.e2e.exchange import Exchange
    from tests.e2e.raw_client import Address

__all__ = ["Customer", "Habit", "Sales", "why_unprocessed"]

CONNECTION_REFUSED = 0x02
"""QUIC's own code: "the server refused to accept a new connection" (RFC 9000 §20.1)."""

PATIENCE = 60.0
"""Seconds for an answer, or for a server to be there: a fuse."""

MAX_ATTEMPTS = 10
"""Far more than there are servers in the life of one request."""

LARGEST_REQUEST_ID = (1 << 62) - 4
"""Of all ids that a client's request stream may have (RFC 9000 §2.1)."""

AT_ONCE = 3
"""Requests that a customer has under way."""


@dataclass
class Sales:
    """What all customers count."""

    asked: int = 0
    answered: int = 0
    repeated: int = 0
    """Those of the answered that took more than one attempt."""
    refused: Counter[str] = field(default_factory=Counter)
    """Attempts that came to nothing, by the reason why they may be repeated."""
    farewells: int = 0
    """Connections that were told where they end, in two steps."""
    failures: list[str] = field(default_factory=list)
    progress: Progress = field(default_factory=Progress, repr=False)


@dataclass(frozen=True)
class Wish:
    """A request, and the content of its answer."""

    path: str
    due: bytes
    body: bytes | None = None

    @classmethod
    def any_of(cls, decide: Random) -> Wish:
        """A large answer, a slow one, or an upload."""
        seed, size = decide.randrange(1 << 30), decide.randrange(200_000)
        kind = decide.choice(("bytes", "slow", "upload"))
        body = content(seed, size)
        if kind == "upload":
            return cls("/upload", digest(body).encode(), body)
        return cls(f"/{kind}/{seed}/{size}", body)

    def send(self, client: RawClient) -> Exchange:
        if self.body is None:
            return client.request(self.path)
        exchange = client.request(self.path, method="POST", end=False)
        exchange.send(self.body, end=True)
        return exchange


class Habit(Enum):
    """What a customer does with its connection."""

    POLITE = auto()
    """Keeps it until it hears a GOAWAY, and goes elsewhere with what it wants next."""
    STUBBORN = auto()
    """Goes on until it is refused."""
    HASTY = auto()
    """Takes a new one for every request."""


class Customer:
    """Asks again and again, each time until it has the answer."""

    def __init__(
        self, address: Address, cafile: Path, sales: Sales, decide: Random, habit: Habit
    ) -> None:
        self._address = address
        self._cafile = cafile
        self._sales = sales
        self._decide = decide
        self._habit = habit
        self._clients: list[RawClient] = []
        """All that were opened and have not ended; the last is in use."""
        self._opening = asyncio.Lock()
        self._leaves = False

    def leave(self) -> None:
        """Ask for nothing more once all is answered that was asked for."""
        self._leaves = True

    async def ask_on_and_on(self) -> None:
        """Until `leave`, or until something has failed."""
        try:
            async with asyncio.TaskGroup() as lines:
                for _ in range(AT_ONCE):
                    lines.create_task(self._stand_in_line())
        finally:
            for client in self._clients:
                self._check_goaways(client)
                client.close()
                client.vanish()

    async def _stand_in_line(self) -> None:
        while not (self._leaves or self._sales.failures):
            self._sales.asked += 1
            await self._ask(Wish.any_of(self._decide))

    async def _ask(self, wish: Wish) -> None:
        """One request, as often as it takes and may be."""
        for attempt in range(MAX_ATTEMPTS):
            client = await self._connection()
            exchange = await wish.send(client).over()
            if exchange.log.count("fin") == 1 and "reset" not in exchange.log:
                self._answered(wish, exchange, attempt)
                return
            why = why_unprocessed(exchange)
            if why is None:
                self._fail(f"{wish.path}: {exchange!r}, {client.goaways} {client.close_code}")
                return
            self._sales.refused[why] += 1
        self._fail(f"{wish.path}: refused {MAX_ATTEMPTS} times")

    def _answered(self, wish: Wish, exchange: Exchange, attempt: int) -> None:
        if exchange.status != 200 or digest(bytes(exchange.body)) != digest(wish.due):
            self._fail(f"{wish.path}: {exchange!r} with other content than was due")
            return
        self._sales.answered += 1
        self._sales.repeated += attempt > 0
        self._sales.progress.announce()

    def _fail(self, sentence: str) -> None:
        self._sales.failures.append(sentence)
        self._sales.progress.announce()

    async def _connection(self) -> RawClient:
        """The connection, or another if it is none any more; waits until there is a server."""
        async with self._opening:
            while not (self._clients and self._is_of_use(self._clients[-1])):
                self._let_go()
                await self._open()
            return self._clients[-1]

    def _is_of_use(self, client: RawClient) -> bool:
        if client.close_code is not None or self._was_refused(client):
            return False
        if self._habit is Habit.HASTY:
            return not client.exchanges
        return self._habit is Habit.STUBBORN or not client.goaways

    def _was_refused(self, client: RawClient) -> bool:
        rejected = ErrorCode.H3_REQUEST_REJECTED
        return any(each.reset_code == rejected for each in client.exchanges.values())

    def _let_go(self) -> None:
        """Close what has no request under way."""
        for client in tuple(self._clients):
            if all(exchange.is_over for exchange in client.exchanges.values()):
                self._check_goaways(client)
                client.close()
                client.vanish()
                self._clients.remove(client)

    def _check_goaways(self, client: RawClient) -> None:
        """A server that ends says so twice; the second time it names what it has accepted."""
        if len(client.goaways) < 2:
            return  # it did not end, or has not told all yet
        answered = [each.stream_id for each in client.exchanges.values() if each.ended]
        if client.goaways != [LARGEST_REQUEST_ID, max(answered, default=-4) + 4]:
            self._fail(f"GOAWAYs {client.goaways} after the answers {answered}")
        self._sales.farewells += 1

    async def _open(self) -> None:
        client = RawClient.silent(self._address, cafile=self._cafile, patience=PATIENCE)
        self._clients.append(client)
        await client.start()
        await client.until(lambda: client.handshaken or client.close_code is not None)
        if not client.handshaken:
            self._sales.refused["no handshake"] += 1


def why_unprocessed(exchange: Exchange) -> str | None:
    """The reason why the server has not processed this request; None if it may have."""
    client = exchange.client
    # RFC 9114 §4.1.1: "The client can treat requests rejected by the server as though they had
    # never been sent at all, thereby allowing them to be retried later."
    if exchange.reset_code == ErrorCode.H3_REQUEST_REJECTED:
        return "H3_REQUEST_REJECTED"
    # RFC 9114 §5.2: what has the identifier of the GOAWAY or a greater one is rejected, and the
    # last GOAWAY has the smallest.
    if client.goaways and exchange.stream_id >= min(client.goaways):
        return "id not below that of GOAWAY"
    if client.close_code == CONNECTION_REFUSED:
        return "CONNECTION_REFUSED"
    return None
