"""All that a run of the speed benchmark has found, in a form that can be kept.

This file knows how samples are kept in `speed.json` and what a figure is: the median of a
server's samples, and for a comparison the median of the ratios within a round. It refuses to know
how samples are taken and how figures are shown. Its one rule: whatever is shown (the table, the
picture, the README) is made of the file alone, so it can be made again and compared.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SPEED_FILE", "Figures", "Ratio", "ServerName"]

SPEED_FILE = Path(__file__).with_name("speed.json")

OURS = "ours"


@dataclass(frozen=True)
class ServerName:
    """A server that was measured."""

    key: str
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Ratio:
    """How many times as much one server needs as another."""

    median: float
    least: float
    most: float
    count: int
    """Rounds."""

    @property
    def short(self) -> str:
        """The median alone."""
        return _short(self.median)

    def __str__(self) -> str:
        spread = f"{_short(self.least)}–{_short(self.most)}" if self.count > 1 else "once"
        return f"{self.short} ({spread})"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The outcome of a run."""

    date: str
    """Like 2026-11-26."""
    conditions: str
    """Machine and versions, a line of text."""
    load: str
    """Who made the load."""
    rounds: int
    servers: list[ServerName]
    """Ours is the first."""
    samples: dict[str, dict[str, list[Sample]]]
    """By workload and server."""
    memory: dict[str, dict[str, float]]
    """Bytes of RSS by what they are spent on ("idle", "stalled") and server."""

    @property
    def ours(self) -> ServerName:
        return self.servers[0]

    @property
    def peers(self) -> list[ServerName]:
        return self.servers[1:]

    def of(self, workload: str, server: str) -> list[Sample]:
        """All samples; empty if the workload was not put to the server."""
        return self.samples.get(workload, {}).get(server, [])

    def median(self, workload: str, server: str, value: Callable[[Sample], float]) -> float | None:
        """The median of what `value` takes from each sample."""
        samples = self.of(workload, server)
        return median(map(value, samples)) if samples else None

    def cpu(self, workload: str, server: str) -> float | None:
        """Seconds of server CPU per item."""
        return self.median(workload, server, lambda sample: sample.cpu)

    def ratio(
        self, workload: str, server: str, value: Callable[[Sample], float], to: str = OURS
    ) -> Ratio | None:
        """The server's value in units of another's, each round by itself."""
        pairs = list(zip(self.of(workload, server), self.of(workload, to), strict=False))
        if not pairs:
            return None
        ratios = [value(theirs) / value(ours) for theirs, ours in pairs]
        return Ratio(median(ratios), min(ratios), max(ratios), len(ratios))

    def cpu_ratio(self, workload: str, server: str, to: str = OURS) -> Ratio | None:
        """The server's CPU per item in units of another's."""
        return self.ratio(workload, server, lambda sample: sample.cpu, to)

    @property
    def text(self) -> str:
        """What is kept."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @property
    def digest(self) -> str:
        """SHA-256 of what is kept: by it whatever is made of the figures can be told."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def save(self, path: Path = SPEED_FILE) -> None:
        path.write_text(self.text, encoding="utf-8")

    @classmethod
    def load_from(cls, path: Path = SPEED_FILE) -> Figures:
        found = json.loads(path.read_text(encoding="utf-8"))
        found["servers"] = [ServerName(**each) for each in found["servers"]]
        found["samples"] = {
            workload: {
                server: [Sample(**each) for each in samples] for server, samples in of.items()
            }
            for workload, of in found["samples"].items()
        }
        return cls(**found)


def _short(ratio: float) -> str:
    """Two figures that mean something."""
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2f}"
