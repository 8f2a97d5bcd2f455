"""The strips of the picture: the application's calls, frames, packets, and the client.

This file knows how moments and spans are drawn in a lane. It refuses to know bytes over time
(`chart.py`). Its one rule: a lane about which nothing is known says so by being left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.trace.layout import LANES, LEFT, NAMES, RIGHT
from h3producer.trace.scale import show_time
from h3producer.trace.svg import width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from h3producer.trace.layout import Lane, Place
    from h3producer.trace.story import Span, Story
    from h3producer.trace.svg import Canvas

__all__ = ["draw_lanes"]

BIN: Final = 3
"""Pixels in which packets are counted together."""

MARGIN: Final = 12
"""Pixels that a span has beside its name."""


def draw_lanes(canvas: Canvas, story: Story, place: Place) -> None:
    """All lanes of which something is known."""
    if story.writes:
        _name(canvas, LANES["writes"], "name ink code")
        _draw_writes(canvas, story.writes, place)
    if story.frames:
        _name(canvas, LANES["frames"], "name ink")
        _draw_frames(canvas, story, place)
    _name(canvas, LANES["packets"], "name ink")
    _draw_packets(canvas, story, place)
    _name(canvas, LANES["arrivals"], "name ink")
    _draw_arrivals(canvas, story, place)
    if story.stalls:
        _name(canvas, LANES["client"], "name ink")
        _draw_client(canvas, story, place)


def _name(canvas: Canvas, lane: Lane, look: str) -> None:
    canvas.rectangle(LEFT, lane.top, RIGHT - LEFT, lane.height, "lane", round=3)
    canvas.text(NAMES, lane.middle + (-1 if lane.legend else 4), lane.name, look)
    if lane.legend:
        canvas.text(NAMES, lane.middle + 12, lane.legend, "soft tiny end")


def _draw_writes(canvas: Canvas, writes: Sequence[Span], place: Place) -> None:
    """Each call as long as it took: the beginning is what the application did, the rest waiting."""
    lane = LANES["writes"]
    for write in writes:
        begin, end = place.x(write.begin), place.x(write.end)
        if end - begin > 2.5:
            canvas.rectangle(begin + 0.5, lane.top + 3, end - begin - 1, lane.height - 6, "wait")
    for write in writes:
        canvas.rectangle(place.x(write.begin) - 1, lane.top + 1, 2, lane.height - 2, "write")
    longest = max(writes, key=lambda write: write.length)
    for write in writes:
        begin, end = place.x(write.begin), place.x(write.end)
        words = f"waits {show_time(write.length)}" if write is longest else show_time(write.length)
        if width_of(words) < end - begin - MARGIN:
            look = "wait-text small middle"
            canvas.text((begin + end) / 2, lane.middle + 4, words, look)


def _draw_frames(canvas: Canvas, story: Story, place: Place) -> None:
    lane = LANES["frames"]
    data = [place.x(each.time) for each in story.frames if each.kind == "data"]
    canvas.ticks(_apart(data), lane.top + 3, lane.height - 6, "tick-frame")
    for frame in story.frames:
        if frame.kind != "data":
            canvas.rectangle(
                place.x(frame.time) - 1.5, lane.top + 1, 3, lane.height - 2, "head", round=1
            )


def _draw_packets(canvas: Canvas, story: Story, place: Place) -> None:
    """Bytes that left, as hills: what goes out together is one."""
    lane = LANES["packets"]
    bins: dict[int, int] = {}
    for packet in story.packets:
        key = int((place.x(packet.time) - LEFT) / BIN)
        bins[key] = bins.get(key, 0) + packet.size
    most = max([*bins.values(), 1])
    for key, size in sorted(bins.items()):
        height = max(1.5, (lane.height - 4) * size / most)
        canvas.rectangle(LEFT + key * BIN, lane.bottom - height, BIN - 0.6, height, "packet")
    again = [place.x(each.time) for each in story.packets if each.is_repeated]
    canvas.ticks(_apart(again), lane.top + 2, 9, "again")


def _draw_arrivals(canvas: Canvas, story: Story, place: Place) -> None:
    lane = LANES["arrivals"]
    acks = [place.x(each.time) for each in story.arrivals if each.acknowledges]
    canvas.ticks(_apart(acks), lane.top + 4, lane.height - 8, "tick-ack")
    for arrival in story.arrivals:
        if arrival.raises_limit:
            x, y, size = place.x(arrival.time), lane.middle, 6
            diamond = [(x, y - size), (x + size, y), (x, y + size), (x - size, y)]
            canvas.path(diamond, "raise", close=True)


def _draw_client(canvas: Canvas, story: Story, place: Place) -> None:
    lane = LANES["client"]
    moments = [0.0]
    for stall in story.stalls:
        moments += [stall.begin, stall.end]
    moments.append(story.end)
    for index in range(len(moments) - 1):
        begin, end = place.x(moments[index]), place.x(moments[index + 1])
        reads = index % 2 == 0
        if end - begin < 1:
            continue
        canvas.rectangle(
            begin, lane.top + 1, end - begin, lane.height - 2, "reads" if reads else "stops"
        )
        words = "reads" if reads else "does not read"
        if width_of(words) < end - begin - MARGIN:
            canvas.text((begin + end) / 2, lane.middle + 4, words, "ink small middle")


def _apart(places: Sequence[float]) -> list[float]:
    """Without those that nobody could tell from the one before."""
    shown: list[float] = []
    for place in places:
        if not shown or place - shown[-1] >= 1:
            shown.append(place)
    return shown
