"""What an answer says of each connection and stream, and how fast it goes since the last answer.

This file knows rates and orders. It refuses to know how that looks (`table.py`).

Its one rule: a rate is the difference of two answers; of what was not in the last one there is none
yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from h3producer.observe.connections import ConnectionFacts, ConnectionsAnswer, StreamFacts

__all__ = ["SORTS", "ConnectionRow", "StreamRow", "View", "view"]


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A stream, and how fast its bytes leave; bytes per second, None for "not known yet"."""

    facts: StreamFacts
    sent_rate: float | None


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A connection with its streams, those first whose writers wait."""

    facts: ConnectionFacts
    sent_rate: float | None
    received_rate: float | None
    lost: int | None
    """Packets found to be lost since the last answer."""
    streams: Sequence[StreamRow]


@dataclass(frozen=True, slots=True)
class View:
    """All that is shown."""

    rows: Sequence[ConnectionRow]
    left_out: int
    time: float
    """Seconds since 1970, on the clock of the server."""

    @property
    def sent_rate(self) -> float:
        """Of all connections that are shown."""
        return sum(each.sent_rate or 0.0 for each in self.rows)

    @property
    def received_rate(self) -> float:
        """Likewise."""
        return sum(each.received_rate or 0.0 for each in self.rows)


SORTS: Final[Mapping[str, Callable[[ConnectionRow], object]]] = {
    "unsent": lambda row: (row.facts["paused"], row.facts["unsent"]),
    "rate": lambda row: (row.sent_rate or 0.0) + (row.received_rate or 0.0),
    "age": lambda row: row.facts["seconds"],
    "rtt": lambda row: row.facts["rtt"] or 0.0,
    "lost": lambda row: row.facts["packets_lost"],
    "requests": lambda row: row.facts["requests"],
    "window": lambda row: row.facts["congestion_window"],
}
"""What connections are put in order by, the largest first."""


def view(answer: ConnectionsAnswer, before: ConnectionsAnswer | None, sort: str) -> View:
    """An answer as rows; `before` is the one that came before it."""
    seconds = 0.0 if before is None else answer["time"] - before["time"]
    known = {} if before is None else {each["id"]: each for each in before["connections"]}
    rows = [_row(each, known.get(each["id"]), seconds) for each in answer["connections"]]
    # Equal ones stay where they are, from one answer to the next.
    rows.sort(key=lambda row: row.facts["id"])
    rows.sort(key=SORTS[sort], reverse=True)  # type: ignore[arg-type]  # each sort gives one kind of keys
    return View(rows, answer["left_out"], answer["time"])


def _row(facts: ConnectionFacts, before: ConnectionFacts | None, seconds: float) -> ConnectionRow:
    if before is None or seconds <= 0:
        streams = [StreamRow(each, None) for each in facts["streams"]]
        return ConnectionRow(facts, None, None, None, _ordered(streams))
    known = {each["id"]: each for each in before["streams"]}
    streams = [
        StreamRow(each, _rate(each["sent"], known[each["id"]]["sent"], seconds))
        if each["id"] in known
        else StreamRow(each, None)
        for each in facts["streams"]
    ]
    return ConnectionRow(
        facts,
        _rate(facts["sent"], before["sent"], seconds),
        _rate(facts["received"], before["received"], seconds),
        max(0, facts["packets_lost"] - before["packets_lost"]),
        _ordered(streams),
    )


def _rate(now: int, before: int, seconds: float) -> float:
    return max(0, now - before) / seconds


def _ordered(streams: list[StreamRow]) -> list[StreamRow]:
    return sorted(streams, key=lambda row: (not row.facts["paused"], row.facts["id"]))
