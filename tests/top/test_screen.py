"""The loop: what keys do, and a server that goes and comes back."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from h3producer.top.source import SourceError
from tests.top.facts import answer, connection, stream

if TYPE_CHECKING:
    from h3producer.observe.connections import ConnectionsAnswer

rich_console = pytest.importorskip("rich.console", reason="rich is not installed")

SLOW = connection("a", stream(0, target="/slow"), peer="192.0.2.1:1", rtt=0.9)
BUSY = connection("b", stream(0, paused=True, target="/busy"), peer="192.0.2.2:2", rtt=0.1)


class Server:
    """Gives its answers in turn; what is a sentence is no answer."""

    def __init__(self, *answers: ConnectionsAnswer | str) -> None:
        self._answers = list(answers)

    def __str__(self) -> str:
        return "here"

    def fetch(self) -> ConnectionsAnswer:
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(found, str):
            raise SourceError(found)
        return found


class Keys:
    """Presses keys in turn, with a look at the screen before each; "" is a moment without."""

    def __init__(self, console: object, *keys: str) -> None:
        self._console = console
        self._keys = list(keys)
        self.screens: list[str] = []

    def key(self, seconds: float) -> str:
        file = self._console.file  # type: ignore[attr-defined]  # it is a rich console
        self.screens.append(file.getvalue())
        file.seek(0)
        file.truncate()
        return self._keys.pop(0)


def watched(server: Server, *keys: str) -> list[str]:
    """The screens that somebody sees who presses these keys."""
    from h3producer.top.screen import watch

    console = rich_console.Console(
        width=120, height=24, file=io.StringIO(), force_terminal=True, color_system=None
    )
    pressed = Keys(console, *keys)
    watch(console, server, pressed, sort="unsent", streams=True, interval=1.0)
    return pressed.screens


def test_a_key_changes_what_comes_first() -> None:
    first, second = watched(Server(answer(SLOW, BUSY)), "t", "q")
    assert first.index("192.0.2.2") < first.index("192.0.2.1")
    assert second.index("192.0.2.1") < second.index("192.0.2.2")


def test_a_key_hides_streams_and_shows_them_again() -> None:
    shown, hidden, again = watched(Server(answer(BUSY)), "s", "s", "q")
    assert ("/busy" in shown, "/busy" in hidden, "/busy" in again) == (True, False, True)


def test_a_moment_later_there_are_rates() -> None:
    before = answer(connection("a", sent=0), time=1.0)
    now = answer(connection("a", sent=4096), time=2.0)
    first, second = watched(Server(before, now), "", "q")
    assert "4.0K/s" not in first
    assert "4.0K/s" in second


def test_a_server_that_goes_leaves_its_last_answer() -> None:
    server = Server(answer(BUSY), "It is gone.", answer(SLOW))
    _, gone, back = watched(server, "", "", "q")
    assert "/busy" in gone
    assert "It is gone. Asking again." in gone
    assert "gone" not in back


def test_a_server_that_was_never_there_is_an_error() -> None:
    with pytest.raises(SourceError, match="nobody"):
        watched(Server("nobody"))


def test_a_key_that_means_nothing_does_nothing() -> None:
    first, second = watched(Server(answer(BUSY)), "X", "q")
    assert ("/busy" in first, "/busy" in second) == (True, True)
