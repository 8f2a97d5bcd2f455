"""A command that ends by itself: run where it costs least, and held against what its page shows.

This file knows four ways to run one. It refuses to know which command needs which (`programs.py`).
Its one rule: a command ends well unless its page shows how it fails.
"""

from __future__ import annotations

import io
import subprocess
from contextlib import chdir, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

import pytest

from h3producer.cli import main
from tests.docs.process import ServerProcess
from tests.docs.shown import is_said
from tests.e2e.observed import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.docs.blocks import Command
    from tests.docs.stage import Stage

__all__ = ["expect", "run", "run_copied", "run_here", "shows_failure"]

Ending = tuple[int, str]
"""Exit code, and all that was said."""


def run(words: Sequence[str], stage: Stage, environment: Mapping[str, str]) -> Ending:
    """Any program, in a process of its own."""
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


def run_copied(arguments: Sequence[str], stage: Stage, environment: Mapping[str, str]) -> Ending:
    """`h3producer ARGUMENTS` in a copy of this process."""
    return ServerProcess.copied(arguments, stage.directory, environment).finish()


def run_here(arguments: Sequence[str], stage: Stage, environment: Mapping[str, str]) -> Ending:
    """`h3producer ARGUMENTS` in this process: for what leaves nothing behind."""
    said = io.BytesIO()
    code: object = None
    with (
        io.TextIOWrapper(said, write_through=True) as stream,
        redirect_stdout(stream),
        redirect_stderr(stream),
        chdir(stage.directory),
        pytest.MonkeyPatch.context() as patched,
    ):
        for name, value in environment.items():
            patched.setenv(name, value)
        try:
            main(arguments)
        except SystemExit as ending:
            code = ending.code
        return int(code) if isinstance(code, int) else 1, said.getvalue().decode()


def expect(command: Command, stage: Stage, ending: Ending) -> None:
    """Raise AssertionError if a command ended otherwise than its page shows."""
    code, output = ending
    said = stage.as_shown(output)
    assert code == 0 or shows_failure(command), f"{command.where} ends with {code}:\n{said}"
    assert is_said(command.output, said), f"{command.where} says:\n{said}"


def shows_failure(command: Command) -> bool:
    """Whether the page shows that the command fails."""
    return "h3producer: " in command.output
