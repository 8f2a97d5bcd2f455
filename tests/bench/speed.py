"""Ours beside other servers: CPU per item, items per second, memory, the time of a small GET.

    python -m tests.bench.speed [--only get50,bulk8] [--peers hypercorn,peregrine] [--rounds 5]

With `--write`, which wants the whole of it, the figures are kept in `speed.json`, and the tables,
the picture and the README's table are made of them.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.bench import picture, readme_block
from tests.bench.client import BenchTimeout
from tests.bench.figures import Figures, ServerName
from tests.bench.measure import Samples, measure
from tests.bench.native_load import best_load
from tests.bench.peers import KINDS, PEERS, installed
from tests.bench.report import Report, conditions, write_report
from tests.bench.sample import FailedLoadError
from tests.bench.servers import OURS
from tests.bench.speed_table import speed_tables
from tests.bench.standing import measure_stalled, measure_standing
from tests.bench.workloads import WORKLOADS, workload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.load import LoadGenerator, Workload
    from tests.bench.servers import ServerKind

__all__ = ["COMMAND", "figures_of", "main", "report"]

COMMAND = "python -m tests.bench.speed"
ROUNDS = 5


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog=COMMAND)
    parser.add_argument("--only", metavar="KEYS", help=",".join(each.key for each in WORKLOADS))
    parser.add_argument("--peers", metavar="KEYS", help=",".join(each.key for each in PEERS))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--write", action="store_true", help="keep figures, tables and picture")
    options = parser.parse_args(arguments)
    if options.write and (options.only or options.peers or options.rounds < ROUNDS):
        parser.error(f"--write wants all workloads, all peers, and {ROUNDS} rounds")
    try:
        workloads = (
            [workload(key) for key in options.only.split(",")] if options.only else WORKLOADS
        )
        peers = [KINDS[key] for key in options.peers.split(",")] if options.peers else PEERS
    except KeyError as error:
        parser.error(str(error.args[0]))
    figures = figures_of(best_load(), peers, workloads, options.rounds)
    print(report(figures).markdown(COMMAND))
    if options.write:
        keep(figures)


def keep(figures: Figures) -> None:
    """Everything that is made of the figures."""
    figures.save()
    write_report(report(figures), COMMAND)
    readme_block.write(figures)
    picture.draw(figures)


def report(figures: Figures) -> Report:
    return Report("speed", speed_tables(figures))


def figures_of(
    load: LoadGenerator,
    peers: Sequence[ServerKind],
    workloads: Sequence[Workload],
    rounds: int,
) -> Figures:
    """Measure it all."""
    kinds = [OURS, *installed(peers)]
    for kind in set(peers) - set(kinds):
        print(f"Not installed: {kind.name}", file=sys.stderr)
    samples = measure(load, kinds, [each for each in workloads if not each.is_standing], rounds)
    memory: dict[str, dict[str, float]] = {}
    for each in workloads:
        if each.is_standing:
            memory = _keepings(load, kinds, each, rounds, samples)
    return Figures(
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        conditions=conditions(),
        load=load.description,
        rounds=rounds,
        servers=[ServerName(kind.key, kind.name, kind.version) for kind in kinds],
        samples=samples,
        memory=memory,
    )


def _keepings(
    load: LoadGenerator,
    kinds: Sequence[ServerKind],
    standing: Workload,
    rounds: int,
    samples: Samples,
) -> dict[str, dict[str, float]]:
    """Bytes for what is kept, and the samples of the connections that stand added to the others."""
    memory: dict[str, dict[str, float]] = {"idle": {}, "stalled": {}}
    taken = samples.setdefault(standing.key, {})
    for kind in kinds:
        try:
            taken[kind.key], memory["idle"][kind.key] = measure_standing(
                load, kind, standing, rounds
            )
            memory["stalled"][kind.key] = measure_stalled(kind)
        except (BenchTimeout, FailedLoadError) as error:
            print(f"{kind.name}, {standing.name}: {error}", file=sys.stderr)
    return memory


if __name__ == "__main__":
    main()
