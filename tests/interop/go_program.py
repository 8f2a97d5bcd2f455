"""Programs of ours in Go, built from Debian's packages of sources.

This file knows the compiler and where Debian puts Go's sources. It refuses to know what is built.
Its one rule: nothing is fetched, and what was built of the same sources is not built again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING

from tests.bench.cache import cached
from tests.bench.native_load import GO_PATH

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["built", "version"]


@cache
def version(package: str) -> str | None:
    """Of the library that Debian calls so; None if it, or the compiler, is not there."""
    if shutil.which("go") is None or shutil.which("dpkg-query") is None:
        return None
    asked = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}", package]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    status, _, found = said.stdout.partition(" ")
    return found if status == "installed" else None


@cache
def built(directory: Path) -> Path:
    """The program whose sources are in the directory."""
    digest = hashlib.sha256()
    for source in sorted(directory.glob("*.go")):
        digest.update(source.read_bytes())

    def build(program: Path) -> None:
        settings = {"GO111MODULE": "off", "GOPATH": str(GO_PATH), "GOTOOLCHAIN": "local"}
        subprocess.run(
            ["go", "build", "-buildvcs=false", "-o", program, "."],
            cwd=directory,
            env={**os.environ, **settings},
            check=True,
        )

    return cached(f"{directory.name}-{digest.hexdigest()[:16]}", build)
