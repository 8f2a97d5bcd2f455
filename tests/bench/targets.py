"""What we want to reach, beside what was measured: met or not met, and nothing else.

This file knows the goals, as inequalities between figures. It refuses to excuse, and to judge
what was not measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench.report import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.figures import Figures
    from tests.bench.sample import Sample

__all__ = ["TARGETS", "Target", "target_table"]


@dataclass(frozen=True)
class Target:
    """A goal: what is to be at most as much as the bound."""

    text: str
    unit: str
    bound: float
    measured: Callable[[Figures], float]
    """NaN where there is no figure."""

    def verdict(self, measured: float) -> str:
        if math.isnan(measured):
            return "not measured"
        return "met" if measured <= self.bound else "**not met**"


def _cpu(workload: str, peer: str, bound: float, text: str) -> Target:
    """Our CPU per item in units of a peer's."""

    def measured(figures: Figures) -> float:
        ratio = figures.cpu_ratio(workload, "ours", peer)
        return math.nan if ratio is None else ratio.median

    return Target(text, "×", bound, measured)


def _time_of_peer(workload: str, peer: str, bound: float, text: str) -> Target:
    """Our time per item in units of a peer's."""

    def measured(figures: Figures) -> float:
        ratio = figures.ratio(workload, "ours", lambda sample: 1 / sample.rate, peer)
        return math.nan if ratio is None else ratio.median

    return Target(text, "×", bound, measured)


def _p99_beside(figures: Figures) -> float:
    def p99(sample: Sample) -> float:
        return sample.p99

    beside, alone = (figures.median(key, "ours", p99) for key in ("beside", "alone"))
    return math.nan if beside is None or alone is None else beside / alone


def _memory(what: str, bound: int, text: str) -> Target:
    def measured(figures: Figures) -> float:
        return figures.memory.get(what, {}).get("ours", math.nan) / 1000

    return Target(text, "kB", bound, measured)


TARGETS = (
    _cpu("get50", "hypercorn", 1 / 12, "CPU per GET, 1 × 50 streams: 1/12 of Hypercorn’s"),
    _cpu("get50", "example", 1 / 7, "CPU per GET, 1 × 50 streams: 1/7 of aioquic’s example’s"),
    _cpu("get50", "peregrine", 1.6, "CPU per GET, 1 × 50 streams: 1.6 of Peregrine’s"),
    _cpu("get50", "peregrine", 1.0, "the same, if we stretch: level with Peregrine"),
    _cpu("get5", "hypercorn", 1 / 9, "CPU per GET, 20 × 5 streams: 1/9 of Hypercorn’s"),
    _cpu("get5", "example", 1 / 7, "CPU per GET, 20 × 5 streams: 1/7 of aioquic’s example’s"),
    _cpu("get5", "peregrine", 1.8, "CPU per GET, 20 × 5 streams: 1.8 of Peregrine’s"),
    _time_of_peer("sequential", "hypercorn", 1 / 5, "time of a sequential GET: 1/5 of Hypercorn’s"),
    _cpu("bulk8", "hypercorn", 1 / 3.5, "CPU per MB, 8 × 1 MB: 1/3.5 of Hypercorn’s"),
    _cpu("bulk8", "peregrine", 3.5, "CPU per MB, 8 × 1 MB: 3.5 of Peregrine’s"),
    _cpu("upload", "bare", 1 / 4, "CPU per MB of upload: 1/4 of bare aioquic’s"),
    _cpu("handshake", "example", 0.55, "CPU per handshake + GET: 0.55 of aioquic’s example’s"),
    Target(
        "slowest percent of small GETs beside 100 MB: 3 of that without",
        "×",
        3.0,
        _p99_beside,
    ),
    _memory("idle", 60, "RSS of an idle connection: 60 kB"),
    _memory("stalled", 160, "RSS of a stalled response: 160 kB"),
)


def target_table(figures: Figures) -> Table:
    """All goals."""
    table = Table("Goals", ["at most", "measured", "goal", ""])
    for target in TARGETS:
        measured = target.measured(figures)
        shown = "–" if math.isnan(measured) else f"{measured:.3g} {target.unit}"
        goal = f"{target.bound:.3g} {target.unit}"
        table.add(target.text, shown, goal, target.verdict(measured))
    return table
