"""Tests of `server/workers/changes.py`: which files are watched, and that a change is seen."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.server.errors import StartupError
from h3producer.server.workers.changes import SourceFilter, changed_files

if TYPE_CHECKING:
    from pathlib import Path


def watches(directory: Path, name: str, **settings: tuple[str, ...]) -> bool:
    config = Config(app="a:b", app_dir=str(directory), **settings)  # type: ignore[arg-type]  # three tuples
    return SourceFilter(config)(None, str(directory / name))


@pytest.mark.parametrize("name", ["hello.py", "package/inner.py"])
def test_python_files_are_watched(tmp_path: Path, name: str) -> None:
    assert watches(tmp_path, name)


@pytest.mark.parametrize(
    "name",
    ["hello.html", "hello.pyc", ".hidden.py", ".venv/lib/a.py", "__pycache__/a.py", "a.py~", "a"],
)
def test_others_are_not(tmp_path: Path, name: str) -> None:
    assert not watches(tmp_path, name)


def test_a_hidden_directory_above_hides_nothing(tmp_path: Path) -> None:
    hidden = tmp_path / ".hidden"
    hidden.mkdir()
    assert watches(hidden, "hello.py")


def test_a_pattern_includes_files(tmp_path: Path) -> None:
    assert watches(tmp_path, "page.html", reload_includes=("*.html",))
    assert watches(tmp_path, "hello.py", reload_includes=("*.html",))


def test_a_pattern_excludes_files_and_directories(tmp_path: Path) -> None:
    assert not watches(tmp_path, "test_hello.py", reload_excludes=("test_*",))
    assert not watches(tmp_path, "tests/hello.py", reload_excludes=("tests",))
    assert not watches(tmp_path, "app/migrations/a.py", reload_excludes=("app/migrations",))


def test_excluding_wins(tmp_path: Path) -> None:
    assert not watches(tmp_path, "a.html", reload_includes=("*.html",), reload_excludes=("a.*",))


def test_without_directories_it_is_where_the_application_is(tmp_path: Path) -> None:
    assert SourceFilter(Config(app_dir=str(tmp_path))).directories == [tmp_path]
    named = SourceFilter(Config(reload_dirs=(str(tmp_path / "a"), str(tmp_path / "b"))))
    assert named.directories == [tmp_path / "a", tmp_path / "b"]


async def test_a_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    config = Config(app="a:b", reload_dirs=(str(tmp_path / "absent"),))
    with pytest.raises(StartupError, match=r"absent', which reload is to watch, is no directory"):
        await anext(changed_files(config))


async def test_without_watchfiles_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(StartupError, match=r"pip install 'h3producer\[reload\]'"):
        await anext(changed_files(Config(app="a:b")))
