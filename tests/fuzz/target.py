"""The fuzz targets by name: each is a module of `tests/fuzz/targets`, found by its file.

This file knows what such a module has to have: an invariant as the first line of its docstring,
`fuzz(data)` that raises if the invariant does not hold, and `SEEDS`. It refuses to know who
chooses the data. Nothing is imported before `load`, so that atheris can instrument the imports.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["NAMES", "Target", "load"]

NAMES = sorted(path.stem for path in Path(__file__).with_name("targets").glob("*.py"))


@dataclass(frozen=True)
class Target:
    """One thing to fuzz."""

    name: str
    invariant: str
    fuzz: Callable[[bytes], None]
    seeds: Mapping[str, bytes]
    """Inputs that mean something, by what they mean."""


def load(name: str) -> Target:
    """Import a target and what it tests."""
    module = importlib.import_module(f"tests.fuzz.targets.{name}")
    assert module.__doc__ is not None, f"{name} does not say its invariant."
    return Target(name, module.__doc__.partition("\n")[0], module.fuzz, module.SEEDS)
