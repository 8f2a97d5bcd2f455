"""The keyboard of a terminal, which is left as it was found."""

from __future__ import annotations

import os
import signal
import sys
import termios
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from h3producer.top.terminal import keyboard

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal as stdin; its other end."""
    ours, theirs = os.openpty()
    with open(theirs, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        try:
            yield ours
        finally:
            os.close(ours)


def test_a_key_is_there_without_a_line_break(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as ours, keyboard() as keys:
        os.write(ours, b"q")
        assert keys.key(10) == "q"


def test_an_arrow_is_no_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as ours, keyboard() as keys:
        os.write(ours, b"\x1b[A")
        assert keys.key(10) == ""


def test_time_goes_by_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch), keyboard() as keys:
        assert keys.key(0) == ""


def test_a_window_that_changes_its_size_is_as_good_as_a_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with terminal(monkeypatch), keyboard() as keys:
        os.kill(os.getpid(), signal.SIGWINCH)
        assert keys.key(10) == ""


@pytest.mark.parametrize("how", [None, KeyboardInterrupt])
def test_the_terminal_is_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch, how: type[BaseException] | None
) -> None:
    with terminal(monkeypatch):
        before = termios.tcgetattr(sys.stdin.fileno())
        handler = signal.getsignal(signal.SIGWINCH)
        try:
            with keyboard():
                assert termios.tcgetattr(sys.stdin.fileno()) != before
                if how is not None:
                    raise how
        except KeyboardInterrupt:
            pass
        assert termios.tcgetattr(sys.stdin.fileno()) == before
        assert signal.getsignal(signal.SIGWINCH) is handler


def test_without_a_terminal_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull, encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with keyboard() as keys:
            assert keys.key(0) == ""
