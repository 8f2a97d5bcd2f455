"""What other servers' command lines have: read from what is installed, never written down.

This file knows how each of them is asked for its options. It refuses to know what ours are.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PEERS", "installed_version"]


def _uvicorn() -> set[str]:
    command: Any = importlib.import_module("uvicorn.main").main  # click's, if it is installed
    return {name for each in command.params for name in (*each.opts, *each.secondary_opts)}


def _hypercorn() -> set[str]:
    main = importlib.import_module("hypercorn.__main__").main
    found: list[argparse.ArgumentParser] = []

    def parse_args(parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        found.append(parser)
        raise SystemExit

    with pytest.MonkeyPatch.context() as patched, contextlib.suppress(SystemExit):
        patched.setattr(argparse.ArgumentParser, "parse_args", parse_args)
        main([])
    return {name for action in found[0]._actions for name in action.option_strings}


def _peregrine() -> set[str]:
    program = Path(sys.executable).parent / "peregrine"
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    return set(re.findall(r"^  (?:-\w, )?(--[a-z][\w-]+)", done.stdout + done.stderr, re.MULTILINE))


PEERS: Final[dict[str, tuple[str, Callable[[], set[str]]]]] = {
    "uvicorn": ("uvicorn", _uvicorn),
    "Hypercorn": ("hypercorn", _hypercorn),
    "Peregrine": ("peregrine-server", _peregrine),
}
"""By their names: the distribution, and what asks it."""


def installed_version(distribution: str) -> str | None:
    """Its version, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
