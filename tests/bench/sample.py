"""One measurement: a workload against a running server, and what the server spent on it.

This file knows when to look at the server's clock and memory. It refuses to compare: whoever
measures two servers takes samples of both in turn. Its one rule: where not every request was
answered in full there is no figure.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.load import LoadGenerator, Workload
    from tests.bench.servers import RunningServer

__all__ = ["FailedLoadError", "Sample", "take_sample"]

ATTEMPTS = 3


class FailedLoadError(Exception):
    """Not every request was answered, so there is no figure."""


@dataclass(frozen=True)
class Sample:
    """One server, one workload, once."""

    cpu: float
    """Seconds of server CPU per item."""
    rate: float
    """Items per second of wall time."""
    datagrams_in: float
    """Datagrams to the server per item."""
    datagrams_out: float


def take_sample(load: LoadGenerator, server: RunningServer, workload: Workload) -> Sample:
    """A sample, also from a server that now and then loses a connection under load.

    Raises FailedLoadError when it has done so `ATTEMPTS` times.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _sample(load, server, workload)
        except FailedLoadError as error:
            print(f"Repeated: {error}", file=sys.stderr)
    return _sample(load, server, workload)


def _sample(load: LoadGenerator, server: RunningServer, workload: Workload) -> Sample:
    before = server.process.cpu_seconds()
    result = load.run(server.address, workload)
    server.process.wait_quiet()
    used = server.process.cpu_seconds() - before
    if result.failures or result.requests != workload.total_requests:
        raise FailedLoadError(f"{server.kind.name}, {workload.name}: {result}")
    items = workload.total_items
    return Sample(
        cpu=used / items,
        rate=items / result.seconds,
        datagrams_in=result.datagrams_sent / items,
        datagrams_out=result.datagrams_received / items,
    )
