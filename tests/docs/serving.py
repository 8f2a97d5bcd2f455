"""A command that serves: started, waited for, and left to serve for the commands behind it.

This file knows what tells a command that serves from one that ends. It refuses to know how a
process is started (`process.py`). Its one rule: a page has one server at a time.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from tests.docs.process import ServerProcess
from tests.docs.running import shows_failure
from tests.docs.shown import is_said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.docs.blocks import Command
    from tests.docs.stage import Stage

__all__ = ["is_server", "provide_applications", "serve", "serve_python"]

_HAS_PROCESSES: Final = ("--workers", "--reload", "--with-tcp", "--limit-max-requests")
"""With one of these `h3producer` starts processes, or another server's code: not in a copy."""


def serve(
    command: Command, stage: Stage, arguments: Sequence[str], environment: Mapping[str, str]
) -> None:
    """`h3producer ARGUMENTS`. Raises AssertionError unless it serves and says what is shown."""
    provide_applications(command, stage, arguments)
    stage.end_server()
    if any(word.startswith(_HAS_PROCESSES) for word in arguments):
        words = [sys.executable, "-m", "h3producer", *arguments]
        server = ServerProcess.started(words, stage.directory, environment)
    else:
        server = ServerProcess.copied(arguments, stage.directory, environment)
    _await(command, stage, server)


def serve_python(
    command: Command, stage: Stage, arguments: Sequence[str], environment: Mapping[str, str]
) -> None:
    """`python ARGUMENTS`, of a program that serves."""
    stage.end_server()
    words = [sys.executable, *arguments]
    _await(command, stage, ServerProcess.started(words, stage.directory, environment))


def is_server(stage: Stage, program: str) -> bool:
    """Whether a Python file of the page serves."""
    path = stage.directory / program
    return path.is_file() and re.search(r"h3producer\.(run|serve)\(", path.read_text()) is not None


def provide_applications(command: Command, stage: Stage, arguments: Sequence[str]) -> None:
    """Have the applications that a command names, unless the page shows that there are none."""
    if "--app-dir" not in arguments and not shows_failure(command):
        for word in arguments:
            if re.fullmatch(r"[a-z][\w.]*:[a-z]\w*", word):
                stage.provide_application(word, is_factory="--factory" in arguments)


def _await(command: Command, stage: Stage, server: ServerProcess) -> None:
    if not server.serves():
        said = stage.as_shown(server.said)
        assert shows_failure(command), f"{command.where} does not serve:\n{said}"
        assert is_said(command.output, said), f"{command.where} says:\n{said}"
        return
    stage.server = server
    for line in command.output.splitlines():
        if line.strip() not in ("", "…"):
            parts = [re.escape(stage.localized(part)) for part in line.strip().split("…")]
            server.says(".*".join(parts))
