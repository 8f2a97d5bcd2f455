"""Every independent client in every case: `python -m tests.interop [--write]`.

This file knows arguments and how a run is shown. It refuses to know clients and cases. A client
that is not installed is said to be so, and costs nothing. Exit code 1: a cell has failed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.interop.authority import Authority
from tests.interop.cases import CASES
from tests.interop.matrix import Verdict, cells, played
from tests.interop.report import as_markdown, summary
from tests.interop.roster import CONTENDERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.interop.matrix import Result

MOST_WORDS = 500
"""Characters of what went wrong that are shown; the last ones say it."""

PAGE = Path(__file__).parent.parent.parent / "docs" / "interop.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        results = asyncio.run(_results(options, Authority.made_in(Path(directory))))
    print(summary(results))
    if options.write:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(as_markdown(results))
    return int(any(each.verdict is Verdict.FAILED for each in results))


async def _results(options: argparse.Namespace, authority: Authority) -> list[Result]:
    results = []
    async for result in played(cells(options.clients, options.cases), authority):
        results.append(result)
        if result.verdict in (Verdict.PASSED, Verdict.FAILED) or options.verbose:
            words = result.words.replace("\\n", "\n")[-MOST_WORDS:]
            print(
                f"{result.verdict.value} {result.cell} {result.seconds:.1f} s {words}", flush=True
            )
    return results


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.interop", description=__doc__)
    parser.add_argument(
        "--clients", nargs="+", default=[], choices=[each.name for each in CONTENDERS]
    )
    parser.add_argument("--cases", nargs="+", default=[], choices=[each.name for each in CASES])
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    parser.add_argument("--verbose", action="store_true", help="print what was not played, too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
