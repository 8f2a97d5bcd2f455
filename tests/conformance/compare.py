"""The suite at several servers, side by side: `python -m tests.conformance.compare --write`.

This file knows the command lines of other servers and the file `results.md`. It refuses to judge.
Its one rule: a server that answers nobody any more is started again, and that is said.

Hypercorn comes with `pip install '.[bench]'`; Caddy is run if there is a `caddy` on the path.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import re
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conformance.case import HARD, MUST, SHOULD, all_cases
from tests.conformance.invariants import Ledger
from tests.conformance.launch import APP, HOST, OURS, Launcher
from tests.conformance.peer import serves
from tests.conformance.reactions import Grade
from tests.conformance.report import invariant_results, survival
from tests.conformance.runner import Result, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conformance.launch import Server

RESULTS = Path(__file__).with_name("results.md")
COMMAND = "python -m tests.conformance.compare --write"

PATIENCE = 5.0
"""Seconds for servers that fail many cases."""

LONGEST = 110
"""Characters of an observation in the table."""


@dataclass
class Contestant:
    """A server, and how it did."""

    launcher: Launcher
    version: str
    results: dict[str, Result] = field(default_factory=dict)
    """By the id of the case."""
    died_in: list[str] = field(default_factory=list)
    """The cases after which it answered nobody any more."""

    @property
    def title(self) -> str:
        return f"{self.launcher.name} {self.version}"


def _hypercorn(port: int, certfile: str, keyfile: str) -> list[str]:
    bind = f"{HOST}:{port}"
    command = [sys.executable, "-m", "hypercorn", APP, "--quic-bind", bind, "--bind", bind]
    command += ["--workers", "0", "--graceful-timeout", "2", "--log-level", "warning"]
    return [*command, "--certfile", certfile, "--keyfile", keyfile]


def _caddy(port: int, certfile: str, keyfile: str) -> list[str]:
    config = Path(certfile).with_name("Caddyfile")
    config.write_text(
        "{\n admin off\n auto_https off\n}\n"
        f'https://:{port} {{\n tls {certfile} {keyfile}\n respond "hello"\n}}\n'
    )
    return ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]


def contestants() -> list[Contestant]:
    """Our server, and those others that are installed."""
    found = [Contestant(OURS, version("h3producer"))]
    try:
        found.append(Contestant(Launcher("Hypercorn", _hypercorn, PATIENCE), version("hypercorn")))
    except PackageNotFoundError:
        print("Hypercorn is not installed.", file=sys.stderr)
    if shutil.which("caddy"):
        said = subprocess.run(["caddy", "version"], capture_output=True, text=True, check=True)
        found.append(
            Contestant(Launcher("Caddy", _caddy, PATIENCE), said.stdout.split()[0].lstrip("v"))
        )
    else:
        print("There is no caddy on the path.", file=sys.stderr)
    return found


async def judge(contestant: Contestant) -> None:
    """Run all cases, on as many servers of this kind as it takes."""
    ledger = Ledger()
    async with AsyncExitStack() as running:
        server = await running.enter_async_context(contestant.launcher())
        for case in all_cases():
            result = await run(case, server.target, ledger)
            if result.grade is Grade.FAILED and not await serves(server.target):
                contestant.died_in.append(case.id)
                await running.aclose()
                server = await running.enter_async_context(contestant.launcher())
            if result.observed.startswith("no handshake"):
                result = await run(case, server.target, ledger)
            contestant.results[case.id] = result
        await _add_the_rest(contestant, server, ledger)


async def _add_the_rest(contestant: Contestant, server: Server, ledger: Ledger) -> None:
    for result in (*invariant_results(ledger), await survival(server.target)):
        contestant.results[result.case.id] = result
    if contestant.died_in:
        last = contestant.results["459"]
        died = f"it answered nobody any more after {', '.join(contestant.died_in)}"
        contestant.results["459"] = Result(last.case, Grade.FAILED, died)


def report(judged: Sequence[Contestant]) -> str:
    """The whole of `results.md`."""
    return "\n\n".join((_heading(), _counts(judged), _failures(judged))) + "\n"


def _heading() -> str:
    return f"""# Conformance, side by side

Made by `{COMMAND}` on {datetime.now(UTC):%Y-%m-%d}, with Python {platform.python_version()} and
aioquic {version("aioquic")} as the client. *Ideal* is the reaction to the letter, *allowed* another
one that an RFC permits, *not offered* what the server does not have, such as a dynamic table; a
server that does not run the suite's ASGI application has none of what needs it. *Failed* counts the
levels MUST, SHOULD and HARD (a defence that an RFC asks for without naming a reaction)."""


def _counts(judged: Sequence[Contestant]) -> str:
    lines = [
        "| server | cases | ideal | allowed | not offered | failed MUST | SHOULD | HARD |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for each in judged:
        results = each.results.values()
        grades = Counter(result.grade for result in results)
        failed = Counter(result.case.level for result in results if result.is_failure)
        counts = (grades[Grade.IDEAL], grades[Grade.ALLOWED], grades[Grade.NOT_OFFERED])
        levels = (failed[MUST], failed[SHOULD], failed[HARD])
        cells = " | ".join(map(str, (len(results), *counts, *levels)))
        lines.append(f"| {each.title} | {cells} |")
    return "\n".join(lines)


def _failures(judged: Sequence[Contestant]) -> str:
    names = [each.launcher.name for each in judged]
    lines = [
        "## What was failed, and by whom",
        "",
        f"| case | stimulus | expected | {' | '.join(names)} |",
        f"|---|---|---|{'---|' * len(names)}",
    ]
    for id, first in judged[0].results.items():
        results = [each.results[id] for each in judged]
        if any(each.is_failure for each in results):
            case = first.case
            expected = " / ".join(map(str, case.allowed))
            cells = (f"{id} {case.level}", case.stimulus, expected, *map(_cell, results))
            lines.append(f"| {' | '.join(map(_escaped, cells))} |")
    return "\n".join(lines)


def _cell(result: Result) -> str:
    return result.observed if result.is_failure else str(result.grade)


def _escaped(text: str) -> str:
    line = re.sub(r"\s+", " ", text).replace("|", "\\|").replace("<", "&lt;")
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} …"


def main() -> None:
    """Judge all that is installed, and print or write what came of it."""
    parser = argparse.ArgumentParser("python -m tests.conformance.compare", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"into {RESULTS.name}")
    options = parser.parse_args()
    judged = contestants()
    for each in judged:
        print(f"{each.title} …", file=sys.stderr, flush=True)
        asyncio.run(judge(each))
    text = report(judged)
    if options.write:
        RESULTS.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
