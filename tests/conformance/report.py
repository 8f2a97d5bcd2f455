"""All cases at one server, and what a run amounts to.

This file knows results: how they are counted, shown and written. It refuses to know how a case is
run. Its one rule: the invariants of the run are results like all others, and come last.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.conformance.case import MUST, Case
from tests.conformance.invariants import INVARIANTS, Ledger
from tests.conformance.peer import serves
from tests.conformance.reactions import Grade, as_stated
from tests.conformance.runner import Result, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from tests.conformance.target import Target

__all__ = ["as_json", "invariant_results", "judged", "summary", "survival"]

SURVIVAL = Case("459", "RFC 9114 §10.5", MUST, "the server survives every case", (as_stated(),))


async def judged(
    cases: Sequence[Case], target: Target, *, all_of_them: bool = True
) -> AsyncIterator[Result]:
    """The result of each case, then what held on all connections."""
    ledger = Ledger()
    for case in cases:
        yield await run(case, target, ledger)
    if all_of_them:
        for result in invariant_results(ledger):
            yield result
        yield await survival(target)


def invariant_results(ledger: Ledger) -> Iterator[Result]:
    """Rows 447 to 458 for the connections of a run."""
    for each in INVARIANTS:
        faults = ledger.faults[each.id]
        case = Case(each.id, each.section, MUST, f"every connection: {each.words}", (as_stated(),))
        seen = "; ".join(faults[:5]) or f"held on {ledger.connections} connections"
        yield Result(case, Grade.FAILED if faults else Grade.IDEAL, seen)


async def survival(target: Target) -> Result:
    """Row 459."""
    lives = await serves(target)
    seen = "it serves a request" if lives else "it serves nobody any more"
    return Result(SURVIVAL, Grade.IDEAL if lives else Grade.FAILED, seen)


def summary(results: Sequence[Result]) -> str:
    """How many cases ended with which grade."""
    counted = Counter(each.grade for each in results)
    grades = ", ".join(f"{counted[each]} {each}" for each in sorted(Grade, reverse=True))
    return f"{len(results)} cases: {grades}"


def as_json(results: Sequence[Result]) -> list[dict[str, str]]:
    """One object for each result."""
    return [
        {
            "id": each.case.id,
            "section": each.case.section,
            "level": str(each.case.level),
            "stimulus": each.case.stimulus,
            "allowed": " / ".join(map(str, each.case.allowed)),
            "grade": str(each.grade),
            "observed": each.observed,
            "h3spec": each.case.h3spec,
        }
        for each in results
    ]
