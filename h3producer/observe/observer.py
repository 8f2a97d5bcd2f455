"""Whoever watches a server: what it is asked to keep, and nothing else.

This file knows which connections are watched, and for whom. It refuses to know what a log line
looks like, and which meters there are. Its one rule: who asked for nothing gets nobody to watch, so
that a server that nobody looks at pays a comparison.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, TypedDict

from h3producer.observe.access_log import AccessLog
from h3producer.observe.connection_meters import ConnectionMeters
from h3producer.observe.connections import ConnectionsAnswer, connections_answer
from h3producer.observe.counted_socket import CountedSocket
from h3producer.observe.exchange_meters import ExchangeMeters
from h3producer.observe.meters import Meters, Snapshot
from h3producer.observe.readings import Readings
from h3producer.observe.sampler import Sampler
from h3producer.observe.tcp_watch import TcpWatch
from h3producer.observe.watch import ConnectionWatch
from h3producer.quic.transport import EngineTransport

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence

    from h3producer.config import Config
    from h3producer.http3.record import ExchangeWatch
    from h3producer.http3.transport import QuicTransport
    from h3producer.observe.readings import Sources
    from h3producer.quic.loop import Loop
    from h3producer.quic.udp.endpoint import UdpEndpoint

__all__ = ["Observer", "Sight"]


class Sight(TypedDict):
    """What one process sees; plain JSON."""

    process: int
    """Its id."""
    metrics: Snapshot
    connections: ConnectionsAnswer


class Observer:
    """Watches one process that serves; `worker` is its slot, if there are several."""

    def __init__(self, config: Config, worker: int | None = None) -> None:
        self.worker = worker
        self._log = AccessLog(config.access_log_format, worker) if config.access_log else None
        self._meters = None if config.admin_bind is None else Meters()
        self._exchanges = None if self._meters is None else ExchangeMeters(self._meters)
        self._endpoints: Sequence[UdpEndpoint] = ()
        self._readings: Readings | None = None
        self._sampler: Sampler | None = None
        self._loop: Loop | None = None

    def watch(self, transport: QuicTransport) -> ExchangeWatch | None:
        """Who watches the exchanges of a connection that begins; None if nobody does."""
        log, meters = self._read_log, self._exchanges
        if (log is None and meters is None) or not isinstance(transport, EngineTransport):
            return None
        return ConnectionWatch(transport, time.monotonic, log, meters)

    def watch_tcp(self, peer_address: tuple[str, int]) -> ExchangeWatch | None:
        """Who watches the exchanges of a TCP connection."""
        log, meters = self._read_log, self._exchanges
        if log is None and meters is None:
            return None
        return TcpWatch(peer_address, time.monotonic, log, meters)

    @property
    def _read_log(self) -> AccessLog | None:
        """The access log, if its lines go anywhere."""
        return self._log if self._log is not None and self._log.is_read else None

    def counted(self, sockets: Sequence[socket.socket]) -> list[socket.socket]:
        """The sockets to serve on in place of these: they count, if anybody wants to know."""
        if self._meters is None:
            return list(sockets)
        return [CountedSocket(sock) for sock in sockets]

    def begin(self, loop: Loop, sources: Sources) -> None:
        """Watch these; to be called before the first connection comes."""
        self._endpoints, self._loop = sources.endpoints, loop
        if self._meters is None:
            return
        connections = ConnectionMeters(self._meters, loop.time)
        for endpoint in sources.endpoints:
            endpoint.watch = connections
        self._readings = Readings(self._meters, sources, connections)
        self._sampler = Sampler(self._meters, connections)
        self._sampler.start(loop)

    def end(self) -> None:
        """Watch no more; idempotent."""
        if self._sampler is not None:
            self._sampler.stop()

    async def sights(self) -> Mapping[int, Sight]:
        """`sight`, by the slot of the process; 0 if it is alone."""
        return {self.worker or 0: await self.sight()}

    async def sight(self) -> Sight:
        """What is to be seen now. Takes a pass of the event loop for some hundred connections."""
        if self._readings is not None:
            await self._readings.take()
        return {
            "process": os.getpid(),
            "metrics": {} if self._meters is None else self._meters.snapshot(),
            "connections": connections_answer(
                [each for endpoint in self._endpoints for each in endpoint.connections],
                worker=self.worker,
                now=0.0 if self._loop is None else self._loop.time(),
                wall_time=time.time(),
            ),
        }
