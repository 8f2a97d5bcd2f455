"""Whether a command says what a page shows that it says.

This file knows `…`. It refuses to know commands. Its one rule: what is shown must come, in that
order; a page that shows nothing promises nothing.
"""

from __future__ import annotations

import re

__all__ = ["is_said"]


def is_said(shown: str, output: str) -> bool:
    """Whether `output` is what is shown.

    A line `…` stands for any lines, and `…` in a line for any text. Spaces at the ends of lines
    and empty lines at both ends do not count.
    """
    pattern = ""
    for line in _lines(shown):
        if line.strip() == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(re.escape(part) for part in line.split("…")) + r"\n"
    said = "".join(f"{line}\n" for line in _lines(output))
    return not _lines(shown) or re.fullmatch(pattern, said) is not None


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]
