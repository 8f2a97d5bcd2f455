"""The command line of the attacks: which ones, for how long, and where the table goes."""

from __future__ import annotations

import argparse
import contextlib
import sys
from dataclasses import replace
from pathlib import Path

from tests.bench.attacks.attacker import ATTACKS, TITLES
from tests.bench.attacks.bench import Measurement, measure, new_table, row
from tests.bench.report import Report, write_report
from tests.bench.servers import OURS, running

__all__ = ["main", "run"]

COMMAND = "python -m tests.bench.attacks"
RESULTS = Path(__file__).parent.with_name("attacks.md")
SECONDS = 10.0

INTRODUCTION = """# Attacks

What a client feels that does nothing wrong while another one attacks the server, and what the
attack costs the server. All of it is the output of the command below and of nothing else;
`make attacks` makes it again.
"""

ATTACKED = replace(
    OURS,
    command=lambda place: [*OURS.command(place), "--timeout-graceful-shutdown", "0"],
)
"""Attackers leave requests behind that never end: the server must not wait for them."""
QUICK_SECONDS = 0.2


def run(names: list[str], seconds: float, *, quick: bool = False) -> dict[str, Measurement]:
    """Run these attacks, each on a server of its own; `quick` spares that."""
    found: dict[str, Measurement] = {}
    with contextlib.ExitStack() as stack:
        shared = stack.enter_context(running(ATTACKED)) if quick else None
        for name in names:
            if shared is not None:
                found[name] = measure(shared, name, seconds)
                continue
            with running(ATTACKED) as server:
                found[name] = measure(server, name, seconds)
                print(row(TITLES[name], found[name]), file=sys.stderr)
    return found


def report(found: dict[str, Measurement], seconds: float) -> Report:
    table = new_table(seconds)
    for name, measurement in found.items():
        table.add(*row(TITLES[name], measurement))
    return Report("attacks", [table])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog=COMMAND)
    parser.add_argument("--write", action="store_true", help=f"keep the output in {RESULTS.name}")
    parser.add_argument("--quick", action="store_true", help="so short that it only shows it works")
    parser.add_argument("--only", action="append", choices=ATTACKS, help="repeatable; all without")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each attack")
    options = parser.parse_args(arguments)
    seconds = QUICK_SECONDS if options.quick else options.seconds
    outcome = report(run(options.only or list(ATTACKS), seconds, quick=options.quick), seconds)
    print(outcome.markdown(COMMAND))
    if options.write and not options.quick and not options.only:
        write_report(outcome, COMMAND, RESULTS, INTRODUCTION)


if __name__ == "__main__":
    main()
