"""What is counted of connections: how they begin, how they end, and how they get on.

This file knows which meters a connection feeds. It refuses to know what goes on on one.

Its one rule: nothing is counted for a packet. What a connection knows of itself is read when it
ends, and of those that are there, when somebody asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.observe.endings import end_label, limit_of
from h3producer.observe.instruments import (
    ACTIVE_CONNECTIONS,
    ACTIVE_HANDSHAKES,
    CONGESTION_WINDOW,
    CONNECTION_DURATION,
    HANDSHAKE_DURATION,
    REFUSED,
    ROUND_TRIP,
    SEND_WAIT,
    SEND_WAITING,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.observe.meters import Meters
    from h3producer.quic.inspection import Inspection

__all__ = ["ConnectionMeters"]


class ConnectionMeters:
    """The `ConnectionsWatch` of a process. `now` is the clock of its connections."""

    def __init__(self, meters: Meters, now: Callable[[], float]) -> None:
        self._meters = meters
        self._now = now
        self._network_types: dict[Inspection, str] = {}
        self._half_open: set[Inspection] = set()
        self.packets_sent = self.packets_lost = 0
        """Of connections that have ended."""

    @property
    def live(self) -> list[Inspection]:
        """The connections that have not ended."""
        return list(self._network_types)

    def connection_began(self, connection: Inspection) -> None:
        network_type = "ipv6" if ":" in connection.peer_address[0] else "ipv4"
        self._network_types[connection] = network_type
        self._half_open.add(connection)
        self._meters.add(ACTIVE_CONNECTIONS, 1, (network_type,))
        self._meters.add(ACTIVE_HANDSHAKES)
        connection.time_waits(self._now, self._waited)

    def handshake_completed(self, connection: Inspection) -> None:
        self._handshake_over(connection, "")

    def connection_ended(self, connection: Inspection) -> None:
        network_type = self._network_types.pop(connection, None)
        end, path = connection.end, connection.path_facts
        if network_type is None or end is None:
            return
        error = end_label(end)
        if connection in self._half_open:
            self._handshake_over(connection, error or "other")
        self._meters.add(ACTIVE_CONNECTIONS, -1, (network_type,))
        by = "server" if end.is_ours else "client"
        labels = (network_type, by, error)
        self._meters.record(CONNECTION_DURATION, self._now() - connection.began, labels)
        if limit := limit_of(end):
            self._meters.add(REFUSED, 1, (limit,))
        if path is not None:
            self.packets_sent += path.packets_sent
            self.packets_lost += path.packets_lost

    def sample(self, connection: Inspection) -> None:
        """Look how it gets on, if it has anything to do."""
        path = connection.path_facts
        if path is not None and path.bytes_in_flight and path.smoothed_rtt is not None:
            self._meters.record(ROUND_TRIP, path.smoothed_rtt)
            self._meters.record(CONGESTION_WINDOW, path.congestion_window)

    def _handshake_over(self, connection: Inspection, error: str) -> None:
        self._half_open.discard(connection)
        self._meters.add(ACTIVE_HANDSHAKES, -1)
        resumed = "true" if connection.is_resumed else "false"
        early = "true" if connection.core is not None else "false"
        labels = (resumed, early, error)
        self._meters.record(HANDSHAKE_DURATION, self._now() - connection.began, labels)

    def _waited(self, seconds: float | None) -> None:
        if seconds is None:
            self._meters.add(SEND_WAITING)
        else:
            self._meters.add(SEND_WAITING, -1)
            self._meters.record(SEND_WAIT, seconds)
