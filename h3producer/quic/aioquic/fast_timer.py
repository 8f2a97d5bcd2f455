"""When to look again, the short way: the timer of a connection that is open.

This file knows which of aioquic's timers can be set once the handshake is confirmed: idle, late
acknowledgement, loss, pacing. It refuses to know what happens when one fires. aioquic goes through
all packet number spaces twice for each flush, though only one is left.

Its one rule: the time is the one that aioquic would have given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.connection import QuicConnection, QuicConnectionState
from aioquic.tls import Epoch

if TYPE_CHECKING:
    from aioquic.quic.recovery import QuicPacketSpace

__all__ = ["FastTimerConnection"]

_CONNECTED, _ONE_RTT = QuicConnectionState.CONNECTED, Epoch.ONE_RTT
"""Members of an enumeration are looked up in a roundabout way."""


class FastTimerConnection(QuicConnection):
    """A QuicConnection that knows its next timer at once."""

    reads_fast = False
    """Whether the short ways are open."""

    def get_timer(self) -> float | None:
        if (
            not self.reads_fast
            or not self._handshake_confirmed
            or self._state is not _CONNECTED
            or not self._network_paths[0].is_validated
        ):
            return super().get_timer()
        space = self._spaces[_ONE_RTT]
        loss_at = self._loss_at = self.loss_timer(space)
        timer_at = self._close_at
        assert timer_at is not None
        if loss_at is not None and loss_at < timer_at:
            timer_at = loss_at
        if space.ack_at is not None and space.ack_at < timer_at:
            timer_at = space.ack_at
        if self._pacing_at is not None and self._pacing_at < timer_at:
            timer_at = self._pacing_at
        return timer_at

    def loss_timer(self, space: QuicPacketSpace) -> float | None:
        """When a packet counts as lost, or is probed for (RFC 9002 §6.1.2, §6.2.1)."""
        if space.loss_time is not None or not space.ack_eliciting_in_flight:
            return space.loss_time
        loss = self._loss
        sent = loss._time_of_last_sent_ack_eliciting_packet  # noqa: SLF001
        return sent + loss.get_probe_timeout() * (1 << loss._pto_count)  # noqa: SLF001

    def _idle_timeout(self) -> float:
        timeout = self._configuration.idle_timeout
        remote = self._remote_max_idle_timeout
        if remote is not None and remote < timeout:
            timeout = remote
        probes = 3 * self._loss.get_probe_timeout()
        return probes if probes > timeout else timeout
