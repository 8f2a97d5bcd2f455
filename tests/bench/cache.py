"""What the benchmarks build or fetch once and keep: beside the environment, never in the tree.

This file knows one directory. It refuses to know what is in it. Its one rule: a name stands for
one content for ever, so whoever makes a thing puts into the name what it is made of.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["cached", "is_cached"]

DIRECTORY = Path(sys.prefix, "bench-cache")


def is_cached(name: str) -> bool:
    """Whether it has been made."""
    return (DIRECTORY / name).exists()


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """The file or directory of this name; `make(path)` makes it if it does not exist yet."""
    path = DIRECTORY / name
    if not path.exists():
        DIRECTORY.mkdir(exist_ok=True)
        unfinished = path.with_name(f"{name}.{os.getpid()}")
        try:
            make(unfinished)
            unfinished.rename(path)
        finally:
            if unfinished.is_dir():
                shutil.rmtree(unfinished)
            unfinished.unlink(missing_ok=True)
    return path
