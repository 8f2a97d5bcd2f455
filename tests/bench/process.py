"""A server under measurement: its processes, their CPU time and their memory.

This file knows Linux: process clocks and /proc. It refuses to know what the server is
(`servers.py`) and what is asked of it. Its one rule: all processes of a server are counted, also
the workers that it starts, and never the client's.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

__all__ = ["STANDING", "ServerProcess", "Stillness", "core_count", "process_clock"]

STANDING = 2.0
"""Seconds for which something has stood still when its memory is looked at: servers look after what
does not go on once a second."""

STILL_AFTER = 1.0
"""Seconds without progress after which an application is taken to wait."""

STOP_PATIENCE = 10.0
"""Seconds that a server gets to stop after TERM before it is killed."""


def core_count() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


class ServerProcess:
    """A server in processes of its own, for the length of a `with` block.

    `directory` is where it is started, and first on its Python path; None: here.
    """

    def __init__(self, command: Sequence[str], directory: Path | None = None) -> None:
        self._command = list(command)
        self._directory = directory
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ServerProcess:
        self._process = subprocess.Popen(
            self._command,
            cwd=self._directory,
            env={**os.environ, "PYTHONPATH": str(self._directory or Path.cwd())},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        self.stop()
        self._log.close()

    def stop(self) -> None:
        """Have it end as a server should, or at last as it must."""
        children = self._pids()
        process = self._running
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            for pid in children:
                _kill(pid)
            process.wait()

    @property
    def pid(self) -> int:
        """The first of its processes."""
        return self._running.pid

    @property
    def is_running(self) -> bool:
        """Whether the first of its processes still lives."""
        return self._running.poll() is None

    def output(self) -> str:
        """What it has printed so far."""
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    @property
    def pids(self) -> list[int]:
        """All its processes."""
        return self._pids()

    def cpu_seconds(self) -> float:
        """User and system time of all its processes, to the nanosecond."""
        return sum(self.cpu_by_pid().values())

    def cpu_by_pid(self) -> dict[int, float]:
        """That of each of them."""
        return {pid: process_clock(pid) for pid in self._pids()}

    def rss(self) -> int:
        """Resident bytes of all its processes. What they share counts in each of them."""
        return sum(_resident(pid) for pid in self._pids())

    def peak_rss(self) -> int:
        """The most resident bytes of its processes, each at its own moment, since `forget_peak`."""
        return sum(_peak(pid) for pid in self._pids())

    def forget_peak(self) -> None:
        """From now on `peak_rss` counts from what is resident now."""
        for pid in self._pids():
            try:
                Path(f"/proc/{pid}/clear_refs").write_text("5")
            except OSError:
                continue  # it has just ended

    def wait_quiet(self, patience: float = 5.0) -> None:
        """Wait until it has done next to nothing for a tenth of a second."""
        deadline = time.monotonic() + patience
        before = self.cpu_seconds()
        while time.monotonic() < deadline:
            time.sleep(0.1)
            now = self.cpu_seconds()
            if now - before < 0.002:
                return
            before = now

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("The server was not started.")
        return self._process

    def _pids(self) -> list[int]:
        """The first process and all that descend from it."""
        pids = [self._running.pid]
        for pid in pids:
            pids += _children(pid)
        return pids


class Stillness:
    """Tells when nothing has happened for a while: no progress at the client, no CPU here."""

    def __init__(self, process: ServerProcess, after: float = STILL_AFTER) -> None:
        self._process = process
        self._after = after
        self._seen: object = None
        self._since = time.monotonic()
        self._cpu = process.cpu_seconds()

    def is_still(self, progress: object) -> bool:
        """To be asked again and again; `progress` is whatever changes while things go on."""
        now = time.monotonic()
        if progress == self._seen and now - self._since < self._after:
            return False
        cpu = self._process.cpu_seconds()
        is_still = progress == self._seen and cpu - self._cpu < self._after / 20
        self._seen, self._since, self._cpu = progress, now, cpu
        return is_still


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, path.read_text().split())
        except OSError:
            continue  # the thread has just ended
    return found


def process_clock(pid: int) -> float:
    """User and system time of a process, in seconds; 0 if there is none."""
    # clock_getcpuclockid(3): the clock of another process is its inverted id, shifted by three,
    # and 2 for CPUCLOCK_SCHED. /proc/<pid>/stat has the same sum, in ticks of 10 ms.
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0  # it has just ended


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _peak(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    match = re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    return int(match.group(1)) * 1024 if match else 0


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
