"""What more workers bring: the CPU of each item, and the rate where every core has a client, too.

    python -m tests.bench.scaling [--workers 1,2] [--rounds 5] [--only get,handshake] [--write]

The clients run on the same machine: two workers on two cores leave no core to them. So requests per
second alone say little, and two tables are made.

**Workers and clients on all cores.** What all processes of the server spend on an item, and the
rate with the clients' CPU subtracted: a client that took 0.6 of two cores left 1.4 to two workers,
which would have done `2 ÷ 1.4` times as much on two cores of their own. What was idle counts as
lost.

**A client on each worker's core.** Each worker shares its core with a client, so with twice the
cores there is twice of everything, and rates can be compared as they are. Beside it stands the
same with servers that have nothing to do with each other: what is lost there, too, is the
machine's; what is lost only among workers is that clients on one core ask workers on another.

This file knows how processes are laid out and compared. It refuses to know how load is made. Its
one rule: all figures of a table are medians of rounds in which every layout had its turn.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.load import MB, Workload, run_once
from tests.bench.native_load import NativeLoad, best_load
from tests.bench.process import core_count
from tests.bench.report import Report, Table, write_report
from tests.bench.servers import OURS, RunningServer, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.native_load import PreparedNativeLoad

__all__ = [
    "COMMAND",
    "INTRODUCTION",
    "JOBS",
    "RESULTS",
    "Job",
    "Layout",
    "Sample",
    "main",
    "measure",
    "report",
]

COMMAND = "python -m tests.bench.scaling"
RESULTS = Path(__file__).with_name("scaling.md")
ROUNDS = 5

INTRODUCTION = """# Scaling

What `--workers` brings, measured with the clients on the same machine. Each section is the output
of the command in it and of nothing else; what the figures mean is in docs/scaling.md.
"""

WARM_UP = Workload(name="warm-up", connections=20, requests=20, streams=5)


@dataclass(frozen=True)
class Job:
    """A workload, and how many clients do it beside each other."""

    workload: Workload
    clients: int = 1


# So many connections that workers have nearly equal shares; see docs/scaling.md.
JOBS = (
    Job(
        Workload(
            key="get",
            name="200 connections × 50 GET, 5 streams",
            connections=200,
            streams=5,
            requests=50,
            is_warm=True,
        )
    ),
    Job(
        Workload(
            key="handshake",
            name="handshake + 1 GET, 8 × 2 at once",
            item="handshake + GET",
            connections=2,
            rounds=30,
        ),
        # Each of them waits for its slowest before it goes on; together they are never idle.
        clients=8,
    ),
    Job(
        Workload(
            key="bodies",
            name="200 connections × 10 GET of 10 kB",
            connections=200,
            streams=2,
            requests=10,
            download_size=10_000,
            is_warm=True,
        )
    ),
    Job(
        Workload(
            key="bulk",
            name="60 connections × 1 MB",
            item="MB",
            connections=60,
            download_size=MB,
            is_warm=True,
        )
    ),
)


@dataclass(frozen=True)
class Layout:
    """Which processes there are. `pinned`: each worker has a core, and as many clients there as
    the job has; else all run on all cores."""

    workers: int
    is_pinned: bool = False
    are_separate: bool = False
    """Not workers of one server, but as many servers."""

    @property
    def name(self) -> str:
        if self.are_separate:
            return f"{self.workers} separate servers"
        return f"{self.workers} worker{'s' if self.workers > 1 else ''}"

    @property
    def groups(self) -> int:
        """How many times over the job is done."""
        return self.workers if self.is_pinned else 1


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One run."""

    layout: Layout
    items: float
    seconds: float
    server_cpu: float
    """Of all its processes."""
    client_cpu: float
    largest_share: float
    """The CPU of the busiest worker, by the mean of all."""

    @property
    def rate(self) -> float:
        return self.items / self.seconds

    @property
    def server_cost(self) -> float:
        return self.server_cpu / self.items

    @property
    def client_cost(self) -> float:
        return self.client_cpu / self.items

    @property
    def busy_cores(self) -> float:
        return (self.server_cpu + self.client_cpu) / self.seconds

    @property
    def rate_alone(self) -> float:
        """With the clients' CPU subtracted: workers that had a core each."""
        left = core_count() - self.client_cpu / self.seconds
        workers = self.layout.workers
        return self.rate * workers / min(workers, left)


Samples = dict[Layout, list[Sample]]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog=COMMAND)
    parser.add_argument("--workers", default="1,2", help="numbers of workers to compare")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", metavar="KEYS", help=",".join(j.workload.key for j in JOBS))
    parser.add_argument("--write", action="store_true", help=f"keep the tables in {RESULTS.name}")
    options = parser.parse_args(arguments)
    load = best_load()
    if not isinstance(load, NativeLoad):
        parser.error("the clients are the load client in Go: make load-client")
    counts = [int(each) for each in options.workers.split(",")]
    jobs = [job for job in JOBS if not options.only or job.workload.key in options.only.split(",")]
    for job in jobs:
        found = report(load, counts, job, options.rounds)
        command = f"{COMMAND} --only {job.workload.key}"
        print(found.markdown(command))
        if options.write:
            write_report(found, command, RESULTS, INTRODUCTION)


def report(load: NativeLoad, counts: Sequence[int], job: Job, rounds: int) -> Report:
    """Both tables of one job."""
    free = [Layout(count) for count in counts]
    pinned = [Layout(count, is_pinned=True) for count in counts if count <= core_count()]
    pinned += [replace(each, are_separate=True) for each in pinned if each.workers > 1]
    found = measure(load, [*free, *pinned], job, rounds)
    tables = [_free_table(found, free), _pinned_table(found, pinned)]
    return Report(job.workload.name, tables)


