"""Server CPU per item, beside other servers in the same run.

    python -m tests.bench.cpu

Every repetition runs every workload against every server in turn, so that whatever else the
machine does hits all of them; the ratios are made within a repetition, then the median is taken.
CPU is that of the server's processes: what the client costs is not in the figures, though how
fast it asks has an influence on how much a server can answer together.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.load import Workload
from tests.bench.main import run_benchmark
from tests.bench.qh3_load import Qh3Load
from tests.bench.report import Report, Table
from tests.bench.servers import BARE, HYPERCORN, OURS, running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.load import LoadGenerator
    from tests.bench.servers import RunningServer, ServerKind

__all__ = ["WORKLOADS", "run"]

REPETITIONS = 7
ATTEMPTS = 3
MB = 1_000_000

WORKLOADS = (
    Workload(name="1 connection × 1500 GET, 50 streams", streams=50, requests=1500),
    Workload(name="20 connections × 100 GET, 5 streams", connections=20, streams=5, requests=100),
    Workload(name="handshake + 1 GET", rounds=50),
    Workload(name="sequential GET, 1 stream", requests=500),
    Workload(name="8 connections × 1 MB", connections=8, download_size=MB),
    Workload(name="1 connection × 50 MB", download_size=50 * MB),
    Workload(name="upload of 30 MB", upload_size=30 * MB),
)


class FailedLoadError(Exception):
    """Not every request was answered, so there is no figure."""


@dataclass(frozen=True)
class Sample:
    """One server, one workload, once."""

    cpu: float
    """Seconds of server CPU per request."""
    rate: float
    """Requests per second of wall time."""
    datagrams_in: float
    datagrams_out: float


def run(quick: bool = False) -> Report:
    """All workloads against all servers; `quick` asks so little that the figures mean nothing."""
    load = Qh3Load()
    workloads = [each.scaled(0.01) for each in WORKLOADS] if quick else list(WORKLOADS)
    others = (BARE,) if quick else (HYPERCORN, BARE)
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(running(kind)) for kind in (OURS, *others)]
        for server in servers:
            load.run(server.address, workloads[0])  # warm-up
        samples = measure(load, servers, workloads, 1 if quick else REPETITIONS)
    tables = [
        cpu_table(samples, workloads, others, load),
        traffic_table(samples, workloads, others),
    ]
    return Report("cpu", tables)


Samples = dict[tuple[str, str], list[Sample]]


def measure(
    load: LoadGenerator,
    servers: Sequence[RunningServer],
    workloads: Sequence[Workload],
    repetitions: int,
) -> Samples:
    """Samples by name of workload and of server, one for each repetition."""
    samples: Samples = {}
    for repetition in range(repetitions):
        for workload in workloads:
            first = repetition % len(servers)
            for server in (*servers[first:], *servers[:first]):
                key = workload.name, server.kind.name
                samples.setdefault(key, []).append(sample_at_last(load, server, workload))
    return samples


def sample_at_last(load: LoadGenerator, server: RunningServer, workload: Workload) -> Sample:
    """A sample, also from a server that now and then loses a connection under load."""
    for _ in range(ATTEMPTS - 1):
        try:
            return sample(load, server, workload)
        except FailedLoadError as error:
            print(f"Repeated: {error}", file=sys.stderr)
    return sample(load, server, workload)


def sample(load: LoadGenerator, server: RunningServer, workload: Workload) -> Sample:
    before = server.process.cpu_seconds()
    result = load.run(server.address, workload)
    server.process.wait_quiet()
    used = server.process.cpu_seconds() - before
    if result.failures or result.requests != workload.total_requests:
        raise FailedLoadError(f"{server.kind.name}, {workload.name}: {result}")
    return Sample(
        cpu=used / result.requests,
        rate=result.requests / result.seconds,
        datagrams_in=result.datagrams_sent / result.requests,
        datagrams_out=result.datagrams_received / result.requests,
    )


def cpu_table(
    samples: Samples,
    workloads: Sequence[Workload],
    others: Sequence[ServerKind],
    load: LoadGenerator,
) -> Table:
    kinds = (OURS, *others)
    table = Table(
        "Server CPU per request, median, µs",
        ["workload"]
        + [f"{each.name} {each.version}" for each in kinds]
        + [f"{each.name} ÷ ours" for each in others],
        notes=[
            "CPU time of all processes of the server; the ratios are medians of the ratios within "
            "a repetition, with the smallest and the largest.",
            "The same ASGI application on h3producer and Hypercorn; bare aioquic is "
            "`tests/bench/bare_server.py`, which runs no application.",
            f"Load: {load.description}, no dynamic QPACK table; access logs off; "
            f"{REPETITIONS} repetitions, the servers in turn.",
        ],
    )
    for workload in workloads:
        table.add(
            workload.name,
            *(_microseconds(samples[workload.name, kind.name]) for kind in kinds),
            *(_ratio(samples, workload, kind) for kind in others),
        )
    return table


def traffic_table(
    samples: Samples, workloads: Sequence[Workload], others: Sequence[ServerKind]
) -> Table:
    kinds = (OURS, *others)
    table = Table(
        "Datagrams per request, to the server / from it, and requests per second, median",
        ["workload"]
        + [f"{each.name}, datagrams" for each in kinds]
        + [f"{each.name}, requests/s" for each in kinds],
        notes=["The client shares the machine: the rates compare, they are no maximum."],
    )
    for workload in workloads:
        of_kind = [samples[workload.name, kind.name] for kind in kinds]
        table.add(
            workload.name,
            *map(_datagrams, of_kind),
            *(_rate(median(s.rate for s in each)) for each in of_kind),
        )
    return table


def _datagrams(samples: Sequence[Sample]) -> str:
    to_server = median(each.datagrams_in for each in samples)
    from_server = median(each.datagrams_out for each in samples)
    return f"{to_server:.2f} / {from_server:.2f}"


def _microseconds(samples: Sequence[Sample]) -> str:
    return f"{median(each.cpu for each in samples) * 1e6:,.0f}"


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def _ratio(samples: Samples, workload: Workload, kind: ServerKind) -> str:
    pairs = zip(samples[workload.name, kind.name], samples[workload.name, OURS.name], strict=True)
    ratios = [theirs.cpu / ours.cpu for theirs, ours in pairs]
    return f"**{median(ratios):.1f}** ({min(ratios):.1f}–{max(ratios):.1f})"


if __name__ == "__main__":
    run_benchmark("cpu", run)
