"""What is asked of a server, and whoever asks it: workloads, results, the load generator's port.

This file knows a workload as numbers. It refuses to know how load is made: a `LoadGenerator`
does that, and a native one (ngtcp2's gtlsclient, h2load) can take the place of `Qh3Load`
without a change elsewhere. Its one rule: a result counts only what was answered in full.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

__all__ = ["LoadGenerator", "LoadResult", "Workload"]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What to ask. `rounds` times over: open `connections` at once, and on each of them make
    `requests` requests, `streams` at a time."""

    name: str
    connections: int = 1
    streams: int = 1
    requests: int = 1
    rounds: int = 1
    download_size: int | None = None
    """Bytes of each response's content; None: a few."""
    upload_size: int | None = None
    """Bytes of each request's content; None: GET."""

    @property
    def path(self) -> str:
        """What to ask for; see `app.py`."""
        if self.upload_size is not None:
            return "/upload"
        return "/" if self.download_size is None else f"/bytes/{self.download_size}"

    @property
    def total_requests(self) -> int:
        return self.rounds * self.connections * self.requests

    def scaled(self, factor: float) -> Workload:
        """The same shape, smaller; for smoke tests."""
        return replace(
            self,
            requests=max(1, round(self.requests * factor)),
            rounds=max(1, round(self.rounds * factor)),
            connections=min(self.connections, 4) if factor < 1 else self.connections,
            download_size=self.download_size and round(self.download_size * factor),
            upload_size=self.upload_size and round(self.upload_size * factor),
        )


@dataclass(frozen=True, kw_only=True)
class LoadResult:
    """What became of a workload, as the client saw it."""

    requests: int
    failures: int
    seconds: float
    datagrams_sent: int
    datagrams_received: int


class LoadGenerator(Protocol):
    """Makes load from outside the server's processes."""

    @property
    def description(self) -> str:
        """Name and version, for the table's notes."""

    def run(self, address: tuple[str, int], workload: Workload) -> LoadResult:
        """Do it all, and close the connections. Raises BenchTimeout."""
