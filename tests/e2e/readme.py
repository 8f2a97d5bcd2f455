"""The README as a newcomer reads it: its code, its commands, its table of options.

This file knows Markdown as far as our README uses it. It refuses to run anything.
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["README", "ROOT", "blocks", "commands", "options", "paths"]

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """What stands behind `$ ` in console blocks, and the output that is shown for it."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def options() -> dict[str, str]:
    """The options of the table of options, and their defaults."""
    rows = re.findall(r"^\| `(--[a-z-]+)` \|([^|]*)\|", README, re.MULTILINE)
    return {option: default.strip() for option, default in rows}


def paths() -> set[str]:
    """Files and directories that the README names: links, and what has a slash or an ending."""
    links = re.findall(r"\]\((?!https?://|#)([^)]+)\)", README)
    names = re.findall(r"`((?:h3producer|tests|examples|certs)/[\w/.-]*)`", README)
    return {*links, *names}
