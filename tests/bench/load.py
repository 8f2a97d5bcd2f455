"""What is asked of a server, and whoever asks it: workloads, results, the load generator's port.

This file knows a workload as numbers. It refuses to know how load is made: a `LoadGenerator`
does that, a native one (`native_load.py`) or, where there is none, one in Python (`qh3_load.py`).
Its one rule: a result counts only what was answered in full.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from tests.bench.client import headers_frame

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["MB", "LoadGenerator", "LoadResult", "PreparedLoad", "Workload", "run_once"]

MB = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What to ask. `rounds` times over: open `connections` at once, and on each of them make
    `requests` requests, `streams` at a time."""

    key: str = ""
    """One word, for a command line."""
    name: str
    item: str = "GET"
    """What figures are given for one of."""
    connections: int = 1
    active: int | None = None
    """How many of the connections make requests, the others being idle; None: all."""
    streams: int = 1
    requests: int = 1
    interval: float = 0.0
    """Seconds from the start of a request to that of the next one on its connection; 0: a
    request starts when a stream is free."""
    rounds: int = 1
    download_size: int | None = None
    """Bytes of each response's content; None: a few."""
    upload_size: int | None = None
    """Bytes of each request's content; None: GET."""
    events: int | None = None
    """Server-sent events of each response, ten a second."""
    bulk_size: int | None = None
    """Bytes of a download that is under way on each connection meanwhile, and not counted."""
    priority: bytes | None = None
    """The priority field of each request, RFC 9218 §5; the bulk download has none."""
    is_resumed: bool = False
    """Whether a connection resumes the TLS session of an earlier one, where the server can."""
    loss: float = 0.0
    """The share of datagrams that is lost, each way."""
    is_warm: bool = False
    """Whether connections stand, and idle, before anything is measured."""
    is_standing: bool = False
    """Whether they are too many to be opened anew for each round. They are warm, then."""

    @property
    def path(self) -> str:
        """What to ask for; see `app.py`."""
        if self.events is not None:
            return f"/events/{self.events}"
        if self.upload_size is not None:
            return "/upload"
        return "/" if self.download_size is None else f"/bytes/{self.download_size}"

    @property
    def request(self) -> bytes:
        """A request's HEADERS frame."""
        method = "GET" if self.upload_size is None else "POST"
        return headers_frame(method, self.path, self.upload_size, self.priority)

    @property
    def bulk_request(self) -> bytes:
        """The HEADERS frame of what is under way meanwhile; empty: nothing."""
        return b"" if self.bulk_size is None else headers_frame("GET", f"/bytes/{self.bulk_size}")

    @property
    def total_requests(self) -> int:
        return self.rounds * self.asking * self.requests

    @property
    def asking(self) -> int:
        """How many connections make requests."""
        return self.connections if self.active is None else self.active

    @property
    def total_items(self) -> float:
        """What the server's work is divided by."""
        if self.item == "MB":
            size = (self.download_size or 0) + (self.upload_size or 0)
            return self.total_requests * size / MB
        return self.total_requests * (self.events or 1)

    def scaled(self, factor: float) -> Workload:
        """The same shape, many times smaller; for smoke tests."""
        return replace(
            self,
            requests=max(1, round(self.requests * factor)),
            rounds=max(1, round(self.rounds * factor)),
            connections=min(self.connections, 4),
            active=self.active and min(self.active, 2),
            download_size=self.download_size and round(self.download_size * factor),
            upload_size=self.upload_size and round(self.upload_size * factor),
            bulk_size=self.bulk_size and round(self.bulk_size * factor),
            events=self.events and 1,
        )


@dataclass(frozen=True, kw_only=True)
class LoadResult:
    """What became of a workload, as the client saw it."""

    requests: int
    failures: int
    seconds: float
    datagrams_sent: int
    datagrams_received: int
    latencies: list[float] = field(default_factory=list)
    """Seconds of each request that was answered, to its last byte."""
    resumed: int = 0
    """Connections that resumed a TLS session."""
    complaint: str = ""
    """What went wrong first."""


class PreparedLoad(Protocol):
    """A load generator that could begin at once: a warm workload's connections stand."""

    def run(self) -> LoadResult:
        """Do it all, once more with each call. Raises BenchTimeout."""


class LoadGenerator(Protocol):
    """Makes load from outside the server's processes."""

    @property
    def description(self) -> str:
        """Name and version, for the table's notes."""

    def prepared(
        self, address: tuple[str, int], workload: Workload
    ) -> AbstractContextManager[PreparedLoad]:
        """Get ready, and in the end close all connections. Raises BenchTimeout."""


def run_once(load: LoadGenerator, address: tuple[str, int], workload: Workload) -> LoadResult:
    """The whole of a workload, from the first connection to the last. Raises BenchTimeout."""
    with load.prepared(address, workload) as prepared:
        return prepared.run()
