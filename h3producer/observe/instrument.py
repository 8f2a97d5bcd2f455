"""What a meter is, before it has counted anything.

This file knows three kinds of numbers. It refuses to know which meters there are (`instruments.py`)
and has no code.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Instrument", "Kind"]


class Kind(Enum):
    """What a number means."""

    COUNTER = "counter"
    """It only grows."""
    GAUGE = "gauge"
    """It is so now."""
    HISTOGRAM = "histogram"
    """How many values were up to which bound, and their sum."""


@dataclass(frozen=True, slots=True, eq=False)
class Instrument:
    """One meter."""

    name: str
    kind: Kind
    unit: str
    """In UCUM, as OpenTelemetry has it: `s`, `By`, or what is counted in braces."""
    description: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    """Of a histogram: the upper bounds of its buckets; one more has no bound."""
    constants: tuple[tuple[str, str], ...] = ()
    """Labels that always have the same value, since conventions ask for them."""
