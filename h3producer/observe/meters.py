"""Numbers that are counted: by instrument, and by the values of its labels.

This file knows sums, buckets and bounds. It refuses to know what is counted (`instruments.py`), and
any monitoring system: a snapshot is plain JSON, so that workers can hand theirs to their parent.

Its one rule: there are at most `MAX_SERIES` sums for an instrument. What is beyond that is counted
as `OTHER`, so nothing is lost, and memory and answers have a bound.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final, TypeAlias

from h3producer.observe.instrument import Instrument, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MAX_SERIES", "OTHER", "Labels", "Meters", "Snapshot", "added"]

MAX_SERIES: Final = 500
"""Sums of one instrument: ten methods and fifty status codes. OpenTelemetry's limit is 2,000, which
would be a megabyte for a histogram."""

OTHER: Final = "_OTHER"
"""OpenTelemetry's word for a value that is none of those that are known."""

Labels: TypeAlias = tuple[str, ...]
"""The values of an instrument's labels, in their order; empty: it has none."""

Snapshot: TypeAlias = dict[str, list[tuple[list[str], list[float]]]]
"""By an instrument's name, its sums: the values of the labels, and the number; or, of a histogram,
how many values were in each bucket, and last their sum."""


class Meters:
    """The sums of one process."""

    def __init__(self) -> None:
        self._sums: dict[Instrument, dict[Labels, list[float]]] = {}

    def add(self, instrument: Instrument, amount: float = 1, labels: Labels = ()) -> None:
        """Count something; a gauge goes down by a negative amount."""
        self._of(instrument, labels)[0] += amount

    def set(self, instrument: Instrument, value: float, labels: Labels = ()) -> None:
        """So many there are now, or have been in all."""
        self._of(instrument, labels)[0] = value

    def record(self, instrument: Instrument, value: float, labels: Labels = ()) -> None:
        """Count a value into its bucket."""
        buckets = self._of(instrument, labels)
        buckets[bisect_left(instrument.bounds, value)] += 1
        buckets[-1] += value

    def clear(self, instrument: Instrument) -> None:
        """Forget the sums of a gauge, before they are set anew."""
        self._sums.pop(instrument, None)

    def snapshot(self) -> Snapshot:
        """All sums, as they are now."""
        return {
            instrument.name: [(list(labels), list(sums)) for labels, sums in series.items()]
            for instrument, series in self._sums.items()
        }

    def _of(self, instrument: Instrument, labels: Labels) -> list[float]:
        series = self._sums.get(instrument)
        if series is None:
            series = self._sums[instrument] = {}
        sums = series.get(labels)
        if sums is None:
            if len(series) >= MAX_SERIES:
                labels = (OTHER,) * len(labels)
            sums = series.setdefault(labels, _zero(instrument))
        return sums


def _zero(instrument: Instrument) -> list[float]:
    if instrument.kind is Kind.HISTOGRAM:
        return [0.0] * (len(instrument.bounds) + 2)  # one bucket has no bound; last, the sum
    return [0.0]


def added(snapshots: Iterable[Snapshot]) -> Snapshot:
    """The sums of all of them, added up."""
    total: dict[str, dict[Labels, list[float]]] = {}
    for snapshot in snapshots:
        for name, series in snapshot.items():
            sums_of = total.setdefault(name, {})
            for labels, sums in series:
                known = sums_of.get(tuple(labels))
                if known is None:
                    sums_of[tuple(labels)] = list(sums)
                else:
                    known[:] = [one + other for one, other in zip(known, sums, strict=True)]
    return {
        name: [(list(labels), sums) for labels, sums in series.items()]
        for name, series in total.items()
    }
