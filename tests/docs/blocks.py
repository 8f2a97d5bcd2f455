"""The fenced code blocks of the documentation, and what is remarked on them.

This file knows Markdown as far as our pages use it. It refuses to run anything.

A remark is an HTML comment in front of a block, which no reader sees. There are three:

    <!-- not run: it takes ten minutes -->             why a block cannot be run
    <!-- tested by tests/deploy/test_systemd.py -->     the test that reads this page and plays it
    <!-- asked by websocket -->                         who calls the application in the block

Its one rule: what looks like a command outside of a fence is an error, since nobody would run it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "Command", "blocks_of", "commands_of", "text_of"]

ROOT = Path(__file__).parent.parent.parent

PAGES = sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
)
"""By their paths from the root of the repository."""

_FENCE = re.compile(
    r"^(?P<indent>[ ]*)(?P<fence>```+)[ ]*(?P<language>[\w+-]*)[^\n]*\n"
    r"(?P<text>.*?)"
    r"^(?P=indent)(?P=fence)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
_REMARKS = re.compile(
    r"((?:[ ]*<!-- (?:not run: |tested by |asked by )[^>]+ -->\s*)+)\Z", re.MULTILINE
)
_REMARK = re.compile(r"<!-- (not run|tested by|asked by):? ([^>]+) -->")
_UNFENCED = re.compile(r"^(?: {4}|\t) *(?:\$ |h3producer |pip |python |curl |make )", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced code block."""

    page: str
    line: int
    """Of the opening fence, from 1."""
    language: str
    text: str
    """Without the indentation of the fence."""
    remarks: dict[str, str]
    """By what they begin with: `not run`, `tested by`, `asked by`."""

    @property
    def where(self) -> str:
        """For people and their editors."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """What stands behind `$ ` in a console block."""

    where: str
    text: str
    """Continuation lines joined."""
    output: str
    """What the block shows of its output; `…` stands for anything."""


def text_of(page: str) -> str:
    """A page as it is written."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks_of(page: str, text: str | None = None) -> list[Block]:
    """The blocks of a page in order. Raises ValueError for a command that is in no fence."""
    text = text_of(page) if text is None else text
    blocks, prose, end = [], "", 0
    for found in _FENCE.finditer(text):
        between = text[end : found.start()]
        prose += between
        remarks = _REMARKS.search(between)
        blocks.append(
            Block(
                page,
                text.count("\n", 0, found.start()) + 1,
                found["language"],
                re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE),
                dict(_REMARK.findall(remarks[1])) if remarks else {},
            )
        )
        end = found.end()
    if stray := _UNFENCED.search(prose + text[end:]):
        raise ValueError(f"{page} has a command outside of a fence: {stray[0].strip()!r} …")
    return blocks


def commands_of(block: Block) -> list[Command]:
    """The commands of a console block. Raises ValueError if it begins with something else."""
    before, *parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    if before.strip() or not parts:
        raise ValueError(f"{block.where}: a console block begins with '$ '.")
    commands, line = [], block.line + 1
    for part in parts:
        found = re.match(r"((?:[^\n]*\\\n)*[^\n]*)\n?(.*)", part, re.DOTALL)
        assert found is not None
        text = re.sub(r"\s*\\\n\s*", " ", found[1])
        commands.append(Command(f"{block.page}:{line}", text, found[2]))
        line += part.count("\n")
    return commands
