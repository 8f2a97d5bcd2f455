"""What a server keeps: a thousand connections that do next to nothing, and responses that stall.

This file knows how much memory is whose: each server starts afresh, so that what grows is what
was asked for. It refuses to know what else is measured. Its one rule: servers follow one another
here, since a thousand connections of one would weigh on the figures of the next.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.bench.probe import Probe, wait_stalled
from tests.bench.sample import sample_prepared
from tests.bench.servers import running

if TYPE_CHECKING:
    from tests.bench.load import LoadGenerator, Workload
    from tests.bench.sample import Sample
    from tests.bench.servers import ServerKind

__all__ = ["measure_stalled", "measure_standing"]

CONNECTIONS, STREAMS = 10, 10
BODY_SIZE = 1_000_000
PATIENCE = 60.0


def measure_standing(
    load: LoadGenerator, kind: ServerKind, workload: Workload, rounds: int
) -> tuple[list[Sample], float]:
    """Samples with connections that stand, and bytes of RSS for each of these."""
    with running(kind) as server:
        process = server.process
        process.wait_quiet()
        before = process.rss()
        with load.prepared(server.address, workload) as prepared:
            process.wait_quiet()
            each = (process.rss() - before) / workload.connections
            return [sample_prepared(prepared, server, workload) for _ in range(rounds)], each


def measure_stalled(kind: ServerKind, streams: int = STREAMS) -> float:
    """Bytes of RSS for each response of which 64 KiB are let in, and then no more."""
    with running(kind) as server, contextlib.ExitStack() as stack:
        probes = []
        for _ in range(CONNECTIONS):
            probe = Probe(server.address, is_reading=False)
            stack.callback(probe.close)
            probes.append(probe)
        before = server.process.rss()
        for probe in probes:
            for _ in range(streams):
                probe.get(f"/bytes/{BODY_SIZE}")
            probe.peer.flush()
        wait_stalled(server.process, probes, PATIENCE)
        return (server.process.rss() - before) / (CONNECTIONS * streams)
