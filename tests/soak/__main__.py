"""The command: a soak, its tables, and exit code 1 if anything was wrong.

python -m tests.soak [--seconds N] [--seed S] [--clients good=3,slow=2,…] [--log FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from pathlib import Path

from tests.soak.soak import CLIENTS, KINDS, Plan, soak

SECONDS = 600.0
WARM_UP = 60.0
"""Seconds, at most a third of the soak: by then every kind of client has been in every phase."""


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--clients", type=_clients, default=CLIENTS, metavar="KIND=N,…")
    parser.add_argument("--log", type=Path, help="keep here what the server says")
    arguments = parser.parse_args()
    plan = Plan(
        seconds=arguments.seconds,
        warm_up=min(WARM_UP, arguments.seconds / 3),
        seed=arguments.seed,
        clients=arguments.clients,
    )
    verdict = asyncio.run(soak(plan))
    if arguments.log is not None:
        arguments.log.write_text("".join(f"{line}\n" for line in verdict.log))
    for table in verdict.tables():
        print(table.markdown() + "\n")
    for fault in verdict.faults:
        print(f"FAULT {fault}")
    if verdict.faults:
        clients = ",".join(f"{kind}={number}" for kind, number in plan.clients.items())
        print(
            f"Again: python -m tests.soak --seconds {plan.seconds:.0f} --seed {plan.seed} "
            f"--clients {clients}"
        )
    return 1 if verdict.faults else 0


def _clients(text: str) -> dict[str, int]:
    """`good=3,slow=2`."""
    clients = {}
    for part in text.split(","):
        kind, _, number = part.partition("=")
        if kind not in KINDS:
            raise argparse.ArgumentTypeError(f"{kind!r} is none of {', '.join(KINDS)}")
        clients[kind] = int(number or 1)
    return clients


if __name__ == "__main__":
    sys.exit(main())
