"""Tests of `cli/program.py`: exit codes, and one sentence on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import pytest

from h3producer.cli import program
from h3producer.cli.program import main
from h3producer.cli.serve import serve
from h3producer.config import ConfigError
from h3producer.server.errors import AppLoadError, StartupError

if TYPE_CHECKING:
    from collections.abc import Callable


def run(*words: str) -> object:
    with pytest.raises(SystemExit) as caught:
        main(words)
    return caught.value.code


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException | None], None]:
    """Decides how the command `try` ends."""

    def decide(error: BaseException | None) -> None:
        @click.command()
        def command() -> None:
            if error is not None:
                raise error

        monkeypatch.setitem(program.COMMANDS, "try", command)

    return decide


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (None, 0, ""),
        (click.UsageError("No such thing."), 2, "h3producer: No such thing.\n"),
        (click.UsageError("No such\n  thing"), 2, "h3producer: No such thing.\n"),
        (click.ClickException("No answer."), 1, "h3producer: No answer.\n"),
        (ConfigError("port is wrong."), 2, "h3producer: port is wrong.\n"),
        (StartupError("Port in use."), 3, "h3producer: Port in use.\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_each_end_has_its_code_and_its_sentence(
    outcome: Callable[[BaseException | None], None],
    capsys: pytest.CaptureFixture[str],
    error: BaseException | None,
    code: int,
    sentence: str,
) -> None:
    outcome(error)
    assert run("try") == code
    assert capsys.readouterr().err.lstrip("\n") == sentence


def test_the_applications_own_error_is_shown_above_the_sentence(
    outcome: Callable[[BaseException | None], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = AppLoadError("Importing 'hello' failed: ValueError: boom.")
    try:
        raise ValueError("boom")
    except ValueError as cause:
        error.__cause__ = cause
    outcome(error)
    assert run("try") == 3
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2:] == ["ValueError: boom", f"h3producer: {error}"]


# As in `program.py`, to which these lines say that they belong.
OURS = compile(
    """
def failure_of(function):
    try:
        function()
    except Exception as error:
        return error
""",
    program.__file__,
    "exec",
)


def test_frames_of_ours_are_not_shown(
    outcome: Callable[[BaseException | None], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def theirs() -> None:
        raise ValueError("boom")

    namespace: dict[str, Callable[[Callable[[], None]], Exception]] = {}
    exec(OURS, namespace)
    error = AppLoadError("Importing failed.")
    error.__cause__ = namespace["failure_of"](theirs)
    outcome(error)
    run("try")
    shown = capsys.readouterr().err
    assert "in theirs" in shown
    assert program.__file__ not in shown


def test_the_first_word_names_a_command_or_is_about_an_application(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served: list[str] = []
    monkeypatch.setattr(serve, "callback", lambda app, **_: served.append(app))
    assert run("hello:app", "--port", "1") == 0
    assert run("--port", "1", "hello:app") == 0
    assert served == ["hello:app", "hello:app"]


def test_without_arguments_those_of_the_process_are_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["h3producer", "--version"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("h3producer 0.")


@pytest.mark.parametrize("words", [["--help"], ["cert", "--help"], ["get", "--help"]])
def test_every_command_has_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 0
    usage = "Usage: " + " ".join(["h3producer", *words[:-1], "[OPTIONS]"])
    assert capsys.readouterr().out.startswith(usage)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "h3producer: Missing argument 'APP'.\n"),
        (["--juggle"], "h3producer: No such option '--juggle'.\n"),
        (["get"], "h3producer: Missing argument 'URL'.\n"),
    ],
)
def test_wrong_words_are_one_sentence_and_code_2(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    assert capsys.readouterr().err == sentence
