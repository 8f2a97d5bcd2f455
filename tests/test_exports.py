"""`__all__` is the promise: each module keeps it, and the facade adds nothing of its own."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import h3producer

PACKAGE = Path(h3producer.__file__).parent

MODULES = sorted(
    ".".join(("h3producer", *path.relative_to(PACKAGE).with_suffix("").parts))
    for path in PACKAGE.rglob("*.py")
    if path.stem not in ("__init__", "__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_exports_and_has_it(name: str) -> None:
    module = importlib.import_module(name)
    assert len(set(module.__all__)) == len(module.__all__), f"{name}.__all__ repeats itself"
    for exported in module.__all__:
        assert hasattr(module, exported), f"{name} promises {exported} and has no such name"


def test_the_facade_only_passes_on_what_modules_promise() -> None:
    for exported in h3producer.__all__:
        value = getattr(h3producer, exported)
        home = importlib.import_module(value.__module__)
        assert exported in home.__all__, f"h3producer.{exported} is not public at home"
