"""Which files an application is made of, and when one of them changes.

This file knows names, patterns and watchfiles. It refuses to know what a change leads to.

Its one rule: what is watched is what a developer writes. Hidden files, and what is in hidden
directories, belong to tools.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from h3producer.config import Config

__all__ = ["SourceFilter", "changed_files"]

_INCLUDES = ("*.py",)
_EXCLUDES = (".*", "__pycache__", "node_modules")
"""uvicorn leaves out hidden files; the others only ever hold what is made or fetched."""

MOST_TOGETHER = 1600
"""Milliseconds in which changes count as one, however quickly they follow each other."""


class SourceFilter:
    """Says of a path whether it is one to watch; patterns are those of `Path.match`."""

    def __init__(self, config: Config) -> None:
        self.directories = [Path(each).resolve() for each in _directories(config)]
        self._includes = (*_INCLUDES, *config.reload_includes)
        self._excludes = (*_EXCLUDES, *config.reload_excludes)

    def __call__(self, _change: object, name: str) -> bool:
        path = Path(name)
        return any(map(path.match, self._includes)) and not self._is_excluded(path)

    def _is_excluded(self, path: Path) -> bool:
        # The directories that are watched may be hidden themselves, or lie in one that is.
        inside = [each for each in (path, *path.parents) if self._is_inside(each)]
        return any(each.match(pattern) for each in inside for pattern in self._excludes)

    def _is_inside(self, path: Path) -> bool:
        return any(each in path.parents for each in self.directories)


def _directories(config: Config) -> tuple[str, ...]:
    return config.reload_dirs or (config.app_dir,)


async def changed_files(config: Config) -> AsyncIterator[list[Path]]:
    """The files that changed, whenever some did and none has for `reload_delay` seconds.

    Raises `StartupError` if a directory is missing, or watchfiles.
    """
    try:
        from watchfiles import awatch
    except ImportError:
        raise StartupError(
            "watchfiles is not installed, which reload needs: pip install 'h3producer[reload]'."
        ) from None
    selected = SourceFilter(config)
    for directory in selected.directories:
        if not directory.is_dir():
            raise StartupError(f"'{directory}', which reload is to watch, is no directory.")
    pause = max(1, round(config.reload_delay * 1000))
    async for changes in awatch(
        *selected.directories,
        watch_filter=selected,
        step=pause,
        debounce=max(pause, MOST_TOGETHER),
    ):
        yield sorted({Path(name) for _, name in changes})
