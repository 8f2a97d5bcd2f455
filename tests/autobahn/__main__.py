"""Run Autobahn's suite against our server and write down what came of it.

    python -m tests.autobahn                  # all but chapter 9, into tests/autobahn/results.md
    python -m tests.autobahn 6.* 7.1.1        # these, and say it

Needs `wstest`; see `suite.py`. All cases take three quarters of an hour, compression most of it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path

from h3producer.config import Config
from h3producer.server.server import Server
from tests.autobahn.bridge import bridge
from tests.autobahn.echo import app
from tests.autobahn.suite import ALL_BUT_PERFORMANCE, GOOD, run_cases

RESULTS = Path(__file__).parent / "results.md"


async def main(cases: list[str]) -> int:
    """Run `cases`; the number of those that are not good."""
    config = Config(app=app, host="127.0.0.1", port=0, access_log=False)
    with tempfile.TemporaryDirectory() as directory:
        async with Server(config) as server, bridge(server.addresses[0]) as port:
            results = await run_cases(cases or ALL_BUT_PERFORMANCE, port, Path(directory))
            server.force_exit = True
    counts = Counter(behaviour for behaviour, _ in results.values())
    lines = [f"{len(results)} cases: " + ", ".join(f"{n} {what}" for what, n in counts.items())]
    lines += [
        f"{number}: {behaviour}, closed {closed}"
        for number, (behaviour, closed) in results.items()
        if (behaviour, closed) != ("OK", "OK")
    ]
    print("\n".join(lines))
    if not cases:
        _write(lines)
    return sum(each not in GOOD for result in results.values() for each in result)


def _write(lines: list[str]) -> None:
    head = [
        "# Autobahn's WebSocket suite over HTTP/3",
        "",
        "autobahntestsuite 0.8.2 through `bridge.py`; all cases but those of chapter 9, which is",
        "about performance. Made by `python -m tests.autobahn`. Those that are not OK are named:",
        "how the case ended, and how its socket. NON-STRICT and INFORMATIONAL are allowed.",
        "",
    ]
    RESULTS.write_text("\n".join([*head, *(f"* {line}" for line in lines), ""]))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])) > 0)
