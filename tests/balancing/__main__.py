"""What is lost behind a balancer, by what it looks at; and when a host is drained.

    python -m tests.balancing [--clients N]

Needs Linux and its root: each host is a network namespace. Its one rule: all figures come from one
run, on the same hosts.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.balancing.network import NoNetworkError
from tests.balancing.scenes import CLEAR, CUSTOMERS, ENCRYPTED, HOSTS, drained, moved
from tests.balancing.stage import Stage
from tests.bench.report import Table, count

ANSWER = 10.0
"""Seconds for an answer behind a balancer that reads connection IDs."""

NO_ANSWER = 3.0
"""Seconds after which one counts as lost behind one that does not."""


async def figures(clients: int) -> list[Table]:
    """Two tables."""
    by_look = Table(
        f"{clients} clients whose address changes, {len(HOSTS)} hosts",
        ["the balancer looks at", "kept", "lost"],
    )
    drain = Table(f"A host of {len(HOSTS)} is drained and replaced, {CUSTOMERS} clients", ["", ""])
    with tempfile.TemporaryDirectory() as directory:
        async with Stage.set_up(Path(directory)) as stage:
            await stage.add_hosts(ENCRYPTED, *HOSTS)
            for name, by_id in (("connection IDs (QUIC-LB)", True), ("addresses alone", False)):
                seconds = ANSWER if by_id else NO_ANSWER
                result = await moved(stage, clients, seconds, by_id=by_id)
                by_look.add(name, count(result["kept"]), count(result["lost"]))
            outcome = await drained(stage, HOSTS, "delta", CLEAR)
            for name in ("asked", "answered", "repeated", "failures"):
                value = outcome.tally[name]
                drain.add(name, count(value if isinstance(value, int) else len(value)))
            drain.add("TERM to exit, s", f"{outcome.seconds:.1f}")
    return [by_look, drain]


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.balancing")
    parser.add_argument("--clients", type=int, default=100)
    try:
        tables = asyncio.run(figures(parser.parse_args().clients))
    except NoNetworkError as error:
        print(f"Network namespaces need Linux and its root: {error}", file=sys.stderr)
        return 1
    print("\n\n".join(table.markdown() for table in tables))
    return 0


if __name__ == "__main__":
    sys.exit(main())
