"""One attack beside the good client: the clocks, the memory, and the row of the table.

This file knows which process says what, and in which order. It refuses to know the attacks.

Its one rule: the good client is measured on the same connection right before the attack and in
it, so that whatever else the machine does stands on both sides of the ratio.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.report import Table, count, mib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.bench.process import ServerProcess
    from tests.bench.servers import RunningServer

__all__ = ["Measurement", "measure", "new_table"]

SAMPLE_EVERY = 0.05
"""Seconds between two looks at the server's memory."""


@dataclass(frozen=True)
class Measurement:
    """What one attack cost whom."""

    calm: dict[str, float]
    attacked: dict[str, float]
    """What the good clients saw, before and meanwhile; see `good.py` and `visitor.py`."""
    outcome: dict[str, Any]
    """What the attacker did; see `raid.Outcome`."""
    seconds: float
    cpu: float
    """Seconds of server CPU during the attack."""
    rss: tuple[int, int, int]
    """Bytes before the attack, at its worst moment, and when it was over."""

    @property
    def ratio(self) -> float:
        """The good client's p99 in the attack, over the one before it."""
        return self.attacked["p99"] / self.calm["p99"]

    @property
    def failures(self) -> int:
        return int(self.attacked["failures"] + self.attacked["failed_visits"])


def measure(server: RunningServer, name: str, seconds: float) -> Measurement:
    """Run one attack for so long."""
    host, port = server.address
    process = server.process
    arguments = [host, str(port)]
    with (
        _companion("good", *arguments) as good,
        _companion("visitor", *arguments) as visitor,
        _companion("attacker", name, *arguments, str(seconds)) as attacker,
        _preferred([good.pid, visitor.pid], [process.pid, attacker.pid]),
    ):
        _say([good, visitor], str(seconds / 2))
        calm = {**_hear(good), **_hear(visitor)}
        _hear_ready(attacker)
        process.wait_quiet()
        before, cpu = process.rss(), process.cpu_seconds()
        _say([attacker], "go")
        with _peak(process) as peak:
            _say([good, visitor], str(seconds))
            outcome = _hear(attacker)
            cpu = process.cpu_seconds() - cpu
            attacked = {**_hear(good), **_hear(visitor)}
        after = process.rss()
    rss = (before, max(peak), after)
    return Measurement(calm, attacked, outcome, seconds, cpu, rss)


def new_table(seconds: float) -> Table:
    return Table(
        f"{seconds:g} seconds of each attack",
        [
            "attack",
            "p50 / p99 before, ms",
            "p50 / p99 in the attack, ms",
            "p99 ratio",
            "failed",
            "new connection, p50 / worst, ms",
            "server CPU",
            "RSS before / peak / after",
            "datagrams per second",
            "the attacker's connections",
        ],
        notes=[
            "The good client asks for 13 bytes every 4 ms on a connection that is open all the "
            "time, and another client twice a second on a new one; milliseconds from the request "
            "to the end of its answer, those of a new connection from its first packet on. A "
            "request that could not be sent when it was due counts from then. Before: for half as "
            "long, on the same connection. Target: a ratio of 2 at most, and none failed.",
            "Four processes share the machine: the server, with its default settings; the "
            "attacker, at another address than the good clients, as fast as Python lets it; those "
            "two. Where the system allows it, they go before whatever else runs, and the "
            "good clients run at once when an answer comes (SCHED_FIFO), as if they had machines "
            "of their own.",
            "Server CPU: share of one core. Datagrams: those that the attacker has sent. Its "
            "connections: how each of them ended, by the code in the server's CONNECTION_CLOSE; "
            "when one is closed it opens the next.",
            "What limits it: a datagram is the smallest piece of work. One with 70 requests, or "
            "600 frames that mean nothing, takes 1 to 3 ms to read, as does a handshake, and "
            "whoever comes meanwhile waits for that. A datagram costs 3 µs to be read and dropped, "
            "so 200,000 a second leave a third of a core, and none if something else takes that: "
            "what is lost then has to be sent again. Of first packets in a flood the kernel lets "
            "one in eight through, so a new client needs several attempts; one that is let in is "
            "served at once.",
            "p99 is sensitive to whatever else the machine does, in both columns; p50 is less so.",
        ],
    )


def row(title: str, it: Measurement) -> list[object]:
    """The cells of a measurement."""
    rss = " / ".join(mib(each).removesuffix(" MiB") for each in it.rss) + " MiB"
    ends = ", ".join(f"{number} × {end}" for end, number in it.outcome["ends"].items())
    return [
        title,
        f"{_ms(it.calm['p50'])} / {_ms(it.calm['p99'])}",
        f"{_ms(it.attacked['p50'])} / {_ms(it.attacked['p99'])}",
        f"**{it.ratio:.1f}**",
        f"{it.failures} of {count(int(it.attacked['requests'] + it.attacked['visits']))}",
        f"{_ms(it.attacked['visit_p50'])} / {_ms(it.attacked['visit_max'])}",
        f"{it.cpu / it.seconds:.0%}",
        rss,
        count(round(it.outcome["datagrams"] / it.seconds)),
        ends or "none",
    ]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f}"


@contextlib.contextmanager
def _companion(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of this package that we talk to by lines."""
    command = [sys.executable, "-m", f"tests.bench.attacks.{module}", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _say(processes: Iterable[subprocess.Popen[str]], line: str) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended without an answer.")
    return json.loads(line)


def _hear_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


@contextlib.contextmanager
def _preferred(good: Iterable[int], others: Iterable[int]) -> Iterator[None]:
    """Put these processes before whatever else the machine does, if we may.

    The good clients stand for some on other machines, which would not wait for this machine's
    cores: they run as soon as something comes for them. Niceness alone lets a process finish its
    slice, three milliseconds, before one that goes before it.
    """
    # Niceness counts within a session only, if Linux groups processes by session. Where it does
    # not, the file is absent, or empty for a process that stands in no group.
    group = Path("/proc/self/autogroup")
    with contextlib.ExitStack() as undo:
        with contextlib.suppress(OSError):
            *_, before = ["", *group.read_text(encoding="ascii").split()]
            if before:
                group.write_text("-10", encoding="ascii")
                undo.callback(group.write_text, before, encoding="ascii")
        with contextlib.suppress(PermissionError):
            for pid in others:
                os.setpriority(os.PRIO_PROCESS, pid, -15)
            for pid in good:
                os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(1))
        yield


@contextlib.contextmanager
def _peak(process: ServerProcess) -> Iterator[list[int]]:
    """Its resident bytes, looked at in a thread for as long as the block lasts."""
    seen = [process.rss()]
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(SAMPLE_EVERY):
            seen.append(process.rss())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join()
