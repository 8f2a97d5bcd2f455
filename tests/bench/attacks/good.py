"""The client that behaves: what a small GET takes on an open connection, and on a new one.

    python -m tests.bench.attacks.good HOST PORT

A process of its own: each line on its standard input is a number of seconds to measure for, and
answered by a line of JSON. It keeps one connection over all measurements, asks on it at a steady
pace, and now and then opens another for one request.

Its one rule: an answer that is late makes the questions behind it late too, and that counts. A
request that could not be sent when it was due is measured from when it was due, or the slowest
answers would be the fewest.
"""

from __future__ import annotations

import json
import logging
import select
import ssl
import sys
import time
from statistics import median

from qh3.quic.configuration import QuicConfiguration
from qh3.quic.connection import QuicConnection
from qh3.quic.events import (
    ConnectionTerminated,
    HandshakeCompleted,
    StreamDataReceived,
    StreamReset,
)

from tests.bench.client import UdpPeer, headers_frame, open_control_stream
from tests.bench.percentile import percentile

__all__ = ["Line"]

PACE = 0.004
"""Seconds between two requests: light enough to leave a server idle, and 2,500 samples in 10 s."""

NEW_EVERY = 0.5
"""Seconds between two new connections."""

PATIENCE = 10.0
"""Seconds after which a request has failed."""

REQUEST = headers_frame("GET", "/")

logging.getLogger("quic").setLevel(logging.CRITICAL)


class Line:
    """One connection with at most one request on it. A `Session` for its `UdpPeer`."""

    def __init__(self, address: tuple[str, int], source: str | None = None) -> None:
        configuration = QuicConfiguration(
            is_client=True,
            alpn_protocols=["h3"],
            server_name="localhost",
            verify_mode=ssl.CERT_NONE,
            probe_datagram_size=False,
            idle_timeout=30.0,
        )
        self._quic = QuicConnection(configuration=configuration)
        self._stream_id: int | None = None
        self.started = time.perf_counter()
        self.took: float | None = None
        """Seconds of the last request, when it has been answered."""
        self.is_ready = False
        self.is_lost = False
        self.peer = UdpPeer(self._quic, address, self, source)

    @property
    def is_waiting(self) -> bool:
        return self._stream_id is not None

    @property
    def is_idle(self) -> bool:
        return self.is_ready and self._stream_id is None

    def ask(self, since: float) -> None:
        """Send a request that is measured from `since`."""
        self.started, self.took = since, None
        self._stream_id = self._quic.get_next_available_stream_id()
        self._quic.send_stream_data(self._stream_id, REQUEST, end_stream=True)
        self.peer.flush()

    def event_received(self, event: object) -> None:
        if isinstance(event, StreamDataReceived):
            if event.stream_id == self._stream_id and event.end_stream:
                self.took = time.perf_counter() - self.started
                self._stream_id = None
        elif isinstance(event, HandshakeCompleted):
            self.is_ready = True
            open_control_stream(self._quic)
        elif isinstance(event, ConnectionTerminated) or (
            isinstance(event, StreamReset) and event.stream_id == self._stream_id
        ):
            self.is_lost = True

    def write(self) -> None:
        """All is written in `ask`."""

    def close(self) -> None:
        self.peer.close()


class GoodClient:
    """A steady connection, and another one from time to time."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._steady = Line(address)
        self._visitor: Line | None = None
        self._steady_times: list[float] = []
        self._visit_times: list[float] = []
        self._failures = 0
        self._failed_visits = 0
        self._due = 0.0
        self._is_late = False
        """Whether the next request was due before the last one was answered."""

    def measure(self, seconds: float) -> dict[str, float]:
        """Ask for so long; the figures, in seconds and counts."""
        self._steady_times, self._visit_times = [], []
        self._failures = self._failed_visits = 0
        while not self._steady.is_idle:
            self._wait(0.05)
        now = time.perf_counter()
        end, self._due, visit_due = now + seconds, now, now + NEW_EVERY / 2
        while now < end or self._steady.is_waiting or self._visitor is not None:
            if now < end and self._due <= now and self._steady.is_idle:
                since = self._due if self._is_late else now
                self._steady.ask(since)
                self._due = since + PACE
            if self._visitor is None and visit_due <= now < end:
                self._visitor = Line(self._address)
                visit_due = now + NEW_EVERY
            self._wait(self._due - now if now < end and self._steady.is_idle else 0.05)
            now = time.perf_counter()
            self._look_at_steady(now)
            self._look_at_visitor(now)
        return self._figures()

    def _look_at_steady(self, now: float) -> None:
        steady = self._steady
        if steady.took is not None:
            self._steady_times.append(steady.took)
            steady.took = None
            self._is_late = self._due <= now
        elif steady.is_lost or (not steady.is_idle and now - steady.started > PATIENCE):
            self._failures += 1
            steady.close()
            self._steady = Line(self._address)
            self._due = now

    def _look_at_visitor(self, now: float) -> None:
        visitor = self._visitor
        if visitor is None:
            return
        if visitor.took is not None:
            self._visit_times.append(visitor.took)
        elif visitor.is_lost or now - visitor.started > PATIENCE:
            self._failed_visits += 1
        else:
            if visitor.is_idle:
                visitor.ask(visitor.started)
            return
        visitor.close()
        self._visitor = None

    def _wait(self, seconds: float) -> None:
        peers = [self._steady.peer] + ([self._visitor.peer] if self._visitor else [])
        now = time.monotonic()
        timers = [when - now for peer in peers if (when := peer.quic.get_timer()) is not None]
        timeout = max(0.0, min([seconds, 0.05, *timers]))
        ready, _, _ = select.select([peer.socket for peer in peers], [], [], timeout)
        for peer in peers:
            if peer.socket in ready:
                peer.receive()
            else:
                peer.handle_timer()

    def _figures(self) -> dict[str, float]:
        times, visits = self._steady_times, self._visit_times
        return {
            "requests": len(times),
            "failures": self._failures,
            "p50": percentile(times, 0.5),
            "p99": percentile(times, 0.99),
            "max": max(times, default=float("nan")),
            "visits": len(visits),
            "failed_visits": self._failed_visits,
            "visit_p50": median(visits) if visits else float("nan"),
            "visit_max": max(visits, default=float("nan")),
        }


def main() -> None:
    client = GoodClient((sys.argv[1], int(sys.argv[2])))
    for line in sys.stdin:
        print(json.dumps(client.measure(float(line))), flush=True)


if __name__ == "__main__":
    main()
