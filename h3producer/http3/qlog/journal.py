"""Whoever takes notes of one connection.

This file has no implementation: `quic/qlog_files.py` writes a file, tests keep a list. It stands
alone so that the port can name it without knowing what is noted.

Its one rule: a note never waits and never raises, whatever becomes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Journal"]


class Journal(Protocol):
    """The log of one connection."""

    def note(self, name: str, data: Mapping[str, object]) -> None:
        """An event that happens now: `category:type` and its data, all of which JSON can say."""
