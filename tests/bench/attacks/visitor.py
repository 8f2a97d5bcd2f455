"""The clients that come and go: what a small GET takes from the first packet of a connection on.

    python -m tests.bench.attacks.visitor HOST PORT

A process of its own, told and answering as `good.py` is.

Its one rule: one visit at a time, so that visits do not wait for each other.
"""

from __future__ import annotations

import time
from statistics import median

from tests.bench.attacks.line import PATIENCE, Line, answer_lines

__all__ = ["visit"]

EVERY = 0.5
"""Seconds between two visits."""


def visit(address: tuple[str, int], seconds: float) -> dict[str, float]:
    """Visit for so long; the figures, in seconds and counts."""
    times: list[float] = []
    failures = 0
    now = time.perf_counter()
    end, due = now + seconds, now + EVERY / 2
    while due < end:
        time.sleep(max(0.0, due - time.perf_counter()))
        due += EVERY
        took = _one_visit(address)
        if took is None:
            failures += 1
        else:
            times.append(took)
        due = max(due, time.perf_counter())
    return {
        "visits": len(times),
        "failed_visits": failures,
        "visit_p50": median(times) if times else float("nan"),
        "visit_max": max(times, default=float("nan")),
    }


def _one_visit(address: tuple[str, int]) -> float | None:
    """Connect, ask, leave; how long it took, or None if there was no answer."""
    line = Line(address)
    try:
        while line.took is None and not line.is_lost:
            if line.is_idle:
                line.ask(line.started)
            line.wait(0.05)
            if time.perf_counter() - line.started > PATIENCE:
                break
        return line.took
    finally:
        line.close()


if __name__ == "__main__":
    answer_lines(visit)
