"""What is done with each program that a page names: run, or held against what it is about.

This file knows programs by their names. It refuses to know how they are run. Its one rule: a
program that is not in its table fails, so a page says itself why a command cannot be run.

| command | |
|---|---|
| `h3producer APP …` | serves until another does, or the page ends; then TERM, and exit code 0 |
| `h3producer get …`, and other commands | is run, and says what is shown |
| `python FILE …` | is run; if it serves, it serves on |
| `mkdir` and the like; with a pipe, a redirection, a pattern | is run, by a shell |
| `curl … URL` | `curl.py` |
| `make TARGET`, `python -m tests.…`, `pip install` | take minutes: what they name exists |
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from h3producer.cli.program import COMMANDS
from tests.docs.blocks import ROOT
from tests.docs.curl import curl
from tests.docs.running import expect, run, run_copied, run_here
from tests.docs.serving import is_server, provide_applications, serve, serve_python

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.docs.blocks import Command
    from tests.docs.stage import Stage

__all__ = ["carry_out"]

_SHELL: Final = re.compile(r"[|><;&*]|\$\(")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_LIGHT: Final = {"get", "cert"}
"""Commands that leave nothing behind in the process that runs them."""
_ASKS: Final = {"--help", "--version"}


def carry_out(command: Command, stage: Stage) -> None:
    """Run one command, or check it. Raises AssertionError, or ValueError for an unknown program."""
    text = stage.localized(command.text)
    words = shlex.split(text, comments=True)
    assignments = [word for word in words if re.match(r"[A-Z_][A-Z0-9_]*=", word)]
    environment = stage.environment | dict(word.split("=", 1) for word in assignments)
    words = [word for word in words if word not in assignments]
    if _SHELL.search(_QUOTED.sub("", text)):
        expect(command, stage, run(["sh", "-c", text], stage, environment))
        return
    match words:
        case ["h3producer", *arguments] | ["python", "-m", "h3producer", *arguments]:
            _ours(command, stage, arguments, environment)
        case ["make", *targets]:
            _check_targets(targets)
        case ["python", "-m", module, *arguments] if module.startswith("tests."):
            _check_arguments(module, arguments)
        case ["pip", "install", *requirements]:
            _check_requirements(requirements)
        case ["python", program, *_] if is_server(stage, program):
            serve_python(command, stage, words[1:], environment)
        case ["python", *arguments]:
            expect(command, stage, run([sys.executable, *arguments], stage, environment))
        case ["mkdir" | "cat" | "ls" | "openssl", *_]:
            expect(command, stage, run(words, stage, environment))
        case ["curl", *arguments]:
            curl(command, stage, arguments, environment)
        case _:
            raise ValueError(
                f"{command.where}: who runs '{words[0]}'? Put '<!-- not run: why -->' or "
                "'<!-- tested by tests/… -->' before the block."
            )


def _ours(
    command: Command, stage: Stage, arguments: Sequence[str], environment: dict[str, str]
) -> None:
    first = arguments[0] if arguments else ""
    if first in _LIGHT or _ASKS.intersection(arguments):
        expect(command, stage, run_here(arguments, stage, environment))
    elif first in COMMANDS:
        provide_applications(command, stage, arguments)
        expect(command, stage, run_copied(arguments, stage, environment))
    else:
        serve(command, stage, arguments, environment)


def _check_targets(targets: Sequence[str]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


def _check_arguments(module: str, arguments: Sequence[str]) -> None:
    """A program of the tests exists, and has the options that it is given."""
    spec = importlib.util.find_spec(module)
    assert spec is not None, f"There is no {module}."
    directories = [Path(each) for each in spec.submodule_search_locations or ()]
    sources = [path for directory in directories for path in directory.glob("*.py")]
    source = "".join(path.read_text() for path in sources or [Path(spec.origin or "")])
    for word in arguments:
        assert not word.startswith("--") or f'"{word}"' in source, f"{module} has no {word}."


def _check_requirements(requirements: Sequence[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for requirement in requirements:
        found = re.fullmatch(r"(?:h3producer|\.)(?:\[([\w,-]+)\])?", requirement)
        extras = (found[1] or "").split(",") if found is not None else []
        for extra in filter(None, extras):
            assert extra in project["optional-dependencies"], f"There is no extra {extra}."
