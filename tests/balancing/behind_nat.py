"""Clients behind a NAT whose outside address changes: a program, for a machine of its own.

    python -m tests.balancing.behind_nat 10.77.0.100 4433 ca.pem 10.77.0.201

It knows a NAT, which is a `Relay`, and who is behind it. It says on stdout at which port of
127.0.0.1 the NAT takes others, too; then a line on stdin is answered with a line of JSON:

| line | what happens | answer |
|---|---|---|
| `move ADDRESS` | with its next datagram, each client is seen at another port there | null |
| `count` | nothing | how many addresses were answered until now |
| `customers N` | so many come, and ask for one thing after the other | null |
| `answered N` | once they have had so many answers | what they have lived through |
| `leave` | they have what they still want, and go | the same |
| `once N SECONDS ADDRESS` | so many clients ask, are moved, and ask again, for so long | `Moved` |

Its one rule: whoever is behind the NAT does not notice anything.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.raw_client import RawClient
from tests.e2e.relay import Relay
from tests.soak.customers import Customer, Habit, Sales

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.e2e.raw_client import Address

__all__ = ["Moved", "main"]

AT_ONCE = 16
"""Handshakes at once: a crowd at the door is not what is looked at."""


@dataclass
class Moved:
    """What became of clients that were moved."""

    clients: int = 0
    kept: int = 0
    """Had an answer from the same host as before."""
    elsewhere: int = 0
    """Had one from another host, which no connection can."""

    @property
    def lost(self) -> int:
        return self.clients - self.kept - self.elsewhere


class Crowd:
    """Who is behind the NAT."""

    def __init__(self, nat: Relay, cafile: Path) -> None:
        self._nat = nat
        self._cafile = cafile
        self._customers: list[Customer] = []
        self._asking: list[asyncio.Task[None]] = []
        self.sales = Sales()

    async def move(self, outside: str) -> None:
        self._nat.host = outside
        self._nat.rebind_with_next()

    async def count(self) -> int:
        return len(self._nat.answered)

    async def customers(self, count: str) -> None:
        for number in range(int(count)):
            decide = random.Random(number)
            customer = Customer(self._nat.address, self._cafile, self.sales, decide, Habit.POLITE)
            self._customers.append(customer)
            self._asking.append(asyncio.create_task(customer.ask_on_and_on()))

    async def answered(self, count: str) -> dict[str, object]:
        sales, due = self.sales, int(count)
        await sales.progress.until(
            lambda: sales.answered >= due or bool(sales.failures), lambda: sales
        )
        return self._tally()

    async def leave(self) -> dict[str, object]:
        for customer in self._customers:
            customer.leave()
        await asyncio.gather(*self._asking)
        return self._tally()

    async def once(self, count: str, seconds: str, outside: str) -> dict[str, object]:
        moved = Moved()
        slots = asyncio.Semaphore(AT_ONCE)
        async with AsyncExitStack() as open_clients:

            async def come() -> tuple[RawClient, bytes | None]:
                # Whoever is lost cannot say goodbye, and its host waits for it for so long.
                idle_timeout = int(float(seconds)) + 1
                connecting = RawClient.connected(
                    self._nat.address,
                    cafile=self._cafile,
                    patience=float(seconds),
                    idle_timeout=idle_timeout,
                )
                async with slots:
                    client = await open_clients.enter_async_context(connecting)
                    return client, (await client.get("/")).header(b"x-host")

            async def ask_again(client: RawClient, host: bytes | None) -> None:
                moved.clients += 1
                try:
                    answer = (await client.get("/")).header(b"x-host")
                except AssertionError:  # it never came
                    return
                moved.kept += answer == host
                moved.elsewhere += answer not in (host, None)

            clients = await asyncio.gather(*(come() for _ in range(int(count))))
            await self.move(outside)
            await asyncio.gather(*(ask_again(*each) for each in clients))
        return {**dataclasses.asdict(moved), "lost": moved.lost}

    def _tally(self) -> dict[str, object]:
        sales = self.sales
        names = [each.name for each in dataclasses.fields(sales) if each.name != "progress"]
        return {name: getattr(sales, name) for name in names}


async def serve(service: Address, cafile: Path, outside: str) -> None:
    """Answer lines until there are no more."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    with Relay.before(service) as nat:
        nat.host = outside
        print(nat.address[1], flush=True)
        crowd = Crowd(nat, cafile)
        deeds: dict[str, Callable[..., Awaitable[object]]] = {
            name: getattr(crowd, name)
            for name in ("move", "count", "customers", "answered", "leave", "once")
        }
        while line := (await lines.readline()).decode():
            word, *arguments = line.split()
            print(json.dumps(await deeds[word](*arguments)), flush=True)


def main(host: str, port: str, cafile: str, outside: str) -> None:
    """Run the program."""
    asyncio.run(serve((host, int(port)), Path(cafile), outside))


if __name__ == "__main__":
    main(*sys.argv[1:])
