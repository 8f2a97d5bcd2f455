"""A server with workers, and what its parent says of them on stderr.

This file knows the command and two of its lines. It refuses to know who asks.
"""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.interop.authority import Authority

__all__ = ["Service", "serving"]

PATIENCE = 60.0
"""Seconds for a start, or for all workers to be replaced."""

_SERVES = re.compile(r"Worker \d+ \(process (\d+)\) serves")
_READY = re.compile(r"Serving HTTP/3 .* on https://([^/ ]+):(\d+)")


class Service:
    """The parent, and what it said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log: list[str] = []
        self._said = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def workers(self) -> list[int]:
        """The processes of all workers that have served, the oldest first."""
        return [int(found[1]) for line in self.log if (found := _SERVES.search(line))]

    @property
    def origin(self) -> str:
        """Where it is reached; waits until it is."""
        found = self._wait(lambda: next(filter(None, map(_READY.search, self.log)), None))
        assert isinstance(found, re.Match)
        return f"https://{found[1]}:{found[2]}"

    @property
    def complaints(self) -> list[str]:
        """What it said above info."""
        return [line for line in self.log if line.startswith(("WARNING", "ERROR", "Traceback"))]

    def roll(self, workers: int) -> float:
        """HUP; seconds until all workers are others."""
        before, begin = len(self.workers), time.monotonic()
        self.process.send_signal(signal.SIGHUP)
        self._wait(lambda: len(self.workers) >= before + workers)
        return time.monotonic() - begin

    def _wait(self, condition: object) -> object:
        assert callable(condition)
        with self._said:
            found = self._said.wait_for(
                lambda: condition() or self.process.poll() is not None, PATIENCE
            )
        if not found or self.process.poll() is not None:
            raise RuntimeError(f"The server is not as expected: {self.log}")
        return condition()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._said:
                self.log.append(line.rstrip())
                self._said.notify_all()
        with self._said:
            self._said.notify_all()


@contextlib.contextmanager
def serving(authority: Authority, workers: int, *options: str) -> Iterator[Service]:
    """The benchmarks' application, on a free port of 127.0.0.1."""
    command: Sequence[str] = (
        *(sys.executable, "-m", "h3producer", "tests.bench.app:app"),
        *("--host", "127.0.0.1", "--port", "0", "--workers", str(workers), "--no-access-log"),
        *("--certfile", str(authority.certfile), "--keyfile", str(authority.keyfile)),
        *options,
    )
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Service(process)
            process.terminate()
            process.wait(PATIENCE)
        finally:
            if process.poll() is None:
                process.kill()