def measure(load: NativeLoad, layouts: Sequence[Layout], job: Job, rounds: int) -> Samples:
    """All samples."""
    samples: Samples = {layout: [] for layout in layouts}
    with contextlib.ExitStack() as stack:
        servers = {layout: stack.enter_context(_serving(layout)) for layout in layouts}
        for each in (server for group in servers.values() for server in group):
            run_once(load, each.address, WARM_UP)
        for _ in range(rounds):
            for layout, taken in samples.items():
                taken.append(_sample(load, servers[layout], job, layout))
    return samples


@contextlib.contextmanager
def _serving(layout: Layout) -> Iterator[list[RunningServer]]:
    """One worker is a server without a parent, as it is without the option."""
    workers = 1 if layout.are_separate else layout.workers
    kind = replace(OURS, command=lambda place: [*OURS.command(place), "--workers", str(workers)])
    with contextlib.ExitStack() as stack:
        count = layout.workers if layout.are_separate else 1
        yield [stack.enter_context(running(kind)) for _ in range(count)]


def _sample(load: NativeLoad, servers: Sequence[RunningServer], job: Job, layout: Layout) -> Sample:
    with contextlib.ExitStack() as stack:
        groups = [
            [
                stack.enter_context(load.prepared(server.address, job.workload))
                for _ in range(job.clients)
            ]
            for server in [*servers] * (layout.groups // len(servers))
        ]
        clients = [each for group in groups for each in group]
        at_work = _at_work(servers, layout)
        if layout.is_pinned:
            for core, (worker, group) in enumerate(zip(at_work, groups, strict=True)):
                for pid in (worker, *(each.pid for each in group)):
                    _pin(pid, core)
        for server in servers:
            server.process.wait_quiet()
        before, client_before = _cpu(servers), sum(each.cpu_seconds() for each in clients)
        seconds = _run_all(clients, job.workload)
        for server in servers:
            server.process.wait_quiet()
        after = _cpu(servers)
        client_cpu = sum(each.cpu_seconds() for each in clients) - client_before
    spent = {pid: cpu - before[pid] for pid, cpu in after.items()}
    shares = [spent[pid] for pid in at_work]
    return Sample(
        layout=layout,
        items=job.workload.total_items * len(clients),
        seconds=seconds,
        server_cpu=sum(spent.values()),
        client_cpu=client_cpu,
        largest_share=max(shares) / statistics.mean(shares),
    )


def _at_work(servers: Sequence[RunningServer], layout: Layout) -> list[int]:
    """The processes that serve: without the parent, if there is one."""
    pids = [server.process.pids for server in servers]
    return pids[0][1:] if len(pids[0]) > 1 else [each[0] for each in pids]


def _cpu(servers: Sequence[RunningServer]) -> dict[int, float]:
    return {pid: cpu for each in servers for pid, cpu in each.process.cpu_by_pid().items()}


def _run_all(clients: Sequence[PreparedNativeLoad], workload: Workload) -> float:
    """Have all clients do theirs at once; the seconds of the slowest."""
    seconds = [0.0] * len(clients)

    def run(number: int) -> None:
        result = clients[number].run()
        if result.failures or result.requests != workload.total_requests:
            print(f"{workload.name}: {result.complaint}", file=sys.stderr)
        seconds[number] = result.seconds

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(seconds)


def _pin(pid: int, core: int) -> None:
    """Let all threads of a process run on this core only."""
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), {sorted(os.sched_getaffinity(0))[core]})


def _median(samples: Sequence[Sample], what: str) -> float:
    return float(statistics.median(getattr(each, what) for each in samples))


def _free_table(samples: Samples, layouts: Sequence[Layout]) -> Table:
    table = Table(
        "Workers and clients on all cores",
        [
            "",
            "items/s",
            "server CPU per item, µs",
            "client CPU per item, µs",
            "busy cores",
            "busiest worker ÷ mean",
            "scaling by CPU",
            "clients' CPU subtracted: items/s",
            "scaling",
        ],
    )
    first = samples[layouts[0]]
    base, base_alone = _median(first, "server_cost"), _median(first, "rate_alone")
    for layout in layouts:
        taken = samples[layout]
        cost, alone = _median(taken, "server_cost"), _median(taken, "rate_alone")
        table.add(
            layout.name,
            f"{_median(taken, 'rate'):,.0f}",
            f"{cost * 1e6:,.0f}",
            f"{_median(taken, 'client_cost') * 1e6:,.0f}",
            f"{_median(taken, 'busy_cores'):.2f}",
            f"{_median(taken, 'largest_share'):.2f}",
            f"{layout.workers / layouts[0].workers * base / cost:.2f}×",
            f"{alone:,.0f}",
            f"{alone / base_alone:.2f}×",
        )
    return table


def _pinned_table(samples: Samples, layouts: Sequence[Layout]) -> Table:
    table = Table(
        "A client on each worker's core",
        ["", "cores", "items/s", "busy cores", "busiest ÷ mean", "scaling"],
    )
    base = _median(samples[layouts[0]], "rate")
    for layout in layouts:
        taken = samples[layout]
        table.add(
            layout.name,
            layout.workers,
            f"{_median(taken, 'rate'):,.0f}",
            f"{_median(taken, 'busy_cores'):.2f}",
            f"{_median(taken, 'largest_share'):.2f}",
            f"{_median(taken, 'rate') / base:.2f}×",
        )
    return table


if __name__ == "__main__":
    main()
