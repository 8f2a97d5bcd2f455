"""A journal that a test reads.

This file knows a list. It refuses to know what is noted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Notes"]


class Notes(list[tuple[str, dict[str, object]]]):
    """A journal that a test reads."""

    def note(self, name: str, data: Mapping[str, object]) -> None:
        self.append((name, dict(data)))

    def named(self, name: str) -> list[dict[str, object]]:
        return [data for each, data in self if each == name]

    def on(self, stream_id: int) -> list[str]:
        """The names of what happened on a stream, in order; frames by their own names."""
        return [
            f"{name.split(':')[1]} {_kind(data)}".rstrip()
            for name, data in self
            if data.get("stream_id") == stream_id
        ]


def _kind(data: dict[str, object]) -> str:
    frame = data.get("frame")
    return str(frame["frame_type"]) if isinstance(frame, dict) else ""
