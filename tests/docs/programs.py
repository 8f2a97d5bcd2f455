"""What is done with each program that a page names: run, or held against what it is about.

This file knows programs by their names. It refuses to know pages. Its one rule: a program that is
not in its table fails, so a page says itself why a command cannot be run.

| command | |
|---|---|
| `h3producer APP …` | serves until another does, or the page ends; then TERM, and exit code 0 |
| `h3producer get …`, and other commands | is run, and says what is shown |
| `python FILE …`, `python -m MODULE` of no test | is run; if it serves, it serves on |
| `mkdir` and the like; with a pipe, a redirection, a pattern | is run, by a shell |
| `make TARGET`, `python -m tests.…`, `pip install` | take minutes: what they name exists |
| `curl … URL` | its options exist; is run, if without HTTP/3 in the words of `h3producer get` |
"""

from __future__ import annotations

import functools
import importlib.util
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

from h3producer.cli import main
from h3producer.cli.program import COMMANDS
from tests.docs.blocks import ROOT
from tests.docs.process import ServerProcess
from tests.docs.shown import is_said
from tests.e2e.observed import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.docs.blocks import Command
    from tests.docs.stage import Stage

__all__ = ["carry_out"]

_SHELL: Final = re.compile(r"[|><;&*]|\$\(")
_LIGHT: Final = {"get", "cert"}
"""Commands that leave nothing behind in the process that runs them."""
_HAS_PROCESSES: Final = ("--workers", "--reload", "--with-tcp", "--limit-max-requests")
"""With one of these, `h3producer` starts processes or another server's code: not in a copy."""


def carry_out(command: Command, stage: Stage) -> None:
    """Run one command, or check it. Raises AssertionError, or ValueError for an unknown program."""
    text = stage.localized(command.text)
    words = shlex.split(text, comments=True)
    assignments = [word for word in words if re.match(r"[A-Z_][A-Z0-9_]*=", word)]
    environment = stage.environment | dict(word.split("=", 1) for word in assignments)
    words = [word for word in words if word not in assignments]
    if _SHELL.search(re.sub(r"'[^']*'|\"[^\"]*\"", "", text)):
        _expect(command, stage, *_run(["sh", "-c", text], stage, environment))
        return
    match words:
        case ["h3producer", *arguments] | ["python", "-m", "h3producer", *arguments]:
            if {*arguments[:1]} <= _LIGHT or {*arguments} & {"--help", "--version"}:
                _expect(command, stage, *_run_here(arguments, stage, environment))
            elif arguments[0] in COMMANDS:
                _provide_applications(command, stage, arguments)
                process = ServerProcess.copied(arguments, stage.directory, environment)
                _expect(command, stage, *process.finish())
            else:
                _serve(command, stage, arguments, environment)
        case ["make", *targets]:
            for target in targets:
                assert f"\n{target}:" in (ROOT / "Makefile").read_text(), target
        case ["python", "-m", module, *arguments] if module.startswith("tests."):
            _check_arguments(module, arguments)
        case ["pip" | "pip3", "install", *requirements]:
            _check_requirements(requirements)
        case ["python", *_]:
            _serve_or_end(command, stage, [sys.executable, *words[1:]], environment)
        case ["mkdir" | "cat" | "ls" | "openssl", *_]:
            _expect(command, stage, *_run(words, stage, environment))
        case ["curl", *arguments]:
            _curl(command, stage, arguments, environment)
        case _:
            raise ValueError(
                f"{command.where}: who runs '{words[0]}'? Put '<!-- not run: why -->' or "
                "'<!-- tested by tests/… -->' before the block."
            )


def _serve(
    command: Command, stage: Stage, arguments: Sequence[str], environment: dict[str, str]
) -> None:
    _provide_applications(command, stage, arguments)
    starts_processes = any(word.startswith(_HAS_PROCESSES) for word in arguments)
    if starts_processes:
        words = [sys.executable, "-m", "h3producer", *arguments]
        _serve_or_end(command, stage, words, environment)
    else:
        stage.end_server()
        server = ServerProcess.copied(arguments, stage.directory, environment)
        _await_server(command, stage, server)


def _provide_applications(command: Command, stage: Stage, arguments: Sequence[str]) -> None:
    if "--app-dir" not in arguments and not _shows_failure(command):
        for target in (word for word in arguments if re.fullmatch(r"[a-z][\w.]*:[a-z]\w*", word)):
            stage.provide_application(target, is_factory="--factory" in arguments)


