"""What each column says of a connection and of a stream, and which give way on a narrow terminal.

This file knows cells. It refuses to know how many rows there are (`table.py`). Needs the extra
`top`, for rich.

Its one rule: who is there, what waits and whether a writer is paused is never left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from h3producer.top.words import show_age, show_count, show_rate, show_rtt, show_size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from h3producer.top.rows import ConnectionRow, StreamRow

__all__ = ["MIN_NAME", "Column", "chosen_columns", "connection_name", "stream_name"]

Cell = str | Text

MIN_NAME: Final = 26
"""Characters of the first column: an IPv4 address with its port, or a short path."""

GAP: Final = 2
"""Characters between two columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column behind the first."""

    title: str
    width: int
    """Characters."""
    rank: int
    """What is of a higher rank gives way first; 0 never does."""
    of_connection: Callable[[ConnectionRow], Cell]
    of_stream: Callable[[StreamRow], Cell]


def _blank(_: StreamRow) -> Cell:
    return ""


def _worker(row: ConnectionRow) -> Cell:
    worker = row.facts["worker"]
    return "" if worker is None else str(worker)


def _age(row: StreamRow) -> Cell:
    seconds = row.facts["seconds"]
    return "" if seconds is None else show_age(seconds)


def _lost(row: ConnectionRow) -> Cell:
    return Text(show_count(row.facts["packets_lost"]), style="red" if row.lost else "")


def _paused(count: int) -> Cell:
    words = "" if not count else "paused" if count == 1 else f"{count} paused"
    return Text(words, style="bold red")


COLUMNS: Final = (
    Column("worker", 6, 6, _worker, _blank),
    Column("age", 5, 3, lambda row: show_age(row.facts["seconds"]), _age),
    Column("rtt ms", 6, 2, lambda row: show_rtt(row.facts["rtt"]), _blank),
    Column("window", 6, 7, lambda row: show_size(row.facts["congestion_window"]), _blank),
    Column("lost", 5, 5, _lost, _blank),
    Column(
        "unsent",
        6,
        0,
        lambda row: show_size(row.facts["unsent"]),
        lambda row: show_size(row.facts["unsent"]),
    ),
    Column(
        "unacked",
        7,
        4,
        lambda row: show_size(row.facts["unacked"]),
        lambda row: show_size(row.facts["unacked"]),
    ),
    Column(
        "paused",
        9,
        0,
        lambda row: _paused(row.facts["paused"]),
        lambda row: _paused(int(row.facts["paused"])),
    ),
    Column("↑", 7, 1, lambda row: show_rate(row.sent_rate), lambda row: show_rate(row.sent_rate)),
    Column("↓", 7, 8, lambda row: show_rate(row.received_rate), _blank),
)
"""From left to right."""


def chosen_columns(width: int, *, has_workers: bool) -> Sequence[Column]:
    """Those for which a terminal of so many characters has room."""
    columns = [each for each in COLUMNS if has_workers or each.title != "worker"]
    while sum(each.width + GAP for each in columns) + MIN_NAME > width:
        first = max(columns, key=lambda each: each.rank)
        if not first.rank:
            break
        columns.remove(first)
    return columns


def connection_name(row: ConnectionRow) -> Text:
    """Who it is, and what is special about it."""
    facts = row.facts
    name = Text(facts["peer"], style="bold")
    if facts["phase"] != "open":
        name.append(f" {facts['phase']}", style="yellow")
    if facts["early"]:
        name.append(" early", style="cyan")
    return name


def stream_name(row: StreamRow) -> Text:
    """What was asked for, and how it is answered."""
    facts = row.facts
    name = Text(f"  {facts['id']:>4} ", style="dim")
    if facts["status"] is not None:
        name.append(f"{facts['status']} ", style="green" if facts["status"] < 400 else "red")
    request = f"{facts['method'] or '–'} {facts['target'] or ''}".rstrip()
    name.append(request, style="default")
    if facts["upgrade"]:
        name.append(f" {facts['upgrade']}", style="cyan")
    return name
