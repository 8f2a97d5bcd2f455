"""One soak: a server, a bad network, all kinds of clients, and what is left when they have gone.

This file knows the order of things and what must hold at the end. It refuses to know clients and
processes. Its one rule: what a first, short crowd leaves behind is taken for caches and pools; what
a long one leaves beyond that is a leak. Only of resident memory the long crowd has a share of its
own: pages of which a part is in use stay, so it follows the most that was ever alive at once, and
that has been there by half-time. From then on it has to be flat.

    start ─▶ a crowd for `warm_up` seconds ─▶ all leave, timers run ─▶ census
          ─▶ a crowd for half of `seconds` ─▶ all leave, timers run ─▶ census
          ─▶ a crowd for the other half ─▶ all leave, timers run ─▶ census ─▶ TERM
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.report import Table, count, mib
from tests.e2e.relay import Relay
from tests.interop.authority import Authority
from tests.soak.breakers import UNHEARD, malformed
from tests.soak.deserters import aborting
from tests.soak.host import Host, hosting
from tests.soak.ledger import Ledger
from tests.soak.returners import returning
from tests.soak.sessions import in_session
from tests.soak.sockets import socketed
from tests.soak.strangers import STRANGERS, stranger
from tests.soak.visitors import Visit, good, slow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tests.e2e.raw_client import Address

__all__ = ["CLIENTS", "KINDS", "Plan", "Verdict", "soak"]

KINDS: dict[str, Callable[[Visit], Awaitable[None]]] = {
    "good": good,
    "slow": slow,
    "aborting": aborting,
    "malformed": malformed,
    "sockets": socketed,
    "sessions": in_session,
    "returning": returning,
    **dict.fromkeys(STRANGERS, stranger),
}

CLIENTS = {
    "good": 3,
    "slow": 2,
    "aborting": 2,
    "malformed": 1,
    "sockets": 2,
    "sessions": 2,
    "returning": 1,
    "curl": 1,
    "niquests": 1,
}
"""How many of each kind are there at any time."""

OFFERS = {"sessions": "--webtransport", "returning": "--early-data"}
"""What a server does not offer unless it is told to, by the clients that ask for it."""

NETWORK = {"loss": 0.02, "double": 0.02, "delay": 0.05, "latency": 0.002}

NOISE = 100
"""Objects of a type more that say nothing: a timer in the loop, a weak reference in the cache of an
abstract class. One object a visit would be thousands after ten minutes."""

BLOCK_NOISE = 3000
"""Blocks of memory more that say nothing, of some 160,000: caches of the interpreter and of OpenSSL
that go on filling. One block an exchange would be many times as many after ten minutes."""

MALLOC_SLACK = 1 << 20
"""Bytes more in the C library's hands that say nothing, of some 8 MiB: caches, as above."""

RSS_SLACK = 8 << 20
"""Bytes by which a process may grow in the second half without a leak: what was alive at once may
have been a little more than ever before."""

MAX_UNHEARD = 3
"""Closes that may be lost for good, beside the network's share of all."""

LEAVING = 20.0
"""Seconds beyond the idle timeout for the last connection to be forgotten: its draining
period, which a bad network makes longer."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do; the same plan makes the same decisions."""

    seconds: float
    warm_up: float
    seed: int
    clients: dict[str, int]
    idle_timeout: float = 5.0


@dataclass
class Verdict:
    """What came of it."""

    plan: Plan
    ledger: Ledger = field(default_factory=Ledger)
    reports: list[dict[str, Any]] = field(default_factory=list)
    """The census at the start, after the warm-up, at half-time and at the end."""
    peak_rss: int = 0
    log: list[str] = field(default_factory=list)
    """What the server said."""
    levels: Counter[str] = field(default_factory=Counter)
    network: dict[str, int] = field(default_factory=dict)

    @property
    def faults(self) -> list[str]:
        """All that was wrong, a sentence each."""
        return self.ledger.faults

    def tables(self) -> list[Table]:
        """The figures."""
        return [self._clients(), self._server()]

    def _clients(self) -> Table:
        plan, ledger = self.plan, self.ledger
        table = Table(
            f"{plan.seconds:.0f} s of soak behind {plan.warm_up:.0f} s of warm-up, "
            f"seed {plan.seed}",
            ["clients", "at once", "outcomes", "down", "up"],
        )
        for kind, number in plan.clients.items():
            outcomes = ", ".join(
                f"{count(each)} {name}" for name, each in sorted(ledger.outcomes[kind].items())
            )
            down, up = ledger.down[kind], ledger.up[kind]
            table.add(kind, number, outcomes or "none", mib(down), mib(up))
        return table

    def _server(self) -> Table:
        moments = ("start", "after the warm-up", "at half-time", "at the end")
        table = Table("The server", ["", *moments])
        shown: dict[str, Callable[[dict[str, Any]], object]] = {
            "RSS": lambda report: mib(report["rss"]),
            "RSS, trimmed": lambda report: mib(report["trimmed"]),
            "memory blocks": lambda report: count(report["blocks"]),
            "bytes from malloc": lambda report: mib(report["malloc"]),
            "objects": lambda report: count(sum(report["objects"].values())),
            "tasks": lambda report: len(report["tasks"]),
            "connections": lambda report: report["connections"],
            "streams": lambda report: report["streams"],
            "connection ids": lambda report: report["routes"],
        }
        for name, show in shown.items():
            table.add(name, *map(show, self.reports))
        levels = ", ".join(f"{count(each)} {name}" for name, each in sorted(self.levels.items()))
        network = ", ".join(f"{count(each)} {name}" for name, each in self.network.items())
        table.notes += [
            "Each census counts the connection, the stream and the task that ask for it.",
            f"RSS at its peak: {mib(self.peak_rss)}.",
            f"Lines of the log: {levels or 'none'}.",
            f"Datagrams: {network}.",
        ]
        return table


