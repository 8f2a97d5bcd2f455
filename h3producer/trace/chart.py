"""Bytes of the response over time: written, sent, acknowledged, and how far the client lets it go.

This file knows the four lines and the areas between them. It refuses to know lanes (`lanes.py`).
Its one rule: what waits in memory is an area, so that one sees how much that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.trace.layout import CHART_BOTTOM, CHART_TOP, LANES, LEFT, NAMES, RIGHT
from h3producer.trace.remarks import longest_pause
from h3producer.trace.scale import round_steps, show_bytes, show_time, stairs, value_at
from h3producer.trace.svg import width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from h3producer.trace.layout import Place
    from h3producer.trace.story import Point, Story
    from h3producer.trace.svg import Canvas

__all__ = ["draw_axes", "draw_chart", "draw_legend", "draw_unsent"]

LINES: Final = (
    ("limit", "the client’s limit"),
    ("accepted", "written by the app"),
    ("sent", "sent"),
    ("acked", "acknowledged"),
)
AREAS: Final = (("unsent", "waits unsent"), ("flight", "in flight"), ("held", "delivered"))
"""By class, from the top down."""

GAP: Final = 17
"""Pixels between two names in a row."""


def draw_axes(canvas: Canvas, place: Place, end: float) -> None:
    """Round sizes at the left, round times below."""
    for size in round_steps(place.y.high, 5, binary=True):
        y = place.y(size)
        canvas.line(LEFT, y, RIGHT, y, "grid")
        canvas.text(NAMES, y + 4, show_bytes(size) if size else "0", "soft small end")
    bottom = LANES["client"].bottom + 6
    canvas.line(LEFT, bottom, RIGHT, bottom, "axis")
    steps = round_steps(end, 8)
    for time in steps:
        x = place.x(time)
        canvas.line(x, bottom, x, bottom + 4, "axis")
        words = show_time(time) if time else "0"
        canvas.text(x, bottom + 17, words, "soft small middle")


def draw_chart(canvas: Canvas, story: Story, place: Place) -> None:
    """The areas, and the lines on top of them."""
    end = story.end
    accepted = stairs(story.accepted, place.x, place.y, end)
    sent = stairs(story.sent, place.x, place.y, end)
    acked = stairs(story.acknowledged, place.x, place.y, end)
    if accepted:
        _area(canvas, accepted, "unsent")
    _area(canvas, sent, "flight")
    _area(canvas, acked, "held")
    if accepted:
        canvas.path(accepted, "accepted")
    canvas.path(sent, "sent")
    canvas.path(acked, "acked")
    canvas.path(_limit(story.limit, place, end), "limit")


def draw_legend(canvas: Canvas, story: Story) -> None:
    """The names of lines and areas, in a row above them."""
    x, y = float(LEFT), CHART_TOP - 14
    canvas.rectangle(LEFT, y - 18, RIGHT - LEFT, 26, "card")
    for look, words in LINES:
        if look != "accepted" or story.accepted:
            canvas.line(x, y - 4, x + 20, y - 4, look)
            canvas.text(x + 25, y, words, f"{look}-text")
            x += 25 + width_of(words) + GAP
    for look, words in AREAS:
        if look != "unsent" or story.accepted:
            canvas.rectangle(x, y - 10, 12, 12, look, round=2)
            canvas.text(x + 17, y, words, "soft")
            x += 17 + width_of(words) + GAP


def draw_unsent(canvas: Canvas, story: Story, place: Place) -> None:
    """How much waits while nothing can leave, where that is long enough to be said."""
    pause = longest_pause(story)
    if pause is None or not story.accepted:
        return
    words = f"{show_bytes(pause.size)} wait unsent, and no more"
    begin, end = place.x(pause.begin), place.x(pause.end)
    if width_of(words) < end - begin:
        y = place.y(value_at(story.accepted, pause.begin)) - 8
        canvas.text((begin + end) / 2, y, words, "accepted-text middle")


def _area(canvas: Canvas, line: Sequence[tuple[float, float]], look: str) -> None:
    """All below a line; what is painted later hides what is below that."""
    if line:
        first, last = line[0], line[-1]
        floor = [(last[0], float(CHART_BOTTOM)), (first[0], float(CHART_BOTTOM))]
        canvas.path([*line, *floor], look, close=True)


def _limit(points: Sequence[Point], place: Place, end: float) -> list[tuple[float, float]]:
    """Up to where it leaves the picture at the top."""
    shown: list[Point] = []
    for point in points:
        shown.append(point)
        if point[1] > place.y.high:
            end = point[0]
            break
    steps = stairs(shown, place.x, place.y, end)
    return steps[1:]  # it does not begin at nothing