def _serve_or_end(
    command: Command, stage: Stage, words: Sequence[str], environment: dict[str, str]
) -> None:
    if words[0] == sys.executable and not _may_serve(words, stage):
        _expect(command, stage, *_run(words, stage, environment))
        return
    stage.end_server()
    _await_server(command, stage, ServerProcess.started(words, stage.directory, environment))


def _may_serve(words: Sequence[str], stage: Stage) -> bool:
    if words[1:3] == ["-m", "h3producer"]:
        return True
    path = stage.directory / words[1]
    return (path.exists() and "serve" in path.read_text()) or "h3producer.run" in path.read_text()


def _await_server(command: Command, stage: Stage, server: ServerProcess) -> None:
    stage.server = server
    if not server.serves():
        stage.server = None
        said = stage.as_shown(server.said)
        assert _shows_failure(command), f"{command.where} does not serve:\n{said}"
        assert is_said(command.output, said), f"{command.where} says:\n{said}"
    elif shown := command.output.strip():
        for line in shown.splitlines():
            if line.strip() != "…":
                words = [re.escape(stage.localized(part)) for part in line.strip().split("…")]
                server.says(".*".join(words))


def _run(words: Sequence[str], stage: Stage, environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        words,
        cwd=stage.directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def _run_here(
    arguments: Sequence[str], stage: Stage, environment: dict[str, str]
) -> tuple[int, str]:
    """`h3producer ARGUMENTS` in this process, which spares the start of an interpreter."""
    said = io.BytesIO()
    code: object = None
    with (
        io.TextIOWrapper(said, write_through=True) as stream,
        redirect_stdout(stream),
        redirect_stderr(stream),
        chdir(stage.directory),
        patch.dict(os.environ, environment),
    ):
        try:
            main(arguments)
        except SystemExit as ending:
            code = ending.code
        return int(code) if isinstance(code, int) else 1, said.getvalue().decode()


def _expect(command: Command, stage: Stage, code: int, output: str) -> None:
    said = stage.as_shown(output)
    assert code == 0 or _shows_failure(command), f"{command.where} ends with {code}:\n{said}"
    assert is_said(command.output, said), f"{command.where} says:\n{said}"


def _shows_failure(command: Command) -> bool:
    return "h3producer: " in command.output


def _check_arguments(module: str, arguments: Sequence[str]) -> None:
    """A program of the tests exists, and has the options that it is given."""
    spec = importlib.util.find_spec(module)
    assert spec is not None, f"There is no {module}."
    sources = [
        path for root in spec.submodule_search_locations or () for path in Path(root).glob("*.py")
    ]
    source = "".join(path.read_text() for path in sources or [Path(spec.origin or "")])
    for word in arguments:
        assert not word.startswith("--") or f'"{word}"' in source, f"{module} has no {word}."


def _check_requirements(requirements: Sequence[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for requirement in requirements:
        found = re.fullmatch(r"(?:h3producer|\.)(?:\[([\w,-]+)\])?", requirement)
        if found is not None:
            for extra in (found[1] or "").split(","):
                assert not extra or extra in project["optional-dependencies"], extra


def _curl(
    command: Command, stage: Stage, arguments: Sequence[str], environment: dict[str, str]
) -> None:
    known, features = _curl_of_the_system()
    if not known:
        return
    for option in (word for word in arguments if word.startswith("--")):
        assert option in known, f"{command.where}: curl has no {option}"
    if "HTTP3" in features or not any(word.startswith("--http3") for word in arguments):
        words = ["curl", "--silent", "--show-error", *arguments]
        _expect(command, stage, *_run(words, stage, environment))
        return
    [url] = [word for word in arguments if word.startswith("https://")]
    _expect(command, stage, *_run_here(["get", "--insecure", url], stage, environment))


@functools.cache
def _curl_of_the_system() -> tuple[set[str], str]:
    """Its options and what it was built with; nothing if there is none."""
    if shutil.which("curl") is None:
        return set(), ""
    options = subprocess.run(["curl", "--help", "all"], capture_output=True, text=True, check=True)
    version = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True)
    return set(re.findall(r"--[a-z0-9.-]+", options.stdout)), version.stdout
