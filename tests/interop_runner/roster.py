"""The clients that play the test cases, and what each cannot.

This file knows how they are started and whether they are installed. It refuses to know test cases.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.interop.roster import Debian, Pip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CLIENTS", "Runner"]


KEYS_ARE_HIDDEN = "it does not show in which phase its keys are"


@dataclass(frozen=True)
class Runner:
    """A client that knows the runner's contract."""

    name: str
    module: str
    """Of the program that is told by the environment what to do."""
    lacks: Mapping[str, str] = field(default_factory=dict)
    """Names of cases that it does not offer, each with the reason."""
    debian: str = ""
    """The package, if it is none of Python's."""

    @property
    def version(self) -> str | None:
        """What is installed; None if nothing is."""
        if self.debian:
            return Debian(self.debian).version
        return Pip(self.name).version

    @property
    def is_installed(self) -> bool:
        return self.version is not None

    def command(self) -> Sequence[str]:
        """How it is started."""
        return sys.executable, "-m", self.module, self.name


CLIENTS = (
    Runner("aioquic", "tests.interop_runner.client"),
    Runner("qh3", "tests.interop_runner.client", {"keyupdate": KEYS_ARE_HIDDEN}),
    Runner(
        "gtlsclient",
        "tests.interop_runner.gtlsclient",
        {"keyupdate": KEYS_ARE_HIDDEN},
        "ngtcp2-client",
    ),
)
