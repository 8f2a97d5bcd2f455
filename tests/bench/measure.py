"""All servers under all workloads, in turn.

This file knows the order: every round puts every workload to every server, each time another
server first, so that whatever else the machine does hits all of them. It refuses to know what
the figures mean. Its one rule: a server that fails a workload has no figure there, and no other
server loses its own.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from tests.bench.load import Workload, run_once
from tests.bench.sample import FailedLoadError, take_sample
from tests.bench.servers import running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.load import LoadGenerator
    from tests.bench.sample import Sample
    from tests.bench.servers import RunningServer, ServerKind

__all__ = ["Samples", "measure"]

WARM_UP = Workload(name="warm-up", streams=20, requests=200)

LONG = 10.0
"""Seconds: a server that takes longer for a workload is asked it only once."""

Samples = dict[str, dict[str, list["Sample"]]]
"""By key of workload and of server, one for each round."""


def measure(
    load: LoadGenerator, kinds: Sequence[ServerKind], workloads: Sequence[Workload], rounds: int
) -> Samples:
    """The samples of all rounds. Where a server failed once, it has none."""
    samples: Samples = {}
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(running(kind)) for kind in kinds]
        for server in servers:
            run_once(load, server.address, WARM_UP)
        dropped: set[tuple[str, str]] = set()
        for number in range(rounds):
            for workload in workloads:
                taken = samples.setdefault(workload.key, {})
                for server in _turn(servers, number):
                    key = server.kind.key
                    if workload.key in server.kind.refuses or (workload.key, key) in dropped:
                        continue
                    try:
                        sample = take_sample(load, server, workload)
                    except FailedLoadError as error:
                        print(error, file=sys.stderr)
                        taken.pop(key, None)
                        dropped.add((workload.key, key))
                        continue
                    taken.setdefault(key, []).append(sample)
                    if workload.total_items / sample.rate > LONG:
                        dropped.add((workload.key, key))
    return samples


def _turn(servers: Sequence[RunningServer], number: int) -> Sequence[RunningServer]:
    """All of them, in each round another one first."""
    first = number % len(servers)
    return (*servers[first:], *servers[:first])
