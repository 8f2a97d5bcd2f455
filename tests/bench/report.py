"""What a benchmark leaves behind: tables in markdown, and the conditions they were made under.

This file knows markdown and the file `results.md`, in which each benchmark has a section of its
own that it alone replaces. It refuses to know what the figures mean. Its one rule: no figure
without its date, machine, versions and command.
"""

from __future__ import annotations

import importlib.metadata
import platform
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.process import core_count

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RESULTS", "Report", "Table", "conditions", "count", "mib", "version_of", "write_report"]

RESULTS = Path(__file__).with_name("results.md")

_INTRODUCTION = """# Benchmark results

Each section is the output of the command in it and of nothing else; `make bench` makes them all
again. CPU times depend on the machine and on what else it does: trust the ratios, which come from
servers that were measured in turn in the same run.
"""


@dataclass
class Table:
    """Rows of cells, and what a reader must know to read them."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[object]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """Add a row."""
        if len(cells) != len(self.columns):
            raise ValueError(f"{self.title}: {len(cells)} cells for {len(self.columns)} columns")
        self.rows.append(cells)

    def markdown(self) -> str:
        lines = [f"### {self.title}", ""]
        lines.append(_line(self.columns))
        lines.append(_line(["---"] + ["--:"] * (len(self.columns) - 1)))
        lines += [_line(row) for row in self.rows]
        if self.notes:
            lines += ["", *(f"- {note}" for note in self.notes)]
        return "\n".join(lines)


@dataclass
class Report:
    """One benchmark's outcome."""

    name: str
    tables: list[Table]

    def markdown(self, command: str) -> str:
        """The section: heading, conditions, tables."""
        when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        parts = [f"## {self.name}", "", f"`{command}`, {when}; {conditions()}.", ""]
        for table in self.tables:
            parts += [table.markdown(), ""]
        return "\n".join(parts)


def write_report(
    report: Report, command: str, path: Path = RESULTS, introduction: str = _INTRODUCTION
) -> None:
    """Replace the section of this benchmark in the file, or add it."""
    text = path.read_text(encoding="utf-8") if path.exists() else introduction
    introduction, *sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    by_name = {section.split("\n", 1)[0][3:]: section for section in sections}
    by_name[report.name] = report.markdown(command)
    body = "\n".join(section.strip() + "\n" for section in by_name.values())
    path.write_text(introduction.strip() + "\n\n" + body, encoding="utf-8")


def version_of(package: str) -> str:
    """The installed version of a package; "none" if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def mib(count: float) -> str:
    """Bytes as MiB."""
    return f"{count / (1 << 20):.1f} MiB"


def count(number: int) -> str:
    """A whole number with separators."""
    return f"{number:,}"


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def conditions() -> str:
    """Machine and versions: what figures depend on."""
    names = ("h3producer", "aioquic", "pylsqpack", "cryptography", "qh3")
    versions = ", ".join(f"{name} {version_of(name)}" for name in names)
    machine = f"{core_count()} cores ({_processor()}), {platform.system()} {platform.machine()}"
    return f"{machine}; Python {platform.python_version()}; {versions}"


def _processor() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return "unknown"
    match = re.search(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)
    return match.group(1) if match else "unknown"
