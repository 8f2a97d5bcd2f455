"""What a server holds for clients that do not read a response.

    python -m tests.bench.response_memory

Each client lets 64 KiB in and then gives no more credit, while the application streams. After
the figures are taken the client reads on, and what arrives must be what was sent.
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from h3producer.config import Config
from tests.bench.client import drive
from tests.bench.content import CHUNK, digest_of
from tests.bench.main import run_benchmark
from tests.bench.peers import HYPERCORN
from tests.bench.probe import CLIENT_WINDOW, Probe, ask, bytes_received, wait_stalled
from tests.bench.report import Report, Table, count, mib
from tests.bench.servers import OURS, measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.servers import RunningServer

__all__ = ["run", "target"]

MIB = 1 << 20
PATIENCE = 600.0


@dataclass(frozen=True)
class Case:
    """`streams` on each of `connections`, `size` bytes a stream."""

    connections: int
    streams: int
    size: int

    @property
    def total_streams(self) -> int:
        return self.connections * self.streams

    def __str__(self) -> str:
        return f"{self.connections} × {self.streams} × {mib(self.size)}"


CASES = (Case(1, 1, 256 * MIB), Case(1, 100, MIB), Case(10, 10, MIB))
QUICK = (Case(2, 2, MIB),)


def run(quick: bool = False) -> Report:
    """All cases against all servers."""
    table = Table(
        "Clients that let 64 KiB of a response in, then none",
        [
            "server, connections × streams × body",
            "app could send, per stream",
            "client got",
            "held: given to `send`, less got",
            "unsent in QUIC",
            "RSS growth",
            "RSS growth per stream",
            "arrived whole after reading on",
        ],
        notes=[
            "All but RSS growth per stream: bytes per stream, the mean. The application writes "
            f"{count(CHUNK)} bytes at a time; the write that waits in `send` counts as held.",
            f"Target: held at most {count(target())} = 64 KiB in the client's window, the "
            "response mark, and one write.",
        ],
    )
    for kind in (OURS,) if quick else (OURS, HYPERCORN):
        for case in QUICK if quick else CASES:
            table.add(*measured(kind, functools.partial(measure, case)))
    return Report("response_memory", [table])


def target() -> int:
    """Bytes that may be held for a stream: see the table's note."""
    return CLIENT_WINDOW + Config().response_buffer + CHUNK


def measure(case: Case, server: RunningServer) -> Sequence[object]:
    """One row."""
    ask(server.address, "/report")  # so that looking costs no memory any more
    before = server.process.rss()
    with contextlib.ExitStack() as stack:
        probes = []
        for _ in range(case.connections):
            probe = Probe(server.address, is_reading=False)
            stack.callback(probe.close)
            probes.append(probe)
        for probe in probes:
            for _ in range(case.streams):
                probe.get(f"/stream/case/{case.size}")
            probe.peer.flush()
        wait_stalled(server.process, probes, PATIENCE)
        stalled_rss = server.process.rss()
        report = ask(server.address, "/report", probes)
        got = bytes_received(probes)
        whole = _read_on(probes, case)
    n = case.total_streams
    return (
        f"{server.kind}, {case}",
        count(report["sent"].get("case", 0) // n),
        count(got // n),
        count((report["offered"]["case"] - got) // n),
        count(report["unsent"] // n),
        mib(stalled_rss - before),
        mib((stalled_rss - before) / n),
        f"{whole} of {n}",
    )


def _read_on(probes: Sequence[Probe], case: Case) -> int:
    """Take all that is left; return how many bodies arrived as they were sent."""
    answers = [answer for probe in probes for answer in probe.answers.values()]
    for probe in probes:
        probe.read_on()
    drive([probe.peer for probe in probes], lambda: all(each.is_over for each in answers), PATIENCE)
    expected = digest_of(case.size)
    return sum(each.is_complete and each.digest.hexdigest() == expected for each in answers)


if __name__ == "__main__":
    run_benchmark("response_memory", run)
