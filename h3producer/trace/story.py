"""The life of one response: bytes and moments.

This file knows what a story consists of. It refuses to know where it comes from (`telling.py`) and
how it looks (`picture.py`). Its one rule: what nobody noted is not there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

__all__ = ["Arrival", "Frame", "Packet", "Point", "Span", "Story", "since"]

Point = tuple[float, int]
"""A moment in milliseconds, and how many bytes there were from then on."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something that took from `begin` to `end`, in milliseconds; `size` is in bytes."""

    begin: float
    end: float
    size: int = 0

    @property
    def length(self) -> float:
        """How long it took."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Frame:
    """An HTTP/3 frame of the response."""

    time: float
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet with bytes of the response."""

    time: float
    size: int
    """Bytes of the response in it."""
    is_repeated: bool
    """All of them had been in a packet before."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet of the client's that says something about the response."""

    time: float
    acknowledges: bool
    raises_limit: bool


@dataclass(slots=True)
class Story:
    """All that is known about one response. Times are milliseconds since the request came."""

    stream_id: int
    method: str = ""
    path: str = ""
    status: str = ""
    writes: list[Span] = field(default_factory=list)
    """The application's, each with how long it waited."""
    drains: list[Span] = field(default_factory=list)
    """While as many bytes were unsent as may be."""
    stalls: list[Span] = field(default_factory=list)
    """While the client did not read, if somebody noted that."""
    frames: list[Frame] = field(default_factory=list)
    packets: list[Packet] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    written: list[Point] = field(default_factory=list)
    """Bytes of the body that the application has begun to hand over."""
    accepted: list[Point] = field(default_factory=list)
    """Bytes of the stream that wait in QUIC, or are past that."""
    sent: list[Point] = field(default_factory=list)
    acknowledged: list[Point] = field(default_factory=list)
    limit: list[Point] = field(default_factory=list)
    """Up to where the client lets the stream go."""
    ended: str = ""
    """`FIN`, `reset`, or nothing if neither was seen."""
    end: float = 0.0


def since(story: Story, begin: float, end: float) -> Story:
    """The same with times from the beginning of the request on."""

    def spans(before: list[Span]) -> list[Span]:
        return [Span(max(0.0, s.begin - begin), s.end - begin, s.size) for s in before]

    def points(before: list[Point]) -> list[Point]:
        return [(max(0.0, time - begin), size) for time, size in before]

    return replace(
        story,
        writes=spans(story.writes),
        drains=spans(story.drains),
        stalls=spans(story.stalls),
        frames=[replace(each, time=each.time - begin) for each in story.frames],
        packets=[replace(each, time=each.time - begin) for each in story.packets],
        arrivals=[replace(each, time=each.time - begin) for each in story.arrivals],
        written=points(story.written),
        accepted=points(story.accepted),
        sent=points(story.sent),
        acknowledged=points(story.acknowledged),
        limit=points(story.limit),
        end=end - begin,
    )
