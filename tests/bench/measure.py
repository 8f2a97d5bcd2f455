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

Samples = dict[str, dict[str, list["Sample"]]]
"""By key of workload and of server, one for each round."""


def measure(
    load: LoadGenerator, kinds: Sequence[ServerKind], workloads: Sequence[Workload], rounds: int
) -> Samples:
    """The samples of all rounds, of those servers that came through all of them."""
    samples: Samples = {workload.key: {kind.key: [] for kind in kinds} for workload in workloads}
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(running(kind)) for kind in kinds]
        for server in servers:
            run_once(load, server.address, WARM_UP)
        for number in range(rounds):
            for workload in workloads:
                first = number % len(servers)
                for server in (*servers[first:], *servers[:first]):
                    if workload.key not in server.kind.refuses:
                        _add(samples, load, server, workload, number)
    return {
        key: {server: taken for server, taken in of.items() if len(taken) == rounds}
        for key, of in samples.items()
    }


def _add(
    samples: Samples, load: LoadGenerator, server: RunningServer, workload: Workload, number: int
) -> None:
    taken = samples[workload.key][server.kind.key]
    if len(taken) < number:
        return  # it has failed in a round before
    try:
        taken.append(take_sample(load, server, workload))
    except FailedLoadError as error:
        print(error, file=sys.stderr)
