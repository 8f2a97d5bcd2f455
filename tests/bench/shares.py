"""How unequal the shares of workers are: connections are dealt out by chance.

    python -m tests.bench.shares

The value of six bits in a client's first connection id decides. It is random, so that with C
connections the busiest of N workers has more than C/N of them; and 64 values are not divided
evenly among any number of workers. The table comes from the server's own table of slots and seeded
chance; nothing is measured.

This file knows chance. It refuses to know what a connection costs.
"""

from __future__ import annotations

import random
from collections import Counter

from h3producer.quic.connection_ids import MAX_SLOTS
from h3producer.quic.siblings.slot_table import TABLE_SIZE, SlotTable
from tests.bench.report import Table

__all__ = ["busiest", "table"]

WORKERS = (2, 3, 4, 8, 12, 16, 32, 48)
CONNECTIONS = (10, 100, 1_000, 10_000)
TRIALS = 200


def busiest(workers: int, connections: int, trials: int = TRIALS) -> float:
    """The share of the busiest worker, by the mean of all; the mean of many trials."""
    slots = SlotTable(bytearray(TABLE_SIZE))
    slots.clear()
    slots.set(range(workers))
    chance = random.Random(f"{workers} {connections}")
    total = 0.0
    for _ in range(trials):
        values = chance.choices(range(MAX_SLOTS), k=connections)
        total += max(Counter(map(slots.heir, values)).values())
    return total / trials * workers / connections


def table() -> Table:
    """For all numbers of both."""
    found = Table(
        "The busiest worker's share, by the mean",
        ["workers", *(f"{each:,} connections" for each in CONNECTIONS), "any number"],
    )
    for workers in WORKERS:
        limit = -(-MAX_SLOTS // workers) * workers / MAX_SLOTS
        shares = [f"{busiest(workers, each):.2f}" for each in CONNECTIONS]
        found.add(workers, *shares, f"{limit:.2f}")
    return found


if __name__ == "__main__":
    print(table().markdown())
