"""The program: which command is meant, and how each failure ends.

This file knows exit codes and how an error is said. It refuses to know options and what commands
do. Its one rule: what a user can cause is one sentence on stderr, the last line there; a
traceback stands above it only if it shows the user's own code.

| exit code | what happened |
|---|---|
| 0 | all went well; INT or TERM ended the server gracefully |
| 1 | the command failed: no answer for `get`, no new key for `cert` |
| 2 | wrong input |
| 3 | the server could not start |
| 130 | INT before there was anything to end |
"""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from h3producer.cli.cert import cert
from h3producer.cli.get import get
from h3producer.cli.serve import serve
from h3producer.config import ConfigError
from h3producer.server.errors import AppLoadError, StartupError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

__all__ = ["main"]

COMMANDS = {"cert": cert, "get": get}

_OUR_FRAMES = (str(Path(__file__).parent.parent), str(importlib.__file__), "<frozen importlib")
"""Where the files of frames begin that stand between us and the application."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program with `arguments`, by default those of the process, and exit."""
    sys.exit(_run(list(sys.argv[1:] if arguments is None else arguments)))


def _run(arguments: list[str]) -> int:
    try:
        return _dispatch(arguments)
    except click.ClickException as error:
        _say(error.format_message())
        return error.exit_code
    except ConfigError as error:
        _say(str(error))
        return 2
    except StartupError as error:
        _show_cause(error)
        _say(str(error))
        return 3
    except (click.Abort, KeyboardInterrupt):
        return 130


def _dispatch(arguments: list[str]) -> int:
    """The first word may name a command; if it does not, it is about an application."""
    name = arguments[0] if arguments else ""
    if name in COMMANDS:
        outcome = COMMANDS[name].main(
            arguments[1:], prog_name=f"h3producer {name}", standalone_mode=False
        )
    else:
        outcome = serve.main(arguments, prog_name="h3producer", standalone_mode=False)
    return outcome if isinstance(outcome, int) else 0


def _say(message: str) -> None:
    sentence = " ".join(message.split())
    if not sentence.endswith((".", "?", ".)", "?)")):
        sentence += "."
    click.echo(f"h3producer: {sentence}", err=True)


def _show_cause(error: StartupError) -> None:
    """The traceback of the application's own exception, without the frames that called it."""
    cause = error.__cause__
    if isinstance(error, AppLoadError) and cause is not None:
        frames = _first_of_theirs(cause.__traceback__)
        traceback.print_exception(type(cause), cause, frames)


def _first_of_theirs(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_OUR_FRAMES):
        frames = frames.tb_next
    return frames
