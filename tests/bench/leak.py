"""Whether anything stays behind: objects by type and memory, after many requests of each kind.

    python -m tests.bench.leak

Each case runs several times against one server. The first run fills caches and pools; what each
later one leaves behind would be left behind for ever.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.bench.client import drive
from tests.bench.load import Workload, run_once
from tests.bench.main import run_benchmark
from tests.bench.probe import Probe, ask
from tests.bench.qh3_load import Qh3Load
from tests.bench.report import Report, Table, count
from tests.bench.servers import UNBOUNDED, running

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.servers import RunningServer

__all__ = ["CASES", "run"]

H3_REQUEST_CANCELLED = 0x10C
ENDLESS = 1 << 30
RUNS = 4
NOISE = 25
"""Objects more or fewer that say nothing: a timer more in the loop, a frame not yet freed."""

CLOSED_PATIENCE = 30.0
"""Seconds for closed connections to be forgotten: their draining period, and some."""

Case = tuple[str, "Callable[[RunningServer, int], None]", int]


def requests_on_one_connection(server: RunningServer, count: int) -> None:
    _load(server, Workload(name="requests", streams=20, requests=count))


def connections_of_one_request(server: RunningServer, count: int) -> None:
    at_once = min(10, count)
    _load(server, Workload(name="connections", connections=at_once, rounds=count // at_once))


def responses_stopped(server: RunningServer, count: int) -> None:
    """STOP_SENDING as soon as the first bytes of an endless response have come."""
    _abort_all(server, count, lambda probe: probe.get(f"/bytes/{ENDLESS}"))


def uploads_reset(server: RunningServer, count: int) -> None:
    """RESET_STREAM and STOP_SENDING in the middle of an upload that the application reads."""
    piece = b"x" * 5000
    _abort_all(server, count, lambda probe: probe.post_part("/upload/early", ENDLESS, piece))


CASES: tuple[Case, ...] = (
    ("requests on one connection", requests_on_one_connection, 10_000),
    ("connections of one request", connections_of_one_request, 1_000),
    ("responses stopped half-way", responses_stopped, 1_000),
    ("uploads reset half-way", uploads_reset, 1_000),
)


def run(quick: bool = False) -> Report:
    """All cases on our server, one after the other."""
    table = Table(
        f"What {RUNS} equal runs leave behind in h3producer",
        ["case", "objects after each run", "types that grew", "RSS after each run, MiB"],
        notes=[
            "Objects that the garbage collector tracks, after a collection, without those that "
            "existed when the server had started; types of which there are more than "
            f"{NOISE} more after the last run than after the first. All connections of a run are "
            "closed again.",
        ],
    )
    with running(UNBOUNDED) as server:
        for name, act, full_number in CASES:
            number = 10 if quick else full_number
            snapshots = []
            for _ in range(2 if quick else RUNS):
                act(server, number)
                snapshots.append(_settled(server))
            table.add(f"{count(number)} {name}", *_compare(snapshots))
    return Report("leak", [table])


@dataclass(frozen=True)
class Snapshot:
    objects: Counter[str]
    rss: int


def _settled(server: RunningServer) -> Snapshot:
    """What there is once all connections but the one that asks are forgotten."""
    deadline = time.monotonic() + CLOSED_PATIENCE
    while True:
        report: dict[str, Any] = ask(server.address, "/report")
        if report["connections"] == 1 or time.monotonic() > deadline:
            return Snapshot(Counter(report["objects"]), server.process.rss())
        time.sleep(0.3)


def _compare(snapshots: Sequence[Snapshot]) -> tuple[object, ...]:
    first, last = snapshots[0].objects, snapshots[-1].objects
    grew = {
        name: number - first[name]
        for name, number in sorted(last.items())
        if number - first[name] > NOISE
    }
    return (
        " → ".join(count(each.objects.total()) for each in snapshots),
        ", ".join(f"{name} +{number}" for name, number in grew.items()) or "none",
        " → ".join(f"{each.rss / (1 << 20):.1f}" for each in snapshots),
    )


def _load(server: RunningServer, workload: Workload) -> None:
    result = run_once(Qh3Load(), server.address, workload)
    if result.failures:
        raise RuntimeError(f"{workload.name}: {result}")


def _abort_all(server: RunningServer, number: int, start: Callable[[Probe], int]) -> None:
    """Start requests ten at a time, and cut each when its answer has begun."""
    with contextlib.closing(Probe(server.address)) as probe:
        while number > 0:
            for _ in range(min(10, number)):
                start(probe)
                number -= 1
            probe.peer.flush()
            drive([probe.peer], lambda: all(each.received for each in probe.answers.values()), 60.0)
            for stream_id in tuple(probe.answers):
                probe.cut(stream_id, H3_REQUEST_CANCELLED)
            probe.peer.flush()


if __name__ == "__main__":
    run_benchmark("leak", run)
