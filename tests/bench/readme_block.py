"""The README's speed table, between two markers: what the bench has found, and no other hand wrote.

    python -m tests.bench.readme_block

This file knows the markers. It refuses to know figures (`speed_table.py`). Its one rule: the
command alone makes the text from `speed.json`, and `tests/bench/test_results.py` makes it again.
"""

from __future__ import annotations

from pathlib import Path

from tests.bench.figures import Figures
from tests.bench.speed_table import readme_text

__all__ = ["README", "block_of", "write"]

README = Path(__file__).parent.parent.parent / "README.md"

BEGIN = "<!-- made by `make bench` from tests/bench/speed.json: begin -->\n"
END = "<!-- made by `make bench`: end -->\n"


def block_of(readme: str) -> str:
    """What stands between the markers."""
    return readme.partition(BEGIN)[2].partition(END)[0]


def write(figures: Figures, path: Path = README) -> None:
    """Put what was found between the markers."""
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no place for the table: {BEGIN.strip()} … {END.strip()}")
    path.write_text(f"{before}{begin}{readme_text(figures)}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    write(Figures.load_from())
