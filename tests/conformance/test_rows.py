"""Nothing is forgotten: each row of the requirements and each case of h3spec has its place."""

from __future__ import annotations

from collections import Counter

from tests.conformance.case import all_cases
from tests.conformance.h3spec import H3SPEC
from tests.conformance.invariants import INVARIANTS
from tests.conformance.report import SURVIVAL
from tests.conformance.rows import LAST_ROW, WITHOUT_CASE

COVERED = {each.row for each in all_cases()} | {
    int(id) for id in (*(each.id for each in INVARIANTS), SURVIVAL.id)
}


def test_every_row_has_a_case_or_a_reason() -> None:
    missing = set(range(1, LAST_ROW + 1)) - COVERED - set(WITHOUT_CASE)
    assert not missing, f"Rows without a case and without a reason: {sorted(missing)}"


def test_no_reason_excuses_a_row_that_has_a_case() -> None:
    assert not COVERED & set(WITHOUT_CASE)


def test_no_case_tests_a_row_that_does_not_exist() -> None:
    assert max(COVERED) <= LAST_ROW


def test_every_case_of_h3spec_is_there_once() -> None:
    named = Counter(each.h3spec for each in all_cases() if each.h3spec)
    assert named == Counter(H3SPEC)
