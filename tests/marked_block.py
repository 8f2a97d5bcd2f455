"""A block of a text that a command makes, between two lines that say so.

This file knows how the block is found and replaced. It refuses to know what stands in it. Its one
rule: a text without both lines is left as it is, and that is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MarkedBlock"]


@dataclass(frozen=True)
class MarkedBlock:
    """The block between the lines `begin` and `end`, each with its line break."""

    begin: str
    end: str

    def of(self, text: str) -> str:
        """What stands between the lines."""
        return text.partition(self.begin)[2].partition(self.end)[0]

    def write(self, path: Path, content: str, what: str) -> None:
        """Put `content` between the lines of a file.

        Raises ValueError for a file that has no place for it, which is called `what`.
        """
        before, begin, rest = path.read_text(encoding="utf-8").partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not begin or not end:
            raise ValueError(f"{path} has no place for {what}.")
        path.write_text(f"{before}{begin}{content}{end}{after}", encoding="utf-8")
