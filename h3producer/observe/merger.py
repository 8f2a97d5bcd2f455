"""The snapshots of several workers, as those of one server.

This file knows that workers come and go. It refuses to know how they are asked.

Its one rule: what was counted stays counted. A worker that is replaced begins with zero, and a sum
that falls looks to whoever reads it as if the server had counted all of it anew. So of one that has
gone, or does not answer, the last that it said stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.observe.instrument import Kind
from h3producer.observe.instruments import INSTRUMENTS
from h3producer.observe.meters import Snapshot, added

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Merger"]

_GAUGES = frozenset(each.name for each in INSTRUMENTS if each.kind is Kind.GAUGE)


class Merger:
    """Adds up what workers say, from one time to the next."""

    def __init__(self) -> None:
        self._departed: Snapshot = {}
        self._last: dict[int, tuple[int, Snapshot]] = {}

    def merged(self, snapshots: Mapping[int, tuple[int, Snapshot]]) -> Snapshot:
        """The sums of all workers that there ever were, and the gauges of those that answer.

        By slot, the process id and what that process says.
        """
        gauges: list[Snapshot] = []
        for slot, (process, snapshot) in snapshots.items():
            before = self._last.get(slot)
            if before is not None and before[0] != process:
                self._departed = added([self._departed, before[1]])
            counted = {name: sums for name, sums in snapshot.items() if name not in _GAUGES}
            self._last[slot] = process, counted
            gauges.append({name: sums for name, sums in snapshot.items() if name in _GAUGES})
        return added([self._departed, *(last for _, last in self._last.values()), *gauges])
