"""A client that asks without end, in a process of its own.

    python -m tests.bench.rolls.asker KIND ORIGIN CAFILE PAUSE

It says a line when it has its first answer, goes on until its input ends, and then says as a line
of JSON what it counted. What a library reports as an error to whoever uses it has failed.

This file knows that talk, and what is counted. It refuses to know how any library asks.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["KINDS", "Count", "ask_until"]

KINDS = {
    "curl-new": "curl, a connection for each request",
    "curl-stay": "curl, connections that stay",
    "qh3-new": "qh3, a connection for each request",
    "qh3-stay": "qh3, connections that stay until GOAWAY",
}
"""What is asked in, by a word for the command line."""

AT_ONCE = 4
"""Requests that one client has under way."""

PATIENCE = 20.0
"""Seconds for an answer; then it has failed."""


@dataclass
class Count:
    """What one client lived through."""

    requests: int = 0
    """Those that were asked and have ended."""
    failed: int = 0
    repeated: int = 0
    """Attempts that the server said it had not processed, so that they were made again."""
    connections: int = 0
    complaints: list[str] = field(default_factory=list)
    """What the first failures were."""
    slowest: float = 0.0
    """Seconds of the request that took longest."""

    def fail(self, error: object) -> None:
        self.failed += 1
        if len(self.complaints) < 5:
            self.complaints.append(f"{type(error).__name__}: {error}")


async def ask_until(ask: Callable[[Count], Awaitable[None]], pause: float) -> None:
    """Ask, several at once and each with pauses of so many seconds, until standard input ends.

    `ask` makes one request; it raises what the library raises.
    """
    count, stops = Count(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def input_came() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            stops.set()

    loop.add_reader(sys.stdin.fileno(), input_came)

    async def line() -> None:
        while not stops.is_set():
            begin = time.monotonic()
            try:
                await asyncio.wait_for(ask(count), PATIENCE)
            except Exception as error:  # whatever the library has for a failure
                count.fail(error)
            count.requests += 1
            count.slowest = max(count.slowest, time.monotonic() - begin)
            if count.requests == 1:
                print("asking", flush=True)
            await asyncio.sleep(pause)

    await asyncio.gather(*(line() for _ in range(AT_ONCE)))
    print(json.dumps(asdict(count)), flush=True)


def main() -> None:
    kind, origin, cafile, pause = sys.argv[1:]
    if kind.startswith("curl"):
        from tests.bench.rolls.curl_asker import ask_by_curl as ask_by
    else:
        from tests.bench.rolls.qh3_asker import ask_by_qh3 as ask_by
    asyncio.run(ask_by(origin, cafile, float(pause), stays=kind.endswith("stay")))


if __name__ == "__main__":
    main()
