"""The command line that all benchmarks share.

This file knows two options. It refuses to know any benchmark.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tests.bench.report import RESULTS, write_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.report import Report

__all__ = ["run_benchmark"]


def run_benchmark(
    name: str, run: Callable[[bool], Report], arguments: list[str] | None = None
) -> None:
    """Parse the options, run one benchmark, print its section and, if asked, keep it."""
    command = f"python -m tests.bench.{name}"
    parser = argparse.ArgumentParser(prog=command)
    parser.add_argument("--write", action="store_true", help=f"keep the output in {RESULTS.name}")
    parser.add_argument("--quick", action="store_true", help="minimal sizes, to see that it works")
    options = parser.parse_args(arguments)
    report = run(options.quick)
    print(report.markdown(command))
    if options.write and not options.quick:
        write_report(report, command)
