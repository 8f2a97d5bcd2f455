"""Two source trees of ours, one against the other: has a change made it cheaper?

    python -m tests.bench.ab --base ../main --workloads get50,bulk8

Starts the server from each tree (the current one and `--base`), lets both answer the same
workloads in turn, and prints server CPU per item and the ratio new ÷ base, below 1 where the
change made it cheaper. This file knows how to alternate. It refuses to judge: where the spread
reaches across 1.00, the median says little, and a tree against itself shows how little. What else
the machine does only ever adds, so the ratio of the cheapest rounds is the steadier one.
"""

from __future__ import annotations

import argparse
import contextlib
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
    from tests.bench.servers import RunningServer

ROUNDS = 11

RATES = ("items/s, base", "items/s, new")

Pairs = list[tuple["Sample", "Sample"]]
"""Base and new, once for each round."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ab")
    parser.add_argument("--base", type=Path, required=True, metavar="DIR", help="tree to beat")
    parser.add_argument("--new", type=Path, default=ROOT, metavar="DIR", help="default: this tree")
    keys = ",".join(each.key for each in WORKLOADS)
    parser.add_argument("--workloads", default="get50,get5,bulk8", help=keys)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    try:
        workloads = [workload(key) for key in options.workloads.split(",")]
    except KeyError as error:
        parser.error(str(error.args[0]))
    print(compare(best_load(), (options.base, options.new), workloads, options.rounds).markdown())


def compare(
    load: LoadGenerator, trees: tuple[Path, Path], workloads: Sequence[Workload], rounds: int
) -> Table:
    """The table of both trees, base and new."""
    with contextlib.ExitStack() as stack:
        base_server, new_server = (
            stack.enter_context(running(replace(OURS, tree=tree.resolve()))) for tree in trees
        )
        table = Table(
            f"Server CPU per item, µs: {trees[1].resolve()} against {trees[0].resolve()}",
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
