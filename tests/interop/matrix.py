"""Every client through every case: what is played, and how each cell ends.

This file knows cells. It refuses to know what a case asks and how a table looks. Its one rule: a
cell always ends with a verdict, whatever the client does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tests.interop.cases import CASES, Case
from tests.interop.roster import CONTENDERS, Contender
from tests.interop.stage import staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.interop.authority import Authority

__all__ = ["Cell", "Result", "Verdict", "cells", "played"]

DEADLINE = 120.0
"""Seconds until a cell is given up; the longest takes ten."""


class Verdict(Enum):
    """How a cell ended."""

    PASSED = "✓"
    FAILED = "✗"
    NOT_OFFERED = "–"
    ABSENT = "?"


@dataclass(frozen=True)
class Cell:
    """One client in one case."""

    contender: Contender
    case: Case

    @property
    def lacks(self) -> str | None:
        """Why the client does not offer it, if so."""
        return self.contender.lacks.get(self.case.name)

    def __str__(self) -> str:
        return f"{self.contender.name}-{self.case.name}"


@dataclass(frozen=True)
class Result:
    """A cell, how it ended, and what there is to say of it."""

    cell: Cell
    verdict: Verdict
    words: str = ""
    seconds: float = 0.0


def cells(clients: Sequence[str] = (), cases: Sequence[str] = ()) -> list[Cell]:
    """All cells of the clients and cases of these names; of all that there are by default."""
    return [
        Cell(contender, case)
        for contender in CONTENDERS
        if not clients or contender.name in clients
        for case in CASES
        if not cases or case.name in cases
    ]


async def played(cells: Sequence[Cell], authority: Authority) -> AsyncIterator[Result]:
    """Play one cell after the other."""
    for cell in cells:
        if cell.contender.installation.version is None:
            yield Result(cell, Verdict.ABSENT, f"not installed: {cell.contender.installation}")
        elif cell.lacks is not None:
            yield Result(cell, Verdict.NOT_OFFERED, cell.lacks)
        else:
            yield await _played(cell, authority)


async def _played(cell: Cell, authority: Authority) -> Result:
    clock = asyncio.get_running_loop().time
    began = clock()
    try:
        async with (
            asyncio.timeout(DEADLINE),
            staged(cell.contender, authority, cell.case.setting) as stage,
        ):
            words = await cell.case.play(stage)
    except Exception as error:
        # Also what a client said that no case had thought of, such as an answer without fields.
        return Result(cell, Verdict.FAILED, f"{error!r}", clock() - began)
    return Result(cell, Verdict.PASSED, words or "", clock() - began)
