"""What a server holds of an upload that its application does not read, or reads slowly.

    python -m tests.bench.upload_memory

The client sends as much as flow control allows. First to an application that reads nothing: what
was let in, then it reads on and all must arrive. Then to one that reads with pauses.
"""

from __future__ import annotations

import contextlib
import functools
import time
from typing import TYPE_CHECKING

from h3producer.config import Config
from tests.bench.client import BenchTimeout, drive
from tests.bench.content import chunks, digest_of
from tests.bench.main import run_benchmark
from tests.bench.peers import HYPERCORN
from tests.bench.probe import Probe, ask
from tests.bench.process import Stillness
from tests.bench.report import Report, Table, count, mib
from tests.bench.servers import UNBOUNDED, measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.probe import Answer
    from tests.bench.servers import RunningServer

__all__ = ["run"]

MIB = 1 << 20
SIZE = 256 * MIB
PAUSE = 0.002
PATIENCE = 600.0
OTHERS_PATIENCE = 10.0
"""Seconds that a new connection gets for an answer while an upload is stuck."""


def run(quick: bool = False) -> Report:
    """An upload that nobody reads, and one that is read slowly, on each server."""
    size = 1 * MIB if quick else SIZE
    unread, slow = unread_table(size), slow_table(size)
    for kind in (UNBOUNDED,) if quick else (UNBOUNDED, HYPERCORN):
        unread.add(*measured(kind, functools.partial(measure_unread, size)))
    slow.add(*measured(UNBOUNDED, functools.partial(measure_slow, size)))
    return Report("upload_memory", [unread, slow])


def unread_table(size: int) -> Table:
    return Table(
        f"An upload of {mib(size)} to an application that does not read",
        ["server", "bytes let in", "RSS growth", "another connection meanwhile", "then read on"],
        notes=[
            "Bytes of the request stream that the client was allowed to send. Ours: target is "
            f"the window, {count(Config().request_buffer)}, exactly.",
        ],
    )


def slow_table(size: int) -> Table:
    return Table(
        f"An upload of {mib(size)} to an application that pauses {PAUSE * 1000:.0f} ms a message",
        ["server", "arrived", "seconds", "RSS growth, peak"],
    )


def measure_unread(size: int, server: RunningServer) -> Sequence[object]:
    """One row of the first table."""
    ask(server.address, "/report")
    before = server.process.rss()
    with contextlib.closing(Probe(server.address)) as probe:
        stream_id = probe.post("/upload/unread", size, chunks(size))
        probe.peer.flush()
        stillness = Stillness(server.process)
        is_stuck = lambda: stillness.is_still(probe.uploaded(stream_id))  # noqa: E731
        drive([probe.peer], is_stuck, PATIENCE)
        let_in = probe.uploaded(stream_id)
        growth = server.process.rss() - before
        others, read_on = "answered", "not possible"
        try:
            ask(server.address, "/release", [probe], OTHERS_PATIENCE)
        except BenchTimeout:
            others = f"**no answer in {OTHERS_PATIENCE:.0f} s**"
        else:
            answer = probe.answers[stream_id]
            drive([probe.peer], lambda: answer.is_over, PATIENCE)
            whole = bytes(answer.beginning) == b"%d" % size
            read_on = "all arrived" if whole else f"**{_describe(answer)}**"
    return str(server.kind), count(let_in), mib(growth), others, read_on


def measure_slow(size: int, server: RunningServer) -> Sequence[object]:
    """One row of the second table."""
    ask(server.address, "/report")
    before = peak = server.process.rss()
    start = time.monotonic()
    with contextlib.closing(Probe(server.address)) as probe:
        answer = probe.answers[probe.post(f"/upload/slow/{PAUSE}", size, chunks(size))]
        probe.peer.flush()
        checked = start

        def is_over() -> bool:
            nonlocal peak, checked
            if time.monotonic() - checked > 0.1:
                checked = time.monotonic()
                peak = max(peak, server.process.rss())
            return answer.is_over

        drive([probe.peer], is_over, PATIENCE)
    whole = bytes(answer.beginning) == digest_of(size).encode()
    outcome = "whole, by SHA-256" if whole else f"**{_describe(answer)}**"
    seconds = time.monotonic() - start
    return str(UNBOUNDED), outcome, f"{seconds:.1f}", mib(peak - before)


def _describe(answer: Answer) -> str:
    return f"status {answer.status}, {bytes(answer.beginning)!r}, reset {answer.reset_code}"


if __name__ == "__main__":
    run_benchmark("upload_memory", run)
