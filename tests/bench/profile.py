"""Where a server's time goes under a workload: a table of functions, and a flame graph.

    python -m tests.bench.profile get50 [--seconds 10] [--tree ../main]

The table is cProfile's, which counts every call and makes small functions dearer than they are.
The flame graph is py-spy's, which looks a thousand times a second from outside and makes nothing
dearer. Each has a server of its own, both are kept in `.profile/`. This file knows both tools. It
refuses to know what is slow.
"""

from __future__ import annotations

import argparse
import pstats
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.native_load import best_load
from tests.bench.servers import OURS, ROOT, running
from tests.bench.workloads import WORKLOADS, workload

if TYPE_CHECKING:
    from tests.bench.load import LoadGenerator, Workload
    from tests.bench.servers import Place, ServerKind

__all__ = ["flame_graph", "function_table", "main"]

DIRECTORY = ROOT / ".profile"
ROWS = 45
SECONDS = 8.0
SAMPLES_PER_SECOND = 1000

SPY = Path(sys.executable).with_name("py-spy")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.profile")
    parser.add_argument("workload", help=",".join(each.key for each in WORKLOADS))
    parser.add_argument("--seconds", type=float, default=SECONDS, help="under load, for each tool")
    parser.add_argument("--tree", type=Path, default=ROOT, help="source tree of the server")
    options = parser.parse_args()
    try:
        under = workload(options.workload)
    except KeyError as error:
        parser.error(str(error.args[0]))
    DIRECTORY.mkdir(exist_ok=True)
    load, kind = best_load(), replace(OURS, tree=options.tree.resolve())
    table = DIRECTORY / f"{under.key}.txt"
    function_table(load, kind, under, options.seconds, table)
    print(table.read_text(encoding="utf-8"))
    picture = DIRECTORY / f"{under.key}.svg"
    flame_graph(load, kind, under, options.seconds, picture)
    print(f"Kept: {table}, {picture}")


def function_table(
    load: LoadGenerator, kind: ServerKind, under: Workload, seconds: float, target: Path
) -> None:
    """The functions that take the most time by themselves, as text."""
    raw = target.with_suffix(".prof")

    def command(place: Place) -> list[str]:
        python, *rest = kind.command(place)
        return [python, "-m", "cProfile", "-o", str(raw), *rest]

    with running(replace(kind, command=command)) as server:
        done = keep_asking(load, server.address, under, seconds)
        server.process.stop()  # which is when cProfile writes
    with target.open("w", encoding="utf-8") as file:
        file.write(f"{under.name}, {done} times, {load.description}\n")
        stats = pstats.Stats(str(raw), stream=file)
        stats.strip_dirs().sort_stats("tottime").print_stats(ROWS)


def flame_graph(
    load: LoadGenerator, kind: ServerKind, under: Workload, seconds: float, target: Path
) -> None:
    """Whose calls take the time, as a picture. Wants py-spy, and the right to look."""
    with running(kind) as server:
        command = [str(SPY), "record", "--pid", str(server.process.pid), "--output", str(target)]
        how_long = ["--rate", str(SAMPLES_PER_SECOND), "--duration", str(round(seconds))]
        with subprocess.Popen(
            [*command, *how_long], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ):
            keep_asking(load, server.address, under, seconds)


def keep_asking(
    load: LoadGenerator, address: tuple[str, int], under: Workload, seconds: float
) -> int:
    """The workload again and again for so long; returns how often."""
    end = time.monotonic() + seconds
    with load.prepared(address, under) as prepared:
        count = 0
        while time.monotonic() < end:
            prepared.run()
            count += 1
        return count


if __name__ == "__main__":
    main()
