"""What workers cost beside the work: steering, memory, and handing over.

    python -m tests.bench.worker_costs [--write]

- **Steering.** A datagram is sent to a socket that is alone, to one of a group among which the
  kernel chooses by addresses, and to one among which our program chooses. On the loopback the
  sender pays for all of it, up to the socket's buffer, so what a call takes is compared.
- **Memory.** Of the parent and of each worker, with an application that has nothing: resident, and
  what it shares with no other process.
- **Handing over.** The CPU of a GET where the kernel steers, and where all workers read one socket
  and pass on what is for another (`--steering relay`), in turn.
- **Shares.** How unequal they are by chance (`shares.py`).

This file knows these and Linux. It refuses to know why they are what they are
(docs/scaling.md).
"""

from __future__ import annotations

import argparse
import contextlib
import re
import socket
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from h3producer.quic.connection_ids import MAX_SLOTS
from h3producer.quic.siblings.steering import SocketGroup
from tests.bench import shares
from tests.bench.load import Workload, run_once
from tests.bench.native_load import best_load
from tests.bench.report import Report, Table, mib, write_report
from tests.bench.sample import take_sample
from tests.bench.scaling import INTRODUCTION, RESULTS
from tests.bench.servers import OURS, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.bench.servers import ServerKind

__all__ = ["main", "report"]

COMMAND = "python -m tests.bench.worker_costs"

DATAGRAMS = 20_000
"""Sent at once. A buffer takes a few thousand; the others are dropped behind the choice."""

SIZE = 100
ROUNDS = 9

GET = Workload(key="get", name="GET", connections=50, streams=5, requests=100, is_warm=True)


def report() -> Report:
    """All tables."""
    return Report("worker costs", [_steering(), _memory(), _handing_over(), shares.table()])


def _steering() -> Table:
    cases: dict[str, Callable[[], contextlib.AbstractContextManager[socket.socket]]] = {
        "one socket": _alone,
        "2 sockets, by addresses": lambda: _group(2, None),
        "2 sockets, by connection id": lambda: _group(2, range(2)),
        "64 sockets, by connection id": lambda: _group(MAX_SLOTS, range(MAX_SLOTS)),
    }
    costs: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, opened in cases.items():
            with opened() as target:
                costs[name].append(_cost_of_sending(target.getsockname()))
    table = Table("Steering, CPU of a datagram to the buffer", ["sockets", "µs", "more"])
    base = statistics.median(costs["one socket"])
    for name, taken in costs.items():
        cost = statistics.median(taken)
        table.add(name, f"{cost * 1e6:.2f}", f"{(cost - base) * 1e6:+.2f}")
    return table


@contextlib.contextmanager
def _alone() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock


@contextlib.contextmanager
def _group(size: int, slots: Sequence[int] | None) -> Iterator[socket.socket]:
    """Sockets that share an address; `slots` are those that are steered to, None: by addresses."""
    if slots is None:
        with contextlib.ExitStack() as stack:
            first: tuple[str, int] = ("127.0.0.1", 0)
            for _ in range(size):
                sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                sock.bind(first)
                first = sock.getsockname()
            yield sock
        return
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    group = SocketGroup(sock)
    try:
        group.socket_of(size - 1)
        group.steer(bytes(slots[value % size] for value in range(MAX_SLOTS)))
        yield sock
    finally:
        group.close()


def _cost_of_sending(address: tuple[str, int]) -> float:
    """Seconds of CPU for each datagram, with connection ids that lead everywhere."""
    packets = [bytes((0x40, value)) + bytes(SIZE - 2) for value in range(256)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        before = time.process_time()
        for number in range(DATAGRAMS):
            sender.sendto(packets[number & 0xFF], address)
        return (time.process_time() - before) / DATAGRAMS


def _memory() -> Table:
    table = Table("Memory", ["process", "resident", "its own"])
    with running(_with(["--workers", "2"])) as server:
        parent, *workers = server.process.pids
        with running(OURS) as other:
            table.add("a server without workers", *_memory_of(other.process.pid))
        table.add("the parent", *_memory_of(parent))
        for pid in workers:
            table.add("a worker", *_memory_of(pid))
    return table


def _memory_of(pid: int) -> tuple[str, str]:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    sizes = {name: int(kb) << 10 for name, kb in re.findall(r"^(\w+):\s+(\d+) kB", text, re.M)}
    return mib(sizes["Rss"]), mib(sizes["Private_Clean"] + sizes["Private_Dirty"])


def _with(options: list[str]) -> ServerKind:
    return replace(OURS, command=lambda place: [*OURS.command(place), *options])


def _handing_over() -> Table:
    load = best_load()
    table = Table("Handing over, server CPU of a GET, 2 workers", ["", "µs", "items/s"])
    costs: dict[str, list[tuple[float, float]]] = {"kernel": [], "relay": []}
    with contextlib.ExitStack() as stack:
        servers = {}
        for steering in costs:
            options = ["--workers", "2", "--steering", steering]
            servers[steering] = stack.enter_context(running(_with(options)))
            run_once(load, servers[steering].address, GET)
        for _ in range(5):
            for steering, taken in costs.items():
                sample = take_sample(load, servers[steering], GET)
                taken.append((sample.cpu, sample.rate))
    for steering, taken in costs.items():
        cpu, rate = (statistics.median(each) for each in zip(*taken, strict=True))
        table.add(f"--steering {steering}", f"{cpu * 1e6:.0f}", f"{rate:,.0f}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND)
    parser.add_argument("--write", action="store_true", help=f"keep the tables in {RESULTS.name}")
    options = parser.parse_args()
    found = report()
    print(found.markdown(COMMAND))
    if options.write:
        write_report(found, COMMAND, RESULTS, INTRODUCTION)


if __name__ == "__main__":
    main()
