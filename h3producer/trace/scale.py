"""From milliseconds and bytes to places on the picture, and the round numbers along its edges.

This file knows numbers. It refuses to know what is drawn where.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from h3producer.trace.story import Point

__all__ = ["Scale", "round_steps", "show_bytes", "show_time", "stairs", "value_at"]

_TIMES = (1, 2, 5)
_SIZES = tuple(1 << power for power in range(10))


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from what is measured to where it is drawn."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Where it is; what lies outside is at the edge."""
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.stop - self.start)


def round_steps(high: float, most: int, *, binary: bool = False) -> list[float]:
    """Round numbers from 0 up to `high`, at most `most` of them above 0."""
    base = 1024.0 if binary else 10.0
    multiples = _SIZES if binary else _TIMES
    unit = 1.0 if binary else 0.001
    while True:
        for multiple in multiples:
            step = unit * multiple
            if high / step <= most:
                count = int(high / step + 1e-9)
                return [step * each for each in range(count + 1)]
        unit *= base


def show_bytes(size: float) -> str:
    """A size for a person: `64 KiB`."""
    for unit, factor in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor:
            text = (
                f"{size / factor:.1f}".removesuffix(".0")
                if size < 100 * factor
                else (f"{size / factor:.0f}")
            )
            return f"{text} {unit}"
    return f"{size:.0f} B"


def show_time(milliseconds: float) -> str:
    """A time for a person: `305 ms`, `1.2 s`."""
    if milliseconds >= 10_000:
        return f"{milliseconds / 1000:.0f} s"
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.1f} s"
    if milliseconds >= 10 or milliseconds == int(milliseconds):
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds:.1f} ms"


def value_at(points: Sequence[Point], time: float) -> int:
    """How many bytes there were at a moment."""
    value = 0
    for moment, size in points:
        if moment > time:
            break
        value = size
    return value


def stairs(points: Sequence[Point], x: Scale, y: Scale, end: float) -> list[tuple[float, float]]:
    """Steps up through all points until `end`; of those on one place the last."""
    steps: list[tuple[float, float]] = []
    height = y(0)
    for moment, size in points:
        place, new = x(moment), y(size)
        if steps and abs(steps[-1][0] - place) < 0.3:
            steps[-1] = steps[-1][0], new
        else:
            if not steps:
                steps.append((place, y(0)))
            steps += [(place, height), (place, new)]
        height = new
    if steps:
        steps.append((x(end), height))
    return steps
