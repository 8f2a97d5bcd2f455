"""Where everything stands on the picture.

This file knows places, in pixels. It refuses to know what is drawn there. Its one rule: one time
scale for all, so that what happens at the same moment stands in one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from h3producer.trace.scale import Scale

__all__ = [
    "CARD_MARGIN",
    "CHART_BOTTOM",
    "CHART_TOP",
    "LANES",
    "LEFT",
    "NAMES",
    "REMARKS_TOP",
    "REMARK_HEIGHT",
    "RIGHT",
    "TOP",
    "WIDTH",
    "Lane",
    "Place",
]

WIDTH: Final = 960
CARD_MARGIN: Final = 24
NAMES: Final = 132
"""Where the names of lanes end."""
LEFT: Final = 146
RIGHT: Final = WIDTH - CARD_MARGIN
TOP: Final = 102
"""Of all that shares the time scale."""
CHART_TOP: Final = 208
CHART_BOTTOM: Final = 444


@dataclass(frozen=True, slots=True)
class Lane:
    """A strip across the picture."""

    name: str
    legend: str
    """What its signs mean."""
    top: float
    height: float

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height

    @property
    def middle(self) -> float:
        """Half-way down."""
        return self.top + self.height / 2


LANES: Final = {
    "writes": Lane("await send()", "a call, and its wait", TOP, 30),
    "frames": Lane("HTTP/3 frames", "HEADERS, DATA", TOP + 38, 26),
    "packets": Lane("packets sent", "bytes in them", CHART_BOTTOM + 16, 34),
    "arrivals": Lane("from the client", "ACK, ◆ new limit", CHART_BOTTOM + 58, 26),
    "client": Lane("the client", "", CHART_BOTTOM + 92, 20),
}

REMARKS_TOP: Final = CHART_BOTTOM + 168
REMARK_HEIGHT: Final = 21


@dataclass(frozen=True, slots=True)
class Place:
    """The scales of one picture."""

    x: Scale
    """Milliseconds."""
    y: Scale
    """Bytes of the response."""

    @classmethod
    def of(cls, duration: float, size: int) -> Place:
        """Room for so much time, and so many bytes."""
        return cls(
            Scale(0, max(duration, 0.001) * 1.01, LEFT, RIGHT),
            Scale(0, max(size, 1) * 1.06, CHART_BOTTOM, CHART_TOP),
        )
