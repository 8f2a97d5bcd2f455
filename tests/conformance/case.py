"""What a case is, and how one is written down.

This file knows the parts of a case and the list of them all. It refuses to know any single one
(`cases/` does) and how they are run. Its one rule: a case is complete in itself: its stimulus, the
reactions that are allowed and its row are in one place.

    @connection_case(
        "67", "RFC 9114 §4.1", MUST, "empty DATA before HEADERS",
        connection_error(Code.H3_FRAME_UNEXPECTED),
    )
    async def empty_data_first(peer: Peer) -> Stream:
        stream = peer.open()
        stream.write(data(b""))
        return stream

The stream that is returned is watched until one of the reactions is seen or nothing can come any
more; None watches the connection. What cannot be said as a reaction is a `check` on the way.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.conformance.peer import Opening, Peer
from tests.conformance.streams import Stream
from tests.conformance.target import NotOffered

if TYPE_CHECKING:
    from tests.conformance.observed import Observed
    from tests.conformance.reactions import Reaction
    from tests.conformance.target import Target

__all__ = [
    "HARD",
    "INFO",
    "MUST",
    "SHOULD",
    "Broken",
    "Case",
    "Level",
    "NotOffered",
    "all_cases",
    "check",
    "connection_case",
    "target_case",
]

Stimulus = Callable[[Peer], Awaitable[Stream | None]]
"""Does to a connection what a case is about, and returns the stream to watch."""


class Level(StrEnum):
    """How binding a requirement is; `HARD` is a defence that an RFC asks for without a reaction."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    HARD = "HARD"
    INFO = "INFO"


MUST, SHOULD, HARD, INFO = Level.MUST, Level.SHOULD, Level.HARD, Level.INFO


class Broken(Exception):
    """Something was seen that no reaction allows; the message says what."""


def check(condition: object, sentence: str) -> None:
    """Raise `Broken` with what was seen unless the condition holds."""
    if not condition:
        raise Broken(sentence)


@dataclass(frozen=True)
class Case:
    """One requirement as one experiment."""

    id: str
    """The number of the row it tests, and a letter where a row needs several."""
    section: str
    level: Level
    stimulus: str
    allowed: tuple[Reaction, ...]
    """The ideal reaction first."""
    run: Callable[[Target], Awaitable[Observed]] | None = None
    """Connects by itself, if it is no `act` on a connection."""
    act: Stimulus | None = None
    opening: Opening = field(default_factory=Opening)
    needs_app: bool = False
    h3spec: str = ""
    """The name of the case of h3spec that it re-creates."""

    @property
    def row(self) -> int:
        return row_of(self.id)

    def __str__(self) -> str:
        return f"{self.id} {self.stimulus}"


CASES: Final[dict[str, Case]] = {}


def connection_case(
    id: str,
    section: str,
    level: Level,
    stimulus: str,
    *allowed: Reaction,
    opening: Opening | None = None,
    needs_app: bool = False,
    h3spec: str = "",
) -> Callable[[Stimulus], Stimulus]:
    """A case on a connection of its own, which has been opened as `opening` says."""

    def register(act: Stimulus) -> Stimulus:
        _add(
            Case(
                id,
                section,
                level,
                stimulus,
                allowed,
                act=act,
                opening=opening or Opening(),
                needs_app=needs_app,
                h3spec=h3spec,
            )
        )
        return act

    return register


def target_case(
    id: str,
    section: str,
    level: Level,
    stimulus: str,
    *allowed: Reaction,
    needs_app: bool = False,
    h3spec: str = "",
) -> Callable[[Callable[[Target], Awaitable[Observed]]], Callable[[Target], Awaitable[Observed]]]:
    """A case that connects as it likes, and says itself what it has observed."""

    def register(
        run: Callable[[Target], Awaitable[Observed]],
    ) -> Callable[[Target], Awaitable[Observed]]:
        _add(
            Case(id, section, level, stimulus, allowed, run=run, needs_app=needs_app, h3spec=h3spec)
        )
        return run

    return register


def _add(case: Case) -> None:
    assert case.allowed, f"Case {case.id} allows no reaction."
    assert case.id not in CASES, f"There are two cases {case.id}."
    CASES[case.id] = case


def row_of(id: str) -> int:
    """The row that an id belongs to."""
    match = re.fullmatch(r"([0-9]+)[a-z]?", id)
    assert match, f"{id!r} is no id of a case: a number and perhaps a letter."
    return int(match[1])


def all_cases() -> list[Case]:
    """The cases of every module in `cases/`, in the order of their rows."""
    for module in pkgutil.iter_modules([str(Path(__file__).with_name("cases"))]):
        importlib.import_module(f"tests.conformance.cases.{module.name}")
    return sorted(CASES.values(), key=lambda case: (case.row, case.id))