async def soak(plan: Plan) -> Verdict:
    """Run it; takes the two times of the plan and some seconds more, whatever happens."""
    verdict = Verdict(plan)
    with tempfile.TemporaryDirectory() as directory:
        authority = Authority.made_in(Path(directory))
        offers = [offer for kind, offer in OFFERS.items() if kind in plan.clients]
        options = ("--idle-timeout", str(plan.idle_timeout), *offers)
        async with hosting(authority, *options) as host:
            verdict.reports.append(await host.report())
            with Relay.before(host.address, seed=plan.seed, **NETWORK) as relay:
                half = plan.seconds / 2
                phases = {"warm-up": plan.warm_up, "first half": half, "second half": half}
                for phase, seconds in phases.items():
                    crowd = Crowd(plan, phase, relay.address, authority, verdict.ledger)
                    await crowd.visit(seconds)
                    verdict.reports.append(await host.settled(plan.idle_timeout + LEAVING))
                verdict.network = _sum(relay)
            await host.stop()
            verdict.peak_rss, verdict.log, verdict.levels = host.peak_rss, host.log, host.levels
            _judge(verdict, host)
    return verdict


class Crowd:
    """All clients of a phase: each visits again and again."""

    def __init__(
        self, plan: Plan, phase: str, address: Address, authority: Authority, ledger: Ledger
    ) -> None:
        self._plan = plan
        self._phase = phase
        self._address = address
        self._authority = authority
        self._ledger = ledger
        self._until = 0.0

    async def visit(self, seconds: float) -> None:
        """Until the time is over; who is in the middle of a visit then, ends it."""
        self._until = asyncio.get_running_loop().time() + seconds
        async with asyncio.TaskGroup() as clients:
            for kind, number in self._plan.clients.items():
                for index in range(number):
                    clients.create_task(self._visit_again_and_again(kind, index))

    async def _visit_again_and_again(self, kind: str, index: int) -> None:
        whose = f"{kind} {index} in the {self._phase}"
        decisions = random.Random(f"{self._plan.seed} {whose}")
        number = 0
        while asyncio.get_running_loop().time() < self._until and not self._ledger.is_full:
            number += 1
            account = self._ledger.account(kind, f"{whose}, visit {number}")
            visit = Visit(self._address, self._authority, decisions, account)
            try:
                await KINDS[kind](visit)
            except (AssertionError, OSError) as error:
                # A wait that was in vain, or a client that could not be.
                account.fault(f"{type(error).__name__}: {error}")


def _judge(verdict: Verdict, host: Host) -> None:
    """Hold what is left in the server against what was there before."""
    fault = verdict.ledger.fault
    start, warm, half, end = verdict.reports
    for name in ("connections", "streams", "half_open"):
        if end[name] != start[name]:
            fault(f"{name} at the end: {end[name]}, at the start {start[name]}")
    if end["tasks"] != start["tasks"]:
        fault(f"tasks at the end: {end['tasks']}, at the start {start['tasks']}")
    if end["inside"]:
        fault(f"still in the application: {end['inside']}")
    for name, number in end["objects"].items():
        if number > warm["objects"].get(name, 0) + NOISE:
            fault(f"{number} objects {name}, {warm['objects'].get(name, 0)} after the warm-up")
    if end["blocks"] > warm["blocks"] + BLOCK_NOISE:
        fault(f"{end['blocks']} blocks of memory, {warm['blocks']} after the warm-up")
    if end["malloc"] > warm["malloc"] + MALLOC_SLACK:
        fault(f"malloc has given out {mib(end['malloc'])}, {mib(warm['malloc'])} after the warm-up")
    if end["trimmed"] > half["trimmed"] + RSS_SLACK:
        fault(f"RSS at the end {mib(end['trimmed'])}, at half-time {mib(half['trimmed'])}")
    for complaint in end["complaints"]:
        fault(f"the application complains: {complaint}")
    outcomes = verdict.ledger.outcomes["malformed"]
    if outcomes[UNHEARD] > MAX_UNHEARD + outcomes["closed"] * NETWORK["loss"]:
        fault(f"{outcomes[UNHEARD]} closes were not heard, {outcomes['closed']} were")
    for record in host.unexpected:
        fault(f"in the log: {record}")
    if host.exit_code != 0:
        fault(f"the server's exit code was {host.exit_code}")


def _sum(relay: Relay) -> dict[str, int]:
    tallies: Sequence[str] = ("carried", "lost", "doubled", "delayed")
    return {name: getattr(relay.up, name) + getattr(relay.down, name) for name in tallies}
