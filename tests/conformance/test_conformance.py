"""Our own server under the conformance suite: one test for each case, one server for them all.

The server runs in a process of its own, by the command that a user starts it with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from h3producer.config import Config
from tests.conformance.case import HARD, all_cases
from tests.conformance.invariants import INVARIANTS, Ledger
from tests.conformance.launch import OURS
from tests.conformance.reactions import Grade
from tests.conformance.report import invariant_results, survival
from tests.conformance.runner import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conformance.case import Case
    from tests.conformance.launch import Server
    from tests.conformance.target import Target

NOT_OFFERED = {"a dynamic table", "a server without extended CONNECT", "early data"}
"""What our server does without; each is a decision, not an accident."""

if not Config.fast_path:
    NOT_OFFERED.add("session tickets")

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Server]:
    async with OURS() as server:
        yield server


@pytest.fixture(scope="module")
def target(server: Server) -> Target:
    return server.target


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger()


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
async def test_case(case: Case, target: Target, ledger: Ledger) -> None:
    result = await run(case, target, ledger)
    if result.grade is Grade.NOT_OFFERED:
        assert result.observed.removeprefix("not offered: ") in NOT_OFFERED, str(result)
        pytest.skip(result.observed)
    # An attack that was endured is as good as one that was refused.
    enough = Grade.ALLOWED if case.level is HARD else Grade.IDEAL
    assert result.grade >= enough, str(result)


@pytest.mark.parametrize("id", [each.id for each in INVARIANTS])
async def test_invariant(id: str, ledger: Ledger) -> None:
    result = next(each for each in invariant_results(ledger) if each.case.id == id)
    assert not result.is_failure, str(result)


async def test_459(target: Target) -> None:
    result = await survival(target)
    assert not result.is_failure, str(result)


async def test_nothing_but_faults_of_the_application_is_logged_as_an_error(server: Server) -> None:
    errors = [line for line in server.log().splitlines() if line.startswith(("ERROR", "CRITICAL"))]
    assert [line for line in errors if "exception in the application" not in line] == []
