"""Runs cases: one after the other, each until it is decided.

This file knows how long a case is watched and what becomes of its exceptions. It refuses to know
servers and reports. Its one rule: a case always ends with a grade, whatever the server does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.conformance.case import Broken, Case, Level, NotOffered
from tests.conformance.observed import Observed
from tests.conformance.peer import NoHandshake, Peer
from tests.conformance.reactions import Grade, grade

if TYPE_CHECKING:
    from tests.conformance.invariants import Ledger
    from tests.conformance.reactions import Reaction
    from tests.conformance.streams import Stream
    from tests.conformance.target import Target

__all__ = ["Result", "run"]

DEADLINE = 90.0
"""Seconds until a case is given up."""

AFTERMATH = 0.2
"""Share of a server's lateness that is left to a reaction when its stream is over already."""


@dataclass(frozen=True)
class Result:
    """One case at one server."""

    case: Case
    grade: Grade
    observed: str

    @property
    def is_failure(self) -> bool:
        """The server breaks something that it owes."""
        return self.grade is Grade.FAILED and self.case.level is not Level.INFO

    def __str__(self) -> str:
        expected = " / ".join(map(str, self.case.allowed))
        return (
            f"{self.case} ({self.case.section}, {self.case.level}): {self.grade}\n"
            f"  expected: {expected}\n  observed: {self.observed}"
        )


async def run(case: Case, target: Target, ledger: Ledger) -> Result:
    """The case at the server; never raises for what the server does."""
    try:
        if case.needs_app:
            target.needs_app()
        async with asyncio.timeout(DEADLINE):
            if case.run is not None:
                observed = await case.run(target)
            else:
                observed = await _run_connected(case, target, ledger)
    except NotOffered as missing:
        return Result(case, Grade.NOT_OFFERED, f"not offered: {missing}")
    except Broken as broken:
        return Result(case, Grade.FAILED, str(broken))
    except NoHandshake as error:
        return Result(case, Grade.FAILED, f"no handshake: {error}")
    except TimeoutError:
        return Result(case, Grade.FAILED, "the server did not answer in time")
    except Exception as error:
        # What a server did that no case had thought of, such as content that is no JSON.
        return Result(case, Grade.FAILED, f"the case broke off: {error!r}")
    return Result(case, grade(observed, case.allowed), str(observed))


async def _run_connected(case: Case, target: Target, ledger: Ledger) -> Observed:
    assert case.act is not None
    async with Peer.connected(target, case.opening) as peer:
        try:
            stream = await case.act(peer)
            observed = await _watched(peer, stream, case.allowed)
            for afterthought in peer.afterthoughts:
                await afterthought()
        finally:
            ledger.examine(case.id, peer)
    return observed


async def _watched(peer: Peer, stream: Stream | None, allowed: tuple[Reaction, ...]) -> Observed:
    """What happens to the stream, or to the connection if it is None."""

    def is_decided() -> bool:
        observed = _snapshot(peer, stream, lives=True)
        return peer.close is not None or any(
            each.match(observed) is not Grade.FAILED for each in allowed
        )

    is_late, lateness = "", peer.target.lateness
    if not any(each.is_passive for each in allowed):
        try:
            await peer.until(lambda: is_decided() or _is_over(stream), lateness)
            await peer.until(is_decided, AFTERMATH * lateness)
        except TimeoutError:
            is_late = "nothing else"
    lives = await peer.serves()
    return replace(_snapshot(peer, stream, lives=lives), note=is_late)


def _is_over(stream: Stream | None) -> bool:
    return stream is not None and stream.is_over


def _snapshot(peer: Peer, stream: Stream | None, *, lives: bool) -> Observed:
    ending = Observed(close=peer.close, lives=lives, is_confirmed=peer.was_confirmed)
    if stream is None:
        return ending
    return replace(
        ending,
        reset=stream.reset_code,
        stop=stream.stop_code,
        status=stream.response.status,
        ended=stream.ended,
    )
