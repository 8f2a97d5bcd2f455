"""The picture of one response's life, as SVG that stands by itself.

    app     ▐▐▐▐███████▐▐▐        each await send(), and how long it waits
    bytes   written ▲ sent ▲ acknowledged ▲, up to the client's limit
    packets ▂▄▇▇▁      ▇▇▅
    client  reads ▕ does not read ▕ reads

This file knows what is drawn on what, and the frame around it. It refuses to know how lines and
lanes come about (`chart.py`, `lanes.py`). Its one rule: the same story makes the same bytes.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from h3producer.trace.chart import draw_axes, draw_chart, draw_legend, draw_unsent
from h3producer.trace.lanes import draw_lanes
from h3producer.trace.layout import (
    CARD_MARGIN,
    LANES,
    LEFT,
    REMARK_HEIGHT,
    REMARKS_TOP,
    RIGHT,
    TOP,
    WIDTH,
    Place,
)
from h3producer.trace.remarks import longest_pause, remarks_on
from h3producer.trace.scale import show_bytes, show_time
from h3producer.trace.style import STYLE
from h3producer.trace.svg import Canvas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from h3producer.trace.remarks import Remark
    from h3producer.trace.story import Story

__all__ = ["draw", "title_of"]

BADGE = 9
"""Pixels of the radius of a remark's number."""


def title_of(story: Story) -> str:
    """What the picture is about, in a few words."""
    request = f"{story.method} {story.path}".strip() or f"Stream {story.stream_id}"
    return f"{request}: the life of one response"


def draw(story: Story) -> str:
    """The picture, as the text of an SVG file."""
    size = max([point[1] for point in (*story.accepted, *story.sent)])
    place = Place.of(story.end, size)
    remarks = remarks_on(story)
    height = REMARKS_TOP + REMARK_HEIGHT * len(remarks) + 8
    canvas = Canvas()
    canvas.rectangle(0, 0, WIDTH, height, "card", round=8)
    canvas.rectangle(0.5, 0.5, WIDTH - 1, height - 1, "edge", round=8)
    canvas.text(CARD_MARGIN, 36, title_of(story), "title ink")
    canvas.text(CARD_MARGIN, 58, _facts(story), "soft")
    draw_axes(canvas, place, story.end)
    _draw_pause(canvas, story, place)
    draw_chart(canvas, story, place)
    draw_unsent(canvas, story, place)
    draw_lanes(canvas, story, place)
    _draw_leaders(canvas, remarks, place)
    draw_legend(canvas, story)
    _draw_remarks(canvas, remarks)
    canvas.text(RIGHT, 36, "h3producer trace", "soft small end code")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="title description">\n'
        f'<title id="title">{escape(title_of(story))}</title>\n'
        f'<desc id="description">{escape(_description(story, remarks))}</desc>\n'
        f"<style>\n{STYLE}</style>\n{canvas}\n</svg>\n"
    )


def _facts(story: Story) -> str:
    total = story.sent[-1][1]
    facts = [f"{show_bytes(total)} in {show_time(story.end)}"]
    if story.writes:
        facts.append(f"{len(story.writes)} writes")
    facts.append(f"{len(story.packets)} packets")
    if again := sum(each.is_repeated for each in story.packets):
        facts.append(f"{again} of them repeated")
    if story.status:
        facts.insert(0, f"status {story.status}")
    return " · ".join(facts)


def _description(story: Story, remarks: Sequence[Remark]) -> str:
    """The picture in words, for who does not see it."""
    sentences = [f"At {show_time(each.time)}: {each.sentence}" for each in remarks]
    return " ".join([f"{_facts(story)}.", *sentences])


def _draw_pause(canvas: Canvas, story: Story, place: Place) -> None:
    pause = longest_pause(story)
    if pause is not None:
        begin, end = place.x(pause.begin), place.x(pause.end)
        bottom = LANES["client"].bottom
        canvas.rectangle(begin, TOP - 4, end - begin, bottom - TOP + 4, "pause")


def _draw_leaders(canvas: Canvas, remarks: Sequence[Remark], place: Place) -> None:
    """From each remark's number down through all that happens at its moment."""
    taken = -1000.0
    for index, remark in enumerate(remarks, 1):
        x = place.x(remark.time)
        badge_x = min(max(x, taken + 2 * BADGE + 3), RIGHT)
        taken = badge_x
        canvas.line(x, TOP - 6, x, LANES["client"].bottom + 6, "leader")
        canvas.line(badge_x, TOP - 12, x, TOP - 6, "leader")
        _badge(canvas, badge_x, TOP - 20, index)


def _draw_remarks(canvas: Canvas, remarks: Sequence[Remark]) -> None:
    for index, remark in enumerate(remarks, 1):
        y = REMARKS_TOP + REMARK_HEIGHT * (index - 1)
        _badge(canvas, LEFT + BADGE, y, index)
        canvas.text(LEFT - 14, y + 4, show_time(remark.time), "soft small end")
        canvas.text(LEFT + 2 * BADGE + 10, y + 4.5, remark.sentence, "note ink")


def _badge(canvas: Canvas, x: float, y: float, label: int) -> None:
    canvas.circle(x, y, BADGE, "badge")
    canvas.text(x, y + 4, str(label), "badge-text")
