"""The cost of single functions, in microseconds: `hot_functions.py` in a table.

    python -m tests.bench.micro

No sockets and no other process. This file knows how pytest-benchmark tells what it found. It
refuses to know the functions.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.main import run_benchmark
from tests.bench.report import Report, Table

__all__ = ["run"]

BENCHMARKS = Path(__file__).with_name("hot_functions.py")


def run(quick: bool = False) -> Report:
    """All functions, one row each."""
    table = Table(
        "Cost of single functions, µs",
        ["function", "median", "least"],
        notes=[
            "Of the engine: for each request, or for each full datagram of a flight as large as "
            "pacing lets it be."
        ],
    )
    for found in benchmarks(quick):
        calls = found["extra_info"].get("calls", 1)
        times = (found["stats"][key] / calls * 1e6 for key in ("median", "min"))
        table.add(name_of(found), *(f"{each:.2f}" for each in times))
    return Report("micro", [table])


def benchmarks(quick: bool) -> list[dict[str, Any]]:
    """What pytest-benchmark has found about each. Raises CalledProcessError if it cannot."""
    with tempfile.TemporaryDirectory() as directory:
        outcome = Path(directory, "outcome.json")
        options = ["-q", "--no-header", "-p", "no:cacheprovider", f"--benchmark-json={outcome}"]
        speed = ["--benchmark-max-time=0.01", "--benchmark-warmup=off"] if quick else []
        command = [sys.executable, "-m", "pytest", str(BENCHMARKS), *options, *speed]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found: list[dict[str, Any]] = json.loads(outcome.read_text())["benchmarks"]
        return found


def name_of(found: dict[str, Any]) -> str:
    """The parameter, or the name of the test without its first word."""
    name: str = found["param"] or found["name"].removeprefix("test_").replace("_", " ")
    return name


if __name__ == "__main__":
    run_benchmark("micro", run)
