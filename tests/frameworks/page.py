"""`docs/frameworks.md`, and the places in it that commands fill, each between two markers.

This file knows markers. It refuses to know what stands between them. Its one rule: no other hand
writes there, and the markers name the command that does.
"""

from __future__ import annotations

from pathlib import Path

from tests.marked_block import MarkedBlock

__all__ = ["CONTRACT", "PAGE", "SUITE", "block", "write"]

PAGE = Path(__file__).parent.parent.parent / "docs" / "frameworks.md"

CONTRACT = "python -m tests.frameworks"
SUITE = "make starlette-suite"


def block(command: str) -> MarkedBlock:
    """What the command writes, between the lines that say so."""
    return MarkedBlock(
        f"<!-- made by `{command}`: begin -->\n", f"<!-- made by `{command}`: end -->\n"
    )


def write(command: str, text: str, path: Path = PAGE) -> None:
    """Put what the command has found between its markers."""
    block(command).write(path, f"\n{text}\n", command)
