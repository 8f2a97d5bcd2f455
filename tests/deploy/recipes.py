"""The recipes of docs/deploy, and the programs that judge them.

This file knows where recipes are, what stands for what in them, and how a test is skipped without
its program. It refuses to know any program.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_options import config_of

if TYPE_CHECKING:
    from h3producer.config import Config

__all__ = ["RECIPES", "ROOT", "command_in", "config_of_command", "needs", "seconds_to_stop"]

ROOT = Path(__file__).parent.parent.parent
RECIPES = ROOT / "docs" / "deploy"


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip where one of these is not installed."""
    missing = [each for each in programs if shutil.which(each) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def command_in(text: str) -> list[str]:
    """The words behind `h3producer` of the one command line that serves, continuations joined."""
    (line,) = (
        each for each in text.replace("\\\n", " ").splitlines() if "bin/h3producer --" in each
    )
    return shlex.split(line.partition("bin/h3producer ")[2])


def config_of_command(words: list[str]) -> Config:
    """What a command line is for us; raises what is wrong with it. Its last word is the target."""
    return config_of(*words[:-1])


def seconds_to_stop(config: Config) -> float:
    """How long `server/server.py` may take from TERM to the end, without the lifespan."""
    disconnect_and_cancel = 1 + 5
    assert config.timeout_graceful_shutdown is not None
    return config.drain_delay + config.timeout_graceful_shutdown + disconnect_and_cancel
