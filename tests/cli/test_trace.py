"""`h3producer trace`, from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.cli import main
from tests.trace.events import request, sent, write_sequence

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as outcome:
        main(["trace", *arguments])
    assert isinstance(outcome.value.code, int)
    return outcome.value.code


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "a.sqlog"
    return str(write_sequence(path, (0.0, request()), (1.0, sent(1, 0, 10, fin=True))))


def test_a_picture_is_drawn_from_a_file(log: str, tmp_path: Path) -> None:
    output = tmp_path / "picture.svg"
    assert run(log, "-o", str(output)) == 0
    assert output.read_text().startswith("<svg")


def test_a_page_is_made_if_the_name_says_so(log: str, tmp_path: Path) -> None:
    output = tmp_path / "picture.html"
    assert run(log, "-o", str(output)) == 0
    assert output.read_text().startswith("<!doctype html>")


def test_a_dash_is_stdout(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(log, "-o", "-") == 0
    assert capsys.readouterr().out.startswith("<svg")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["nowhere.sqlog"], 1, "h3producer: Cannot read 'nowhere.sqlog': No such file"),
        (["neither"], 2, "h3producer: 'neither' is neither a qlog file that is there nor"),
        (["LOG", "--stream", "4"], 1, "h3producer: No response was sent on stream 4."),
        (["LOG", "-o", "/nowhere/a.svg"], 1, "h3producer: Cannot write '/nowhere/a.svg'"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_sentence(
    arguments: list[str],
    code: int,
    sentence: str,
    log: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(*[log if each == "LOG" else each for each in arguments]) == code
    assert capsys.readouterr().err.startswith(sentence)
