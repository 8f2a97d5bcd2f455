"""What there is to see on the picture, in a sentence each, with a number to find it by.

This file knows which moments of a response explain its life: when the client stopped, when there
was no more room, when it went on. It refuses to know where they stand (`picture.py`).

Its one rule: each sentence says what this file of events shows, with its own figures, and nothing
that is true in general only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from h3producer.trace.scale import show_bytes, show_time, value_at

if TYPE_CHECKING:
    from h3producer.trace.story import Span, Story

__all__ = ["Remark", "longest_pause", "most_unsent", "remarks_on"]

NOTABLE = 0.05
"""Of the whole time: a wait that is shorter is nothing to point at."""

MUCH = 0.5
"""Of the whole response: what waits beyond that is nothing to be proud of."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A moment in milliseconds, and what happens then."""

    time: float
    sentence: str


def longest_pause(story: Story) -> Span | None:
    """The longest wait for room, if one is worth pointing at; `size` is how much was unsent."""
    longest = max(story.drains, key=lambda drain: drain.length, default=None)
    if longest is None or longest.length < NOTABLE * story.end:
        return None
    return longest


def remarks_on(story: Story) -> list[Remark]:
    """In the order of their moments."""
    stops = "The client stops reading, and says nothing about it."
    remarks = [Remark(stall.begin, stops) for stall in story.stalls[:1]]
    pause = longest_pause(story)
    if pause is not None:
        remarks += [Remark(pause.begin, _why(story, pause)), Remark(pause.end, _on(story, pause))]
    return [*remarks, Remark(story.end, _summary(story))]


def _why(story: Story, pause: Span) -> str:
    # What was on its way out when it began has left by its middle.
    middle = (pause.begin + pause.end) / 2
    is_full = value_at(story.sent, middle) >= value_at(story.limit, middle)
    cause = "Its window is full" if is_full else "The path takes no more for now"
    wait = _wait_at(story, pause)
    waits = f": await send() waits for {show_time(wait.length)}" if wait else ""
    return f"{cause}. {show_bytes(pause.size)} wait unsent and no more may{waits}."


def _on(story: Story, pause: Span) -> str:
    is_raised = any(
        abs(each.time - pause.end) <= 0.01 * story.end
        for each in story.arrivals
        if each.raises_limit
    )
    why = "The client reads on and raises its limit" if is_raised else "Packets leave again"
    return f"{why}. Bytes leave, there is room, send() returns, and the app goes on."


def _summary(story: Story) -> str:
    total = show_bytes(story.sent[-1][1])
    ends = {"FIN": "The end, with FIN", "reset": "The end, by a reset"}
    end = ends.get(story.ended, "The end of the log")
    if not story.accepted:
        return f"{end}, after {total}."
    most = most_unsent(story)
    if most > MUCH * story.sent[-1][1]:
        return f"{end}. Of {total}, {show_bytes(most)} waited unsent at once."
    return f"{end}. Of {total}, never more than {show_bytes(most)} waited unsent."


def most_unsent(story: Story) -> int:
    """The most bytes that had been accepted, and were in no packet yet."""
    most = sent = index = 0
    for time, accepted in story.accepted:
        while index < len(story.sent) and story.sent[index][0] <= time:
            sent = story.sent[index][1]
            index += 1
        most = max(most, accepted - sent)
    return most


def _wait_at(story: Story, pause: Span) -> Span | None:
    """The application's call that waits during a pause."""
    around = [each for each in story.writes if each.begin <= pause.begin and each.end >= pause.end]
    return around[0] if around else None
