"""The README's speed table, between two markers: what the bench has found, and no other hand wrote.

    python -m tests.bench.readme_block

This file knows the markers. It refuses to know figures (`speed_table.py`). Its one rule: the
command alone makes the text from `speed.json`, and `tests/bench/test_results.py` makes it again.
"""

from __future__ import annotations

from pathlib import Path

from tests.bench.figures import Figures
from tests.bench.speed_table import readme_text
from tests.marked_block import MarkedBlock

__all__ = ["README", "block_of", "write"]

README = Path(__file__).parent.parent.parent / "README.md"

BLOCK = MarkedBlock(
    "<!-- made by `make bench` from tests/bench/speed.json: begin -->\n",
    "<!-- made by `make bench`: end -->\n",
)


def block_of(readme: str) -> str:
    """What stands between the markers."""
    return BLOCK.of(readme)


def write(figures: Figures, path: Path = README) -> None:
    """Put what was found between the markers."""
    BLOCK.write(path, f"{readme_text(figures)}\n", "the table of `make bench`")


if __name__ == "__main__":
    write(Figures.load_from())
