"""The client that behaves: what a small GET takes on a connection that is open all the time.

    python -m tests.bench.attacks.good HOST PORT

A process of its own: each line on its standard input is a number of seconds to measure for, and
answered by a line of JSON. It keeps one connection over all measurements, and asks on it at a
steady pace.

Its one rule: an answer that is late makes the questions behind it late too, and that counts. A
request that could not be sent when it was due is measured from when it was due, or the slowest
answers would be the fewest.
"""

from __future__ import annotations

import time

from tests.bench.attacks.line import PATIENCE, Line, answer_lines
from tests.bench.percentile import percentile

__all__ = ["GoodClient"]

PACE = 0.004
"""Seconds between two requests: light enough to leave a server idle, and 2,500 samples in 10 s."""


class GoodClient:
    """Asks again and again."""

    def __init__(self) -> None:
        self._line: Line | None = None
        self._times: list[float] = []
        self._failures = 0
        self._due = 0.0
        self._is_late = False
        """Whether the next request was due before the last one was answered."""

    def measure(self, address: tuple[str, int], seconds: float) -> dict[str, float]:
        """Ask for so long; the figures, in seconds and counts."""
        self._times, self._failures = [], 0
        line = self._line = self._line or Line(address)
        while not line.is_idle:
            line.wait(0.05)
        now = time.perf_counter()
        end, self._due = now + seconds, now
        while now < end or line.is_waiting:
            if now < end and self._due <= now and line.is_idle:
                since = self._due if self._is_late else now
                line.ask(since)
                self._due = since + PACE
            line.wait(self._due - now if now < end and line.is_idle else 0.05)
            now = time.perf_counter()
            line = self._line = self._looked_at(line, address, now)
        return {
            "requests": len(self._times),
            "failures": self._failures,
            "p50": percentile(self._times, 0.5),
            "p99": percentile(self._times, 0.99),
            "max": max(self._times, default=float("nan")),
        }

    def _looked_at(self, line: Line, address: tuple[str, int], now: float) -> Line:
        """The line, or another one if it has failed."""
        if line.took is not None:
            self._times.append(line.took)
            line.took = None
            self._is_late = self._due <= now
        elif line.is_lost or (not line.is_idle and now - line.started > PATIENCE):
            self._failures += 1
            line.close()
            self._due = now
            return Line(address)
        return line


if __name__ == "__main__":
    answer_lines(GoodClient().measure)
