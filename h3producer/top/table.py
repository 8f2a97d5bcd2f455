"""The rows as a table that fits the terminal.

This file knows rows, and that there may be no room for all. It refuses to know what stands in them
(`columns.py`), where they come from (`rows.py`) and when they are drawn (`screen.py`). Needs the
extra `top`, for rich.

Its one rule: what is left out is counted in the last line.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from h3producer.top.columns import chosen_columns, connection_name, stream_name
from h3producer.top.words import show_rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import JustifyMethod, RenderableType

    from h3producer.top.columns import Column
    from h3producer.top.rows import View

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
    view: View,
    source: str,
    *,
    sort: str,
    streams: bool,
    size: tuple[int, int | None],
    trouble: str = "",
) -> RenderableType:
    """The whole picture; `size` is the width and the height of the terminal in characters, the
    latter None for as many lines as it takes."""
    width, height = size
    room = None if height is None else max(1, height - FRAME - bool(trouble))
    has_workers = any(each.facts["worker"] is not None for each in view.rows)
    columns = chosen_columns(width, has_workers=has_workers)
    table = _table(columns)
    connections, hidden = _fill(table, columns, view, streams, room)
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
        "  ",
        f"{_count(number, 'connection')}, {_count(requests, 'request')}, ",
        (f"{paused} paused", "bold red" if paused else ""),
        f"  ↑ {show_rate(view.sent_rate) or '0'}  ↓ {show_rate(view.received_rate) or '0'}  ",
        (datetime.fromtimestamp(view.time, UTC).astimezone().strftime("%H:%M:%S"), "dim"),
        (f"  {source}", "dim"),
    )
    text.no_wrap = True
    text.overflow = "ellipsis"
    return text


def _table(columns: Sequence[Column]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, expand=True, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("peer / request", ratio=1, no_wrap=True, overflow="ellipsis")
    for column in columns:
        justify: JustifyMethod = "center" if column.title == "paused" else "right"
        table.add_column(column.title, justify=justify, no_wrap=True, width=column.width)
    return table


def _fill(
    table: Table, columns: Sequence[Column], view: View, streams: bool, room: int | None
) -> tuple[int, int]:
    """Put rows in; how many connections were shown, and how many streams of theirs were not."""
    shown = hidden = used = 0
    for row in view.rows:
        if room is not None and used >= room:
            break
        table.add_row(connection_name(row), *[each.of_connection(row) for each in columns])
        shown += 1
        used += 1
        hidden += row.facts["streams_left_out"] if streams else 0
        for stream in row.streams if streams else ():
            if room is not None and used >= room:
                hidden += 1
                continue
            table.add_row(stream_name(stream), *[each.of_stream(stream) for each in columns])
            used += 1
    return shown, hidden


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
