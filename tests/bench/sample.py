"""One measurement: a workload against a running server, and what the server spent on it.

This file knows when to look at the server's clock and memory. It refuses to compare: whoever
measures two servers takes samples of both in turn. Its one rule: where not every request was
answered in full there is no figure.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench.client import BenchTimeout
from tests.bench.percentile import percentile

if TYPE_CHECKING:
    from tests.bench.load import LoadGenerator, LoadResult, PreparedLoad, Workload
    from tests.bench.servers import RunningServer

__all__ = ["FailedLoadError", "Sample", "sample_prepared", "take_sample"]

ATTEMPTS = 3


class FailedLoadError(Exception):
    """Not every request was answered, so there is no figure."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One server, one workload, once."""

    cpu: float
    """Seconds of server CPU per item."""
    rate: float
    """Items per second of wall time."""
    peak_rss: int
    """The most resident bytes meanwhile."""
    p50: float
    """Seconds within which half of the requests were answered."""
    p99: float
    resumed: float
    """The share of connections that resumed a TLS session."""
    datagrams_in: float
    """Datagrams to the server per item."""
    datagrams_out: float


def take_sample(load: LoadGenerator, server: RunningServer, workload: Workload) -> Sample:
    """A sample, also from a server that now and then loses a connection under load.

    Raises FailedLoadError when it has done so `ATTEMPTS` times.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with load.prepared(server.address, workload) as prepared:
                return sample_prepared(prepared, server, workload)
        except (FailedLoadError, BenchTimeout) as error:
            if attempt == ATTEMPTS:
                raise FailedLoadError(f"{server.kind.name}, {workload.name}: {error}") from error
            print(f"Again: {server.kind.name}, {workload.name}: {error}", file=sys.stderr)
    raise AssertionError("the last attempt returns or raises")


def sample_prepared(prepared: PreparedLoad, server: RunningServer, workload: Workload) -> Sample:
    """A sample with connections that stand, if the workload is a warm one, and stay.

    Raises FailedLoadError and BenchTimeout.
    """
    process = server.process
    if workload.is_warm:
        process.wait_quiet()  # after the handshakes
    process.forget_peak()
    before = process.cpu_seconds()
    result = prepared.run()
    if not workload.interval:  # at a steady pace, what is still to be done is next to nothing
        process.wait_quiet()
    used = process.cpu_seconds() - before
    if result.failures or result.requests != workload.total_requests:
        raise FailedLoadError(
            f"{result.failures} of {workload.total_requests} requests failed: {result.complaint}"
        )
    return _sample(result, workload, used, process.peak_rss())


def _sample(result: LoadResult, workload: Workload, used: float, peak_rss: int) -> Sample:
    items = workload.total_items
    return Sample(
        cpu=used / items,
        rate=items / result.seconds,
        peak_rss=peak_rss,
        p50=percentile(result.latencies, 0.5),
        p99=percentile(result.latencies, 0.99),
        resumed=result.resumed / (workload.rounds * workload.asking),
        datagrams_in=result.datagrams_sent / items,
        datagrams_out=result.datagrams_received / items,
    )
