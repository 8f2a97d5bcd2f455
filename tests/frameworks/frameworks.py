"""Which frameworks are tested, and what each of them does not have.

This file knows names. It refuses to know tests. Its one rule: what is not in `lacks` is expected,
so that a framework that gains something is to be told here and nothing is left out by accident.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["FRAMEWORKS", "Framework", "Lack", "having"]


class Lack(Enum):
    """What a framework may not have; the value says it in a sentence for `docs/frameworks.md`."""

    LIFESPAN = "It does not hear of the server's start and end."
    BACKGROUND = "It has no tasks that run after the response."
    WEBSOCKET = "It has no WebSockets."
    SILENCE = "It hears of a client that left when it sends the next part, not before."
    COMPOSURE = "It logs an upload that was given up as an error of the application."


@dataclass(frozen=True)
class Framework:
    """One framework; its example is `examples/frameworks/NAME.py`."""

    name: str
    title: str
    lacks: frozenset[Lack] = frozenset()

    def __str__(self) -> str:
        return self.name


FRAMEWORKS = (
    Framework("starlette", "Starlette", frozenset({Lack.SILENCE})),
    Framework("fastapi", "FastAPI", frozenset({Lack.SILENCE})),
    Framework("django", "Django", frozenset({Lack.LIFESPAN, Lack.BACKGROUND, Lack.WEBSOCKET})),
    Framework("quart", "Quart"),
    Framework("litestar", "Litestar", frozenset({Lack.COMPOSURE})),
    Framework(
        "blacksheep", "BlackSheep", frozenset({Lack.BACKGROUND, Lack.SILENCE, Lack.COMPOSURE})
    ),
    Framework("falcon", "Falcon", frozenset({Lack.SILENCE})),
    Framework(
        "flask",
        "Flask (a2wsgi)",
        frozenset({Lack.LIFESPAN, Lack.BACKGROUND, Lack.WEBSOCKET, Lack.SILENCE}),
    ),
)


def having(lack: Lack) -> list[Framework]:
    """The frameworks that do not lack this."""
    return [framework for framework in FRAMEWORKS if lack not in framework.lacks]
