"""The order of a measurement: clients ask, all workers are replaced, and clients go on asking.

This file knows the order and what is added up. It refuses to know how clients ask (`asker.py`).
Its one rule: a roll begins when every client has an answer since the one before.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.load import Workload
from tests.bench.native_load import NativeLoad, best_load
from tests.bench.rolls.asker import KINDS, Count
from tests.bench.rolls.service import serving
from tests.interop.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Outcome", "Plan", "roll_under_load"]

NATIVE = "quic-go, a connection for each 5 requests"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do."""

    rolls: int = 10
    workers: int = 2
    kinds: tuple[str, ...] = tuple(KINDS)
    pause: float = 0.0
    """Seconds between an answer and the next request."""
    between: float = 1.0
    """Seconds between two rolls, so that all connections stand when the next begins."""
    native: bool = True
    """Whether the load client in Go asks, too, where it can be built."""
    options: tuple[str, ...] = ()
    """More of the server's options."""


@dataclass
class Outcome:
    """What came of it."""

    counts: dict[str, Count] = field(default_factory=dict)
    """By the client's name."""
    rolls: list[float] = field(default_factory=list)
    """Seconds of each."""
    complaints: list[str] = field(default_factory=list)
    """What the server said above info."""

    @property
    def failed(self) -> int:
        return sum(each.failed for each in self.counts.values())


def roll_under_load(plan: Plan) -> Outcome:
    """Measure."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as directory:
        authority = Authority.made_in(Path(directory))
        with serving(authority, plan.workers, *plan.options) as service:
            origin = service.origin
            with contextlib.ExitStack() as askers:
                for kind in plan.kinds:
                    asking = _asking(kind, (origin, str(authority.cafile), plan.pause), outcome)
                    askers.enter_context(asking)
                load = best_load() if plan.native else None
                if isinstance(load, NativeLoad):
                    askers.enter_context(_native(load, origin, outcome))
                for _ in range(plan.rolls):
                    time.sleep(plan.between)
                    outcome.rolls.append(service.roll(plan.workers))
                time.sleep(plan.between)
        outcome.complaints = service.complaints
    return outcome


@contextlib.contextmanager
def _asking(kind: str, what: tuple[str, str, float], outcome: Outcome) -> Iterator[None]:
    """A client in a process of its own, for the length of the block."""
    command = [sys.executable, "-m", "tests.bench.rolls.asker", kind, *map(str, what)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline().strip() != "asking":
                raise RuntimeError(f"{KINDS[kind]} does not ask.")
            yield
            output, _ = process.communicate()
            outcome.counts[KINDS[kind]] = Count(**json.loads(output))
        finally:
            process.kill()


@contextlib.contextmanager
def _native(load: NativeLoad, origin: str, outcome: Outcome) -> Iterator[None]:
    """The client in Go: a connection, a few requests, and the next connection."""
    host, port = origin.removeprefix("https://").split(":")
    workload = Workload(name="", connections=4, requests=5, rounds=5, download_size=2000)
    count = outcome.counts[NATIVE] = Count()
    stops = threading.Event()

    def ask() -> None:
        try:
            with load.prepared((host, int(port)), workload) as prepared:
                while not stops.is_set():
                    result = prepared.run()
                    count.requests += result.requests
                    count.failed += result.failures
                    count.connections += workload.rounds * workload.connections
                    count.slowest = max(count.slowest, *result.latencies)
                    if result.complaint:
                        count.complaints.append(result.complaint)
        except Exception as error:  # a connection that could not be made ends it
            count.fail(error)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        stops.set()
        thread.join()
