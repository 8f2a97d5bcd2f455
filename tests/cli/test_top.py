"""`h3producer top`, as far as it needs no terminal."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from h3producer.cli import main
from h3producer.top.rows import SORTS
from h3producer.top.table import KEYS
from tests.top.facts import answer, connection, stream
from tests.top.test_source import listening, on_loopback, response

if TYPE_CHECKING:
    from pathlib import Path

STALLED = answer(connection("a", stream(0, paused=True)))


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as outcome:
        main(["top", *arguments])
    assert isinstance(outcome.value.code, int)
    return outcome.value.code


def run_once(*arguments: str) -> int:
    """Against a listener that answers once."""
    source, sock = on_loopback(b"")
    with listening(sock, response(json.dumps(STALLED).encode())):
        return run(str(source), *arguments)


def test_a_script_gets_the_facts_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_once("--json") == 0
    assert json.loads(capsys.readouterr().out) == STALLED


@pytest.mark.parametrize("arguments", [["--once"], []])
def test_a_pipe_gets_one_table(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert run_once(*arguments) == 0
    assert "paused" in capsys.readouterr().out


def test_nobody_there_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"unix:{tmp_path}/a") == 1
    message = capsys.readouterr().err
    assert message.startswith("h3producer: Nobody answers on unix:")
    assert message.count("\n") == 1


def test_what_is_no_address_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("a:b") == 2
    assert "a:b" in capsys.readouterr().err


def test_a_missing_extra_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert run("127.0.0.1:1") == 3
    assert "pip install 'h3producer[top]'" in capsys.readouterr().err


def test_each_order_has_a_key() -> None:
    assert set(KEYS.values()) - {""} == set(SORTS)
