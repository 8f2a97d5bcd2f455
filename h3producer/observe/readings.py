"""What others count anyway, read into meters when somebody asks.

This file knows where those numbers stand: at the door, on the sockets, in connections, and what the
system says of the process. It refuses to know who asks.

Its one rule: no pass of the event loop reads more than `MAX_READ_PER_PASS` connections.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from h3producer.observe.counted_socket import CountedSocket
from h3producer.observe.instruments import (
    CPU_TIME,
    FILE_DESCRIPTORS,
    HANDOVERS,
    MEMORY,
    NETWORK_DATAGRAMS,
    NETWORK_DROPPED,
    NETWORK_IO,
    PACKETS_LOST,
    PACKETS_SENT,
    REFUSED,
    REJECTED_CONNECTIONS,
    RETRIES,
    STATELESS_RESETS,
    VERSION_NEGOTIATIONS,
    WORKERS,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from h3producer.observe.connection_meters import ConnectionMeters
    from h3producer.observe.meters import Meters
    from h3producer.quic.acceptor import Acceptor
    from h3producer.quic.siblings.hand_over import HandOver
    from h3producer.quic.udp.endpoint import UdpEndpoint

__all__ = ["MAX_READ_PER_PASS", "Readings", "Sources"]

MAX_READ_PER_PASS: Final = 256
"""Connections that are read in one pass of the event loop: about half a millisecond."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Who counts in one process."""

    sockets: Sequence[socket.socket]
    """Those that are a `CountedSocket` are read."""
    acceptor: Acceptor
    endpoints: Sequence[UdpEndpoint]
    hand_over: HandOver | None


class Readings:
    """Reads what one process has counted."""

    def __init__(self, meters: Meters, sources: Sources, connections: ConnectionMeters) -> None:
        self._meters = meters
        self._sockets = [each for each in sources.sockets if isinstance(each, CountedSocket)]
        self._acceptor = sources.acceptor
        self._endpoints = sources.endpoints
        self._hand_over = sources.hand_over
        self._connections = connections

    async def take(self) -> None:
        """Read all of it."""
        self._read_door()
        self._read_sockets()
        self._read_process()
        await self._read_packets()

    def _read_door(self) -> None:
        counts, put = self._acceptor.counts, self._meters.set
        put(RETRIES, counts.retries)
        put(VERSION_NEGOTIATIONS, counts.version_negotiations)
        for error, number in (
            ("max_connections", counts.full),
            ("max_connections_per_address", counts.share),
            ("max_half_open_connections", counts.crowd),
        ):
            put(REJECTED_CONNECTIONS, number, (error,))
            put(REFUSED, number, (error,))
        put(REJECTED_CONNECTIONS, counts.invalid_tokens, ("invalid_token",))
        put(REJECTED_CONNECTIONS, counts.noise, ("not_authentic",))

    def _read_sockets(self) -> None:
        put, sockets = self._meters.set, self._sockets
        put(NETWORK_IO, sum(each.received for each in sockets), ("receive",))
        put(NETWORK_IO, sum(each.sent for each in sockets), ("transmit",))
        put(NETWORK_DATAGRAMS, sum(each.datagrams_received for each in sockets), ("receive",))
        put(NETWORK_DATAGRAMS, sum(each.datagrams_sent for each in sockets), ("transmit",))
        put(NETWORK_DROPPED, sum(each.dropped for each in sockets), ("receive_buffer",))
        put(NETWORK_DROPPED, sum(each.dropped for each in self._endpoints), ("inbox",))
        put(STATELESS_RESETS, sum(each.resets for each in self._endpoints))
        if self._hand_over is not None:
            put(HANDOVERS, self._hand_over.taken, ("receive",))
            put(HANDOVERS, self._hand_over.passed_on, ("transmit",))
            put(NETWORK_DROPPED, self._hand_over.lost, ("handover",))

    def _read_process(self) -> None:
        put, spent = self._meters.set, os.times()
        put(CPU_TIME, spent.user, ("user",))
        put(CPU_TIME, spent.system, ("system",))
        put(WORKERS, 1)
        if sys.platform == "linux":
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            put(MEMORY, pages * os.sysconf("SC_PAGE_SIZE"))
            put(FILE_DESCRIPTORS, len(os.listdir("/proc/self/fd")))

    async def _read_packets(self) -> None:
        connections = self._connections
        live = connections.live
        # Those that end meanwhile are counted where they are kept when they have ended.
        sent = lost = 0
        for start in range(0, len(live), MAX_READ_PER_PASS):
            for connection in live[start : start + MAX_READ_PER_PASS]:
                path = None if connection.end is not None else connection.path_facts
                if path is not None:
                    sent += path.packets_sent
                    lost += path.packets_lost
            if start + MAX_READ_PER_PASS < len(live):
                await asyncio.sleep(0)
        self._meters.set(PACKETS_SENT, connections.packets_sent + sent)
        self._meters.set(PACKETS_LOST, connections.packets_lost + lost)
