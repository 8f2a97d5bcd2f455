"""Restarts under load: one server process after another at one address, and no request lost.

    python -m tests.soak.restart [--restarts N] [--customers N] [--takeover fd|bind] [--loss SHARE]

This file knows how a process takes over from the one before, and counts. It refuses to know how a
client decides what it may repeat (`customers.py`). Its one rule: a process is told to end while
requests are under way, always.

A UDP port has one reader. Two processes at it, by SO_REUSEPORT or by one inherited socket, would
take each other's packets, so the next one starts when the one before has gone. What differs is what
becomes of clients that call in between:

- `fd`: whoever starts the processes holds the socket, as systemd does, and they bind `fd://N`.
  What comes between two of them waits in the socket's buffer and is answered by the next.
- `bind`: each process binds the port itself. What comes in between is lost, and sent again by the
  client, as any first packet that is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import socket
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.bench.report import Table, count
from tests.e2e.observed import Progress
from tests.e2e.relay import Relay
from tests.interop.authority import Authority
from tests.soak.customers import Customer, Habit, Sales
from tests.soak.host import Host, hosting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.e2e.raw_client import Address

__all__ = ["Outcome", "Plan", "restart_under_load"]

BETWEEN = 40
"""Answers between two restarts, so that every customer is served by every process."""

IDLE_TIMEOUT = 10.0
"""Seconds until a client notices by itself that its server is gone, if nobody could tell it."""

PATIENCE = 60.0
"""Seconds for those answers; a fuse."""

Takeover = Literal["fd", "bind"]


@dataclass
class Outcome:
    """What came of it."""

    sales: Sales = field(default_factory=Sales)
    drains: list[float] = field(default_factory=list)
    """Seconds from TERM to the end of the process."""
    starts: list[float] = field(default_factory=list)
    """Seconds from there until the next one serves."""
    cut: list[str] = field(default_factory=list)
    """What the servers said above info, and exit codes other than 0."""

    @property
    def faults(self) -> list[str]:
        """All that was wrong, a sentence each."""
        return self.sales.failures + self.cut

    def table(self, title: str) -> Table:
        table = Table(title, ["", ""])
        sales = self.sales
        table.add("requests", count(sales.asked))
        table.add("answered whole", count(sales.answered))
        table.add("of these at a later attempt", count(sales.repeated))
        table.add("failed", count(len(sales.failures)))
        for why, number in sorted(sales.refused.items()):
            table.add(f"attempts: {why}", count(number))
        table.add("connections that heard both GOAWAYs", count(sales.farewells))
        for name, times in (("TERM to exit", self.drains), ("exit to serving", self.starts)):
            if times:
                longest = f"{max(times):.2f}"
                table.add(f"{name}, s", f"{sum(times) / len(times):.2f}, at most {longest}")
        return table


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do; the same plan makes the same decisions."""

    restarts: int = 20
    customers: int = 6
    takeover: Takeover = "fd"
    loss: float = 0.0
    """The share of datagrams that are lost, each way."""
    seed: int = 0
    between: int = BETWEEN


async def restart_under_load(plan: Plan) -> Outcome:
    """End and start servers while customers ask; then let all that was asked be answered."""
    outcome = Outcome()
    with (
        tempfile.TemporaryDirectory() as directory,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held,
    ):
        authority = Authority.made_in(Path(directory))
        held.bind(("127.0.0.1", 0))
        address = held.getsockname()
        if plan.takeover == "bind":
            held.close()
        service = Service(authority, address, held.fileno())
        with Relay.before(address, seed=plan.seed, loss=plan.loss) as relay:
            crowd = list(_customers(plan, relay.address, authority, outcome.sales))
            await service.start()
            asking = [asyncio.create_task(customer.ask_on_and_on()) for customer in crowd]
            try:
                for _ in range(plan.restarts):
                    await _answers(outcome.sales, plan.between)
                    outcome.drains.append(await _seconds(service.stop))
                    outcome.starts.append(await _seconds(service.start))
                await _answers(outcome.sales, plan.between)
                for customer in crowd:
                    customer.leave()
                await asyncio.gather(*asking)
            finally:
                for task in asking:
                    task.cancel()
                await asyncio.wait(asking)
                await service.stop()
    outcome.cut = service.complaints
    return outcome


def _customers(
    plan: Plan, address: Address, authority: Authority, sales: Sales
) -> Iterator[Customer]:
    habits = itertools.cycle(Habit)
    for number in range(plan.customers):
        decide = random.Random(f"{plan.seed} {number}")
        yield Customer(address, authority.cafile, sales, decide, next(habits))


class Service:
    """The processes at one address, never two at a time."""

    def __init__(self, authority: Authority, address: tuple[str, int], fd: int) -> None:
        """`fd` is the bound socket, or -1 if each process is to bind the address."""
        self._authority = authority
        host, port = address
        self._bind = f"{host}:{port}" if fd < 0 else f"fd://{fd}"
        self._inherited = () if fd < 0 else (fd,)
        self._host: Host | None = None
        self._stack = AsyncExitStack()
        self.complaints: list[str] = []

    async def start(self) -> None:
        hosted = hosting(
            self._authority,
            *("--idle-timeout", str(IDLE_TIMEOUT)),
            # Nobody is slow here, but a machine may be that does a lot of other things.
            *("--min-request-data-rate", "none", "--min-response-data-rate", "none"),
            bind=self._bind,
            inherited=self._inherited,
        )
        self._host = await self._stack.enter_async_context(hosted)

    async def stop(self) -> None:
        """TERM; returns when the process has ended."""
        host, self._host = self._host, None
        if host is not None:
            await host.stop()
            self.complaints += map(str, host.unexpected)
            if host.exit_code:
                self.complaints.append(f"exit code {host.exit_code}")
        await self._stack.aclose()


async def _answers(sales: Sales, number: int) -> None:
    """Wait until so many more requests are answered, or one has failed."""
    due = sales.answered + number
    progress = sales.progress = Progress(PATIENCE)
    await progress.until(lambda: sales.answered >= due or bool(sales.failures), lambda: sales)


async def _seconds(step: Callable[[], Awaitable[None]]) -> float:
    begin = time.monotonic()
    await step()
    return time.monotonic() - begin


def main() -> int:
    """Run the command."""
    default = Plan()
    parser = argparse.ArgumentParser(prog="python -m tests.soak.restart")
    parser.add_argument("--restarts", type=int, default=default.restarts)
    parser.add_argument("--customers", type=int, default=default.customers)
    parser.add_argument("--takeover", choices=("fd", "bind"), default=default.takeover)
    parser.add_argument("--loss", type=float, default=default.loss, metavar="SHARE")
    parser.add_argument("--seed", type=int, default=default.seed)
    plan = Plan(**vars(parser.parse_args()))
    outcome = asyncio.run(restart_under_load(plan))
    title = (
        f"{plan.restarts} restarts under the load of {plan.customers} customers, "
        f"takeover {plan.takeover}, {plan.loss:.0%} loss, seed {plan.seed}"
    )
    print(outcome.table(title).markdown())
    for fault in outcome.faults:
        print(f"FAULT {fault}")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
