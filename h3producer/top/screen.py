"""The loop: ask, draw, wait for a key.

This file knows what keys do and that a server may go and come back. It refuses to know rows and
columns (`table.py`). Its one rule: no answer is a line on the screen, and the last answer stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rich.live import Live

from h3producer.top.rows import view
from h3producer.top.source import SourceError
from h3producer.top.table import KEYS, render

if TYPE_CHECKING:
    from rich.console import Console

    from h3producer.observe.connections import ConnectionsAnswer
    from h3producer.top.terminal import Keyboard

__all__ = ["Answers", "print_once", "watch"]


class Answers(Protocol):
    """Where answers come from."""

    def fetch(self) -> ConnectionsAnswer:
        """The next one; raises SourceError."""


def print_once(console: Console, source: Answers, *, sort: str, streams: bool) -> None:
    """One answer, as a table of whatever length. Raises SourceError."""
    shown = view(source.fetch(), None, sort)
    size = console.size.width, None
    console.print(render(shown, str(source), sort=sort, streams=streams, size=size))


def watch(
    console: Console,
    source: Answers,
    keys: Keyboard,
    *,
    sort: str,
    streams: bool,
    interval: float,
) -> None:
    """Draw until `q` or INT. Raises SourceError if there is no answer to begin with."""
    answer, before = source.fetch(), None
    trouble = ""
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            shown = view(answer, before, sort)
            size = console.size.width, console.size.height
            picture = render(
                shown, str(source), sort=sort, streams=streams, size=size, trouble=trouble
            )
            live.update(picture, refresh=True)
            key = keys.key(interval)
            if key == "q":
                return
            if key == "s":
                streams = not streams
            elif KEYS.get(key):
                sort = KEYS[key]
            elif not key:
                try:
                    answer, before, trouble = source.fetch(), answer, ""
                except SourceError as error:
                    trouble = f"{error} Asking again."
