"""What a run of the matrix amounts to, as a table for people.

This file knows Markdown. It refuses to know how a cell is played. Its one rule: a cell that is not
a plain ✓ has a note that says why.
"""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aioquic

from tests.interop.cases import CASES
from tests.interop.matrix import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.interop.matrix import Result
    from tests.interop.roster import Contender

__all__ = ["as_markdown", "summary"]


def summary(results: Sequence[Result]) -> str:
    """How many cells ended in which way."""
    counts = {verdict: sum(each.verdict is verdict for each in results) for verdict in Verdict}
    return ", ".join(
        f"{count} {verdict.name.lower().replace('_', ' ')}" for verdict, count in counts.items()
    )


def as_markdown(results: Sequence[Result]) -> str:
    """The page."""
    notes: list[str] = []
    table = _table(results, notes)
    numbered = [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join(
        [
            "# Interop matrix",
            "",
            "Independent HTTP/3 clients against this server, in each case that they offer. Made by"
            " `make interop`:",
            "each client runs in a process of its own, each cell has a server of its own, and each"
            " is judged by",
            "what the client got *and* by what the server saw.",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, aioquic"
            f" {aioquic.__version__}, Linux; {summary(results)};"
            f" {sum(each.seconds for each in results):.0f} seconds of play.",
            "",
            "✓ passed · ✗ failed · – the client does not offer it · ? the client is not installed;"
            " numbers are notes below.",
            "",
            *table,
            "",
            "## Cases",
            "",
            *(f"* **{case.heading}**: {case.words}" for case in CASES),
            "",
            "## Clients",
            "",
            "| client | version | QUIC, HTTP/3 and TLS | from |",
            "|---|---|---|---|",
            *(_row_of(contender) for contender in _contenders(results)),
            "",
            "## Notes",
            "",
            *numbered,
            "",
        ]
    )


def _contenders(results: Sequence[Result]) -> list[Contender]:
    return list({each.cell.contender.name: each.cell.contender for each in results}.values())


def _row_of(contender: Contender) -> str:
    installation = contender.installation
    version = installation.version or "not installed"
    return f"| {contender.title} | {version} | {contender.stack} | `{installation}` |"


def _table(results: Sequence[Result], notes: list[str]) -> list[str]:
    cases = list({each.cell.case.name: each.cell.case for each in results}.values())
    found = {(each.cell.contender.name, each.cell.case.name): each for each in results}
    rows = [
        "| client | " + " | ".join(case.heading for case in cases) + " |",
        "|---" + "|:-:" * len(cases) + "|",
    ]
    for contender in _contenders(results):
        row = [_mark(found[contender.name, case.name], notes) for case in cases]
        rows.append(f"| {contender.title} | " + " | ".join(row) + " |")
    return rows


def _mark(result: Result, notes: list[str]) -> str:
    if not result.words or result.verdict is Verdict.ABSENT:
        return result.verdict.value
    words = " ".join(result.words.split()).replace("|", "\\|")[:400]
    note = words[0].upper() + words[1:] + "."
    if note not in notes:
        notes.append(note)
    return f"{result.verdict.value} <sup>{notes.index(note) + 1}</sup>"
