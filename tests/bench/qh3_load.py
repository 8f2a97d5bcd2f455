"""Load from qh3, QUIC in Rust, driven by Python: where there is no native client, or no need of it.

This file knows how a `Workload` becomes connections. What happens on each of them is
`qh3_session.py`'s. Its one rule: what this client costs shows in the rates, so a table that was
made with it says so.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import random
import ssl
import time
from typing import TYPE_CHECKING

from qh3.quic.configuration import QuicConfiguration
from qh3.quic.connection import QuicConnection

from tests.bench.client import UdpPeer, drive
from tests.bench.load import LoadResult
from tests.bench.qh3_session import Qh3Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qh3.tls import SessionTicket

    from tests.bench.load import PreparedLoad, Workload

__all__ = ["Qh3Load"]

PATIENCE = 120.0

CLIENTS_PER_HOST = 200
"""Connections from one address: more would look like an attack."""

DIALS_AT_ONCE = 16
"""Handshakes of warm connections that are under way together: a crowd at the door is not what a
warm workload measures."""

# It warns of each connection that the peer closes, with whatever code.
logging.getLogger("quic").setLevel(logging.ERROR)


class Qh3Load:
    """A `LoadGenerator` on qh3, in this process."""

    @property
    def description(self) -> str:
        return f"qh3 {importlib.metadata.version('qh3')} in Python"

    @contextlib.contextmanager
    def prepared(self, address: tuple[str, int], workload: Workload) -> Iterator[PreparedLoad]:
        prepared = _Prepared(address, workload)
        try:
            yield prepared
        finally:
            prepared.close()


class _Prepared:
    """A `PreparedLoad`: with connections, if the workload is a warm one."""

    def __init__(self, address: tuple[str, int], workload: Workload) -> None:
        self._address = address
        self._workload = workload
        self._ticket: SessionTicket | None = None
        self._warm: list[_Line] = []
        if workload.is_warm:
            numbers = range(workload.connections)
            for first in numbers[::DIALS_AT_ONCE]:
                self._warm += self._dial(numbers[first : first + DIALS_AT_ONCE])

    def run(self) -> LoadResult:
        results = [self._round() for _ in range(self._workload.rounds)]
        return LoadResult(
            requests=sum(each.requests for each in results),
            failures=sum(each.failures for each in results),
            seconds=sum(each.seconds for each in results),
            datagrams_sent=sum(each.datagrams_sent for each in results),
            datagrams_received=sum(each.datagrams_received for each in results),
            latencies=[latency for each in results for latency in each.latencies],
            resumed=sum(each.resumed for each in results),
        )

    def close(self) -> None:
        for _, peer in self._warm:
            peer.close()

    def _round(self) -> LoadResult:
        start = time.perf_counter()
        lines = self._warm or self._connect()
        before = _traffic(lines)
        asking = lines[: self._workload.asking]
        sessions = [session for session, _ in asking]
        for session, peer in asking:
            session.begin()
            peer.flush()
        self._drive(lines)
        seconds = time.perf_counter() - start
        sent, received = (now - then for now, then in zip(_traffic(lines), before, strict=True))
        if not self._workload.is_warm:
            for _, peer in lines:
                peer.close()
        return LoadResult(
            requests=sum(each.finished for each in sessions),
            failures=sum(each.failures for each in sessions),
            seconds=seconds,
            datagrams_sent=sent,
            datagrams_received=received,
            latencies=[latency for each in sessions for latency in each.latencies],
            resumed=sum(each.is_resumed for each in sessions),
        )

    def _drive(self, lines: Sequence[_Line]) -> None:
        asking = lines[: self._workload.asking]

        def is_done() -> bool:
            now = time.monotonic()
            for session, peer in asking:
                if (due := session.due) is not None and due <= now:
                    peer.flush()
            return all(session.is_done for session, _ in asking)

        def due() -> float | None:
            return min((when for s, _ in asking if (when := s.due) is not None), default=None)

        drive(_peers(lines), is_done, PATIENCE, due)
        for session, peer in asking:
            session.stop_bulk()
            peer.flush()

    def _connect(self) -> list[_Line]:
        return [self._line(number) for number in range(self._workload.connections)]

    def _dial(self, numbers: Iterable[int]) -> list[_Line]:
        """Connections whose handshakes are over."""
        lines = [self._line(number) for number in numbers]
        drive(_peers(lines), lambda: all(session.is_ready for session, _ in lines), PATIENCE)
        return lines

    def _line(self, number: int) -> _Line:
        quic = self._connection()
        session = Qh3Session(quic, self._workload)
        source = f"127.0.0.{1 + number // CLIENTS_PER_HOST}"
        loss, fate = self._workload.loss, random.Random(number)
        is_lost = (lambda: fate.random() < loss) if loss else None
        return session, UdpPeer(quic, self._address, session, source, is_lost)

    def _connection(self) -> QuicConnection:
        configuration = QuicConfiguration(
            is_client=True,
            alpn_protocols=["h3"],
            server_name="localhost",
            verify_mode=ssl.CERT_NONE,
            probe_datagram_size=False,
            idle_timeout=300.0,
            session_ticket=self._ticket,
        )
        if not self._workload.is_resumed:
            return QuicConnection(configuration=configuration)
        return QuicConnection(configuration=configuration, session_ticket_handler=self._keep)

    def _keep(self, ticket: SessionTicket) -> None:
        self._ticket = ticket


_Line = tuple[Qh3Session, UdpPeer]


def _peers(lines: Sequence[_Line]) -> list[UdpPeer]:
    return [peer for _, peer in lines]


def _traffic(lines: Sequence[_Line]) -> tuple[int, int]:
    """Datagrams sent and received so far."""
    peers = _peers(lines)
    return sum(p.datagrams_sent for p in peers), sum(p.datagrams_received for p in peers)
