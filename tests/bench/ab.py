"""Two of our own servers, one against the other: has a change made it cheaper, or an option?

    python -m tests.bench.ab --base ../main --workloads get50,bulk8
    python -m tests.bench.ab --base-options=--no-fast-path
    python -m tests.bench.ab --new-python .venv313/bin/python

Starts a server from each of two source trees, by default both from this one, lets both answer the
same workloads in turn, and prints server CPU per item and the ratio new ÷ base, below 1 where the
new one is cheaper. This file knows how to alternate. It refuses to judge: where the spread
reaches across 1.00, the median says little, and a tree against itself shows how little. What else
the machine does only ever adds, so the ratio of the cheapest rounds is the steadier one.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.native_load import best_load
from tests.bench.report import Table
from tests.bench.sample import take_sample
from tests.bench.servers import OURS, ROOT, running
from tests.bench.workloads import WORKLOADS, workload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.load import LoadGenerator, Workload
    from tests.bench.sample import Sample
    from tests.bench.servers import Place, RunningServer, ServerKind

ROUNDS = 11

SIDES = ("base", "new")
RATES = ("items/s, base", "items/s, new")

Pairs = list[tuple["Sample", "Sample"]]
"""Base and new, once for each round."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ab")
    for side in SIDES:
        parser.add_argument(f"--{side}", type=Path, default=ROOT, metavar="DIR", help="source tree")
        parser.add_argument(f"--{side}-options", default="", metavar="'OPTION …'")
        parser.add_argument(f"--{side}-python", default=sys.executable, metavar="PROGRAM")
    keys = ",".join(each.key for each in WORKLOADS)
    parser.add_argument("--workloads", default="get50,get5,bulk8", help=keys)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    try:
        workloads = [workload(key) for key in options.workloads.split(",")]
    except KeyError as error:
        parser.error(str(error.args[0]))
    base, new = (
        variant(
            getattr(options, side),
            getattr(options, f"{side}_options").split(),
            getattr(options, f"{side}_python"),
        )
        for side in SIDES
    )
    print(compare(best_load(), (base, new), workloads, options.rounds).markdown())


def variant(tree: Path, options: Sequence[str] = (), python: str = sys.executable) -> ServerKind:
    """Our server from this tree, with these options, run by this Python."""

    def command(place: Place) -> list[str]:
        return [python, *OURS.command(place)[1:], *options]

    tree = tree.resolve()
    name = " ".join([str(tree), *options, *([] if python == sys.executable else [python])])
    return replace(OURS, name=name, tree=tree, command=command)


def compare(
    load: LoadGenerator,
    kinds: tuple[ServerKind, ServerKind],
    workloads: Sequence[Workload],
    rounds: int,
) -> Table:
    """The table of both, base and new."""
    with contextlib.ExitStack() as stack:
        base_server, new_server = (stack.enter_context(running(kind)) for kind in kinds)
        table = Table(
            f"Server CPU per item, µs: {kinds[1].name} against {kinds[0].name}",
            ["workload", "item", "base", "new", "new ÷ base", "cheapest ÷ cheapest", *RATES],
            notes=[f"Load: {load.description}; median (smallest–largest) of {rounds} rounds."],
        )
        for each in workloads:
            table.add(*row(each, alternate(load, base_server, new_server, each, rounds)))
    return table


def alternate(
    load: LoadGenerator, base: RunningServer, new: RunningServer, workload: Workload, rounds: int
) -> Pairs:
    """Base and new in each round, by turns one of them first; a round before it is not counted."""
    pairs: Pairs = []
    for number in range(rounds + 1):
        if number % 2:
            of_base = take_sample(load, base, workload)
            of_new = take_sample(load, new, workload)
        else:
            of_new = take_sample(load, new, workload)
            of_base = take_sample(load, base, workload)
        pairs.append((of_base, of_new))
    return pairs[1:]


def row(workload: Workload, pairs: Pairs) -> Sequence[object]:
    base = [each for each, _ in pairs]
    new = [each for _, each in pairs]
    ratios = [of_new.cpu / of_base.cpu for of_base, of_new in pairs]
    return (
        workload.name,
        workload.item,
        *(f"{median(each.cpu for each in samples) * 1e6:,.1f}" for samples in (base, new)),
        f"**{median(ratios):.3f}** ({min(ratios):.3f}–{max(ratios):.3f})",
        f"{min(each.cpu for each in new) / min(each.cpu for each in base):.3f}",
        *(f"{median(each.rate for each in samples):,.1f}" for samples in (base, new)),
    )


if __name__ == "__main__":
    main()
