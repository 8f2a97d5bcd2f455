"""The command line: how many rolls, of how many workers, and where the table goes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.bench.report import Report, Table, count, write_report
from tests.bench.rolls.roll import Outcome, Plan, roll_under_load

__all__ = ["main", "report"]

COMMAND = "python -m tests.bench.rolls"
RESULTS = Path(__file__).parent.with_name("rolls.md")

INTRODUCTION = """# Rolls

Workers are replaced one after the other (HUP) while independent clients ask. All of it is the
output of the command below and of nothing else.
"""


def report(outcome: Outcome, plan: Plan) -> Report:
    """The table."""
    rolls = outcome.rolls
    table = Table(
        f"{len(rolls)} rolls of {plan.workers} workers",
        ["client", "requests", "failed", "repeated, being unprocessed", "slowest, s"],
    )
    for name, each in outcome.counts.items():
        slowest = f"{each.slowest:.2f}"
        table.add(name, count(each.requests), each.failed, each.repeated, slowest)
    mean = sum(rolls) / len(rolls)
    table.notes.append(f"A roll took {mean:.1f} s, {max(rolls):.1f} s at most.")
    return Report("rolls", [table])


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND)
    parser.add_argument("--rolls", type=int, default=Plan.rolls)
    parser.add_argument("--workers", type=int, default=Plan.workers)
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    parser.add_argument("--option", action="append", default=[], help="one more of the server's")
    options = parser.parse_args()
    plan = Plan(rolls=options.rolls, workers=options.workers, options=tuple(options.option))
    outcome = roll_under_load(plan)
    found = report(outcome, plan)
    command = COMMAND + "".join(f" {each}" for each in sys.argv[1:] if each != "--write")
    print(found.markdown(command))
    for name, each in outcome.counts.items():
        for complaint in each.complaints:
            print(f"{name}: {complaint}", file=sys.stderr)
    for complaint in outcome.complaints:
        print(complaint, file=sys.stderr)
    if options.write:
        write_report(found, command, RESULTS, INTRODUCTION)
    sys.exit(bool(outcome.failed or outcome.complaints))


if __name__ == "__main__":
    main()
