"""Judge a server: `python -m tests.conformance [--host HOST --port PORT]`.

This file knows arguments and how results are printed. It refuses to know what a result means
beyond its grade. Without `--host` it starts this project's own server. Exit code 1: a case of level
MUST, SHOULD or HARD has failed; 2: there is no server to judge.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conformance.case import all_cases
from tests.conformance.launch import OURS, has_app
from tests.conformance.peer import NoHandshake
from tests.conformance.reactions import Grade
from tests.conformance.report import as_json, judged, summary
from tests.conformance.target import Target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.conformance.case import Case


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    options = _parser().parse_args(arguments)
    cases = [each for each in all_cases() if not options.only or each.id in options.only]
    if options.list:
        for case in cases:
            print(f"{case.id:>5} {case.level:6} {case.section:18} {case.stimulus}")
        return 0
    try:
        return asyncio.run(_judge(cases, options))
    except (NoHandshake, TimeoutError) as error:
        print(f"There is no server to judge: {error}", file=sys.stderr)
        return 2


async def _judge(cases: list[Case], options: argparse.Namespace) -> int:
    async with _target(options) as target:
        results = []
        async for result in judged(cases, target, all_of_them=not options.only):
            results.append(result)
            if result.grade is Grade.FAILED or options.verbose:
                print(result, flush=True)
    print(summary(results))
    if options.json is not None:
        options.json.write_text(json.dumps(as_json(results), indent=1) + "\n")
    return int(any(each.is_failure for each in results))


@contextlib.asynccontextmanager
async def _target(options: argparse.Namespace) -> AsyncIterator[Target]:
    if options.host is None:
        async with OURS() as server:
            yield server.target
        return
    target = Target(
        options.host,
        options.port,
        options.path.rstrip("/"),
        options.authority,
        options.patience,
    )
    yield replace(target, has_app=await has_app(target))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.conformance", description=__doc__)
    parser.add_argument("--host", help="the server's address; without it ours is started")
    parser.add_argument("--port", type=int, default=443)
    parser.add_argument("--path", default="", metavar="PREFIX", help="in front of each path")
    parser.add_argument("--authority", default="localhost", help="of the requests, and for SNI")
    parser.add_argument(
        "--patience",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="until a server counts as silent; more on a slow path",
    )
    parser.add_argument("--only", nargs="+", metavar="ID", help="the cases to run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results there")
    parser.add_argument("--list", action="store_true", help="name the cases and stop")
    parser.add_argument("--verbose", action="store_true", help="print what did not fail, too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
