"""`docs/frameworks.md`, and the places in it that commands fill, each between two markers.

This file knows markers. It refuses to know what stands between them. Its one rule: no other hand
writes there, and the markers name the command that does.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["CONTRACT", "PAGE", "SUITE", "block_of", "markers", "write"]

PAGE = Path(__file__).parent.parent.parent / "docs" / "frameworks.md"

CONTRACT = "python -m tests.frameworks"
SUITE = "make starlette-suite"


def markers(command: str) -> tuple[str, str]:
    """The lines before and behind what the command writes."""
    return f"<!-- made by `{command}`: begin -->\n", f"<!-- made by `{command}`: end -->\n"


def block_of(page: str, command: str) -> str:
    """What stands between the markers."""
    begin, end = markers(command)
    return page.partition(begin)[2].partition(end)[0]


def write(command: str, text: str, path: Path = PAGE) -> None:
    """Put what the command has found between its markers."""
    begin, end = markers(command)
    page = path.read_text(encoding="utf-8")
    before, found, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise ValueError(f"{path} has no place for {command}.")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
