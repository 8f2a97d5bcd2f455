"""A client at another host: what we had learned of the path to it is void.

This file knows when a proven address is a new place rather than a new port. It refuses to know how
an address is proven (`paths.py`) and how a window grows. aioquic 1.7.2 takes window and round trip
of the old path along: a client that moves from a fast network to a slow one is sent a burst of
megabytes, and one that moves the other way is probed for losses after a satellite's round trip.

Its one rule: what is in flight stays counted, and tells nothing about the new path.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aioquic.quic.congestion.base import create_congestion_control

from h3producer.quic.aioquic.congestion import BoundedControl
from h3producer.quic.aioquic.paths import PathConnection

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicReceiveContext

    from h3producer.quic.aioquic.internals import Buffer

__all__ = ["MigratingConnection"]


class MigratingConnection(PathConnection):
    """A connection that starts anew where its peer has not been before."""

    def _handle_path_response_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        path = self._network_paths[0]
        was_proven = path.is_validated
        super()._handle_path_response_frame(context, frame_type, buf)
        if path.is_validated and not was_proven:
            hosts = {each.addr[0] for each in self._network_paths[1:] if each.is_validated}
            if path.addr[0] not in hosts:
                self.forget_the_path(context.time)

    def forget_the_path(self, now: float) -> None:
        """Slow start, and no idea of the round trip."""
        # RFC 9000 §9.4: "On confirming a peer's ownership of its new address, an endpoint MUST
        # immediately reset the congestion controller and round-trip time estimator for the new
        # path to initial values … unless the only change in the peer's address is its port number."
        loss = self._loss
        control = create_congestion_control(
            self.configuration.congestion_control_algorithm,
            max_datagram_size=self._max_datagram_size,
        )
        control.bytes_in_flight = loss.bytes_in_flight
        before = loss._cc  # noqa: SLF001
        if isinstance(control, BoundedControl) and isinstance(before, BoundedControl):
            control.packets_lost = before.packets_lost
        # §9.4: "Packets sent on the old path MUST NOT contribute to congestion control or RTT
        # estimation for the new path." As in a recovery period of New Reno, they neither raise nor
        # lower its window.
        control._congestion_recovery_start_time = now  # type: ignore[attr-defined]  # noqa: SLF001
        loss._cc = control  # noqa: SLF001
        loss._rtt_initialized = False  # noqa: SLF001
        loss._rtt_min = math.inf  # noqa: SLF001
        loss._pacer.packet_time = None  # noqa: SLF001  # until there is a round trip to pace by
