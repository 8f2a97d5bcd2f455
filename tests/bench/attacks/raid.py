"""How an attack on open connections goes on: who attacks, how often, and what becomes of them.

This file knows the loop that all such attacks share. Its one rule: a connection that the server
has closed is replaced at once, and its code counted.
"""

from __future__ import annotations

import select
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.bench.attacks.assailant import Assailant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Outcome", "Raid", "run_raid"]

BURST = 16
"""Packets on one connection before the others, and the server, have their turn."""


@dataclass
class Outcome:
    """What an attack did, and what became of its connections."""

    datagrams: int = 0
    connections: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    """How its connections ended, by the name of the code."""


@dataclass(frozen=True)
class Raid:
    """An attack on open connections.

    `steps` takes one of them and yields after each packet: true if it may go on at once, false
    if it waits for credit or for time to pass. When it returns, it wants another connection.
    """

    title: str
    steps: Callable[[Assailant], Iterator[bool]]
    connections: int = 1


def run_raid(raid: Raid, address: tuple[str, int], seconds: float) -> Outcome:
    """Attack for so long."""
    outcome = Outcome()
    assailants: list[Assailant] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        while len(assailants) < raid.connections and time.monotonic() < end:
            assailant = Assailant(address)
            assailant.steps = raid.steps(assailant)
            assailants.append(assailant)
            outcome.connections += 1
        busy = [each for each in assailants if _attack(each)]
        if not busy:
            select.select([each.socket for each in assailants], [], [], 0.001)
        for each in [each for each in assailants if each.end is not None]:
            assailants.remove(each)
            _leave(each, outcome)
    for each in assailants:
        each.listen()
        _leave(each, outcome)
    return outcome


def _attack(assailant: Assailant) -> bool:
    """A burst; whether there may be another at once."""
    goes_on = True
    for _ in range(BURST):
        if assailant.end is not None:
            return True
        step = next(assailant.steps, None)
        if step is None:
            assailant.end = "left"
            return True
        if not step:
            goes_on = False
            break
    assailant.listen()
    return goes_on


def _leave(assailant: Assailant, outcome: Outcome) -> None:
    outcome.datagrams += assailant.sent
    outcome.ends[assailant.end or "open"] += 1
    assailant.close()
