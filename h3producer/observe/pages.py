"""What an operator can ask for, and the answers.

This file knows four pages. It refuses to know how they are asked for (`admin.py`), and who knows
the answers: a process itself, or the parent of several.

| page | says |
|---|---|
| `/metrics` | all meters, in Prometheus' text format or OpenMetrics, as is asked for |
| `/healthz` | 200 while the process lives: who gets anything else should restart it |
| `/readyz` | 200 while new clients are welcome, 503 while it starts or drains |
| `/connections` | the connections that are there, and their streams, as JSON |

Its one rule: to ask changes nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from h3producer.observe.answer import TEXT, Answer
from h3producer.observe.connections import merged_answer
from h3producer.observe.merger import Merger
from h3producer.observe.prometheus import exposition

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from h3producer.observe.observer import Sight

__all__ = ["Pages"]


class Pages:
    """The answers of one server."""

    def __init__(
        self,
        health: Callable[[], tuple[int, bytes]],
        look: Callable[[], Awaitable[Mapping[int, Sight]]],
    ) -> None:
        """`health` says whether new clients are welcome, as status and content; `look` what each
        process sees, by its slot."""
        self._health = health
        self._look = look
        self._merger = Merger()
        self._pages: dict[str, Callable[[str], Awaitable[Answer]]] = {
            "/metrics": self._metrics,
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/connections": self._connections,
        }

    async def answer(self, path: str, accept: str) -> Answer:
        """The page at `path`, in a form that `accept` takes; 404 if there is none."""
        page = self._pages.get(path.partition("?")[0])
        if page is None:
            return Answer(404, TEXT, f"There are {', '.join(self._pages)}.\n".encode())
        return await page(accept)

    async def _metrics(self, accept: str) -> Answer:
        sights = await self._look()
        merged = self._merger.merged(
            {slot: (sight["process"], sight["metrics"]) for slot, sight in sights.items()}
        )
        content, content_type = exposition(merged, accept)
        return Answer(200, content_type, content)

    async def _healthz(self, _accept: str) -> Answer:
        return Answer(200, TEXT, b"alive\n")

    async def _readyz(self, _accept: str) -> Answer:
        status, content = self._health()
        return Answer(status, TEXT, content)

    async def _connections(self, _accept: str) -> Answer:
        sights = await self._look()
        whole = merged_answer(sight["connections"] for sight in sights.values())
        return Answer(200, "application/json", json.dumps(whole).encode("ascii"))
