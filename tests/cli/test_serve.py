"""Tests of `cli/serve.py`: what is served, and what is refused before anything starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.cli import serve as serve_module
from h3producer.cli.program import main

if TYPE_CHECKING:
    from h3producer.config import Config


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """The settings of each server that was run, instead of running it."""
    configs: list[Config] = []

    monkeypatch.setattr(serve_module, "run_as_asked", configs.append)
    return configs


def run(*words: str) -> object:
    with pytest.raises(SystemExit) as caught:
        main(words)
    return caught.value.code


def test_an_application_is_served_with_its_settings(served: list[Config]) -> None:
    assert run("hello:app", "--port", "1") == 0
    assert [(each.app, each.port) for each in served] == [("hello:app", 1)]


def test_the_application_may_be_named_by_a_variable(
    served: list[Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("H3PRODUCER_APP", "hello:app")
    assert run() == 0
    assert served[0].app == "hello:app"


def test_a_name_of_the_wrong_form_is_wrong_input(
    served: list[Config], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("hello.py:app") == 2
    assert "name the module, as in 'hello:app'" in capsys.readouterr().err
    assert served == []
