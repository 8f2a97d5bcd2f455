"""The program: which command is meant, and how each failure ends.

This file knows exit codes and how an error is said. It refuses to know options and what commands
do. Its one rule: what a user can cause is one sentence on stderr, the last line there; a
traceback stands above it only if it shows the user's own code.

| exit code | what happened |
|---|---|
| 0 | all went well; INT or TERM ended the server gracefully |
| 1 | the command failed: no answer for `get` or `top`, no new key for `cert`, nothing to `trace` |
| 2 | wrong input |
| 3 | the server could not start |
| 130 | INT before there was anything to end |
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import click

from h3producer.cli.cert import cert
from h3producer.cli.get import get
from h3producer.cli.serve import serve
from h3producer.cli.top import top
from h3producer.cli.trace import trace
from h3producer.config import ConfigError
from h3producer.server.causes import show_cause
from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

COMMANDS = {"cert": cert, "get": get, "top": top, "trace": trace}


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
        show_cause(error)
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
