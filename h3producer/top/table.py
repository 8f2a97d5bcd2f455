"""The rows as a table that fits the terminal.

This file knows columns, and what gives way when there is no room: streams before connections,
targets before numbers. It refuses to know where rows come from (`rows.py`) and when they are drawn
(`screen.py`). Needs the extra `top`, for rich.

Its one rule: what is left out is counted in the last line.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from h3producer.top.words import show_age, show_count, show_rate, show_rtt, show_size

if TYPE_CHECKING:
    from rich.console import RenderableType

    from h3producer.top.rows import ConnectionRow, StreamRow, View

__all__ = ["KEYS", "render"]

KEYS: Final = {
    "u": "unsent",
    "r": "rate",
    "a": "age",
    "t": "rtt",
    "l": "lost",
    "n": "requests",
    "w": "window",
    "s": "",
    "q": "",
}
"""Keys, and the order that each asks for; `s` shows streams or hides them, `q` ends."""

FRAME: Final = 5
"""Lines around the rows: a headline, two of the head, what was left out, the keys."""


def render(
    view: View, source: str, *, sort: str, streams: bool, height: int | None, trouble: str = ""
) -> RenderableType:
    """The whole picture in at most `height` lines; None for as many as it takes."""
    room = None if height is None else max(1, height - FRAME - bool(trouble))
    table = _table()
    connections, hidden = _fill(table, view, streams, room)
    parts: list[RenderableType] = [_headline(view, source), table]
    left_out = view.left_out + len(view.rows) - connections
    if left_out or hidden:
        parts.append(Text(_left_out(left_out, hidden), style="dim"))
    if trouble:
        parts.append(Text(trouble, style="bold red"))
    if height is not None:
        parts.append(_keys(sort))
    return Group(*parts)


def _headline(view: View, source: str) -> Text:
    facts = [each.facts for each in view.rows]
    number = len(facts) + view.left_out
    requests = sum(each["requests"] for each in facts)
    paused = sum(each["paused"] for each in facts)
    text = Text.assemble(
        ("h3producer top", "bold"),
        f"  {source}  ",
        f"{_count(number, 'connection')}, {_count(requests, 'request')}, ",
        (f"{paused} paused", "bold red" if paused else ""),
        f"  ↑ {show_rate(view.sent_rate) or '0'}  ↓ {show_rate(view.received_rate) or '0'}  ",
        (datetime.fromtimestamp(view.time, UTC).astimezone().strftime("%H:%M:%S"), "dim"),
    )
    text.no_wrap = True
    text.overflow = "ellipsis"
    return text


def _table() -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, expand=True, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("peer / request", ratio=1, no_wrap=True, overflow="ellipsis", min_width=20)
    for name in ("worker", "age", "rtt ms", "window", "lost", "unsent", "unacked"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("paused", justify="center", no_wrap=True)
    table.add_column("↑", justify="right", no_wrap=True, min_width=7)
    table.add_column("↓", justify="right", no_wrap=True, min_width=7)
    return table


def _fill(table: Table, view: View, streams: bool, room: int | None) -> tuple[int, int]:
    """Put rows in; how many connections were shown, and how many streams of theirs were not."""
    shown = hidden = used = 0
    for row in view.rows:
        if room is not None and used >= room:
            break
        _add_connection(table, row)
        shown += 1
        used += 1
        hidden += row.facts["streams_left_out"] if streams else 0
        for stream in row.streams if streams else ():
            if room is not None and used >= room:
                hidden += 1
                continue
            _add_stream(table, stream)
            used += 1
    return shown, hidden


def _add_connection(table: Table, row: ConnectionRow) -> None:
    facts = row.facts
    name = Text(facts["peer"], style="bold")
    if facts["phase"] != "open":
        name.append(f" {facts['phase']}", style="yellow")
    if facts["early"]:
        name.append(" early", style="cyan")
    table.add_row(
        name,
        "" if facts["worker"] is None else str(facts["worker"]),
        show_age(facts["seconds"]),
        show_rtt(facts["rtt"]),
        show_size(facts["congestion_window"]),
        Text(show_count(facts["packets_lost"]), style="red" if row.lost else ""),
        show_size(facts["unsent"]),
        show_size(facts["unacked"]),
        _paused(facts["paused"]),
        show_rate(row.sent_rate),
        show_rate(row.received_rate),
    )


def _add_stream(table: Table, row: StreamRow) -> None:
    facts = row.facts
    request = f"{facts['method'] or '–'} {facts['target'] or ''}".rstrip()
    name = Text(f"  {facts['id']:>4} ", style="dim")
    name.append(request, style="default")
    if facts["upgrade"]:
        name.append(f" {facts['upgrade']}", style="cyan")
    if facts["status"] is not None:
        name.append(f" {facts['status']}", style="green" if facts["status"] < 400 else "red")
    table.add_row(
        name,
        "",
        "" if facts["seconds"] is None else show_age(facts["seconds"]),
        "",
        "",
        "",
        show_size(facts["unsent"]),
        show_size(facts["unacked"]),
        _paused(1 if facts["paused"] else 0),
        show_rate(row.sent_rate),
        "",
    )


def _paused(count: int) -> Text:
    words = "" if not count else "paused" if count == 1 else f"{count} paused"
    return Text(words, style="bold red")


def _left_out(connections: int, streams: int) -> str:
    parts = [_count(connections, "more connection"), _count(streams, "more stream")]
    return f"… and {', '.join(each for each in parts if not each.startswith('0 '))}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _keys(sort: str) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for key, name in KEYS.items():
        words = name or {"s": "streams", "q": "quit"}[key]
        style = "reverse" if name == sort else "dim"
        text.append(f" {key} ", style="bold")
        text.append(words, style=style)
        text.append(" ")
    return text
