"""How a connection gets on, as whoever looks from outside wants to know.

This file knows where aioquic keeps what it measures. It refuses to measure anything itself: losses
are counted where they are found (`congestion.py`).

Its one rule: it reads, and only when it is asked.
"""

# ruff: noqa: SLF001 - aioquic keeps what it measures to itself

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.quic.aioquic.congestion import BoundedControl
from h3producer.quic.aioquic.progress import ProgressingConnection
from h3producer.quic.facts import PathFacts, StreamFacts

if TYPE_CHECKING:
    from aioquic.quic.stream import QuicStream

__all__ = ["MeasuredConnection"]


class MeasuredConnection(ProgressingConnection):
    """A QuicConnection that can be looked at."""

    @property
    def first_id(self) -> bytes:
        return self.original_destination_connection_id

    @property
    def is_resumed(self) -> bool:
        return bool(self._spaces) and self.tls.session_resumed

    @property
    def path_facts(self) -> PathFacts:
        loss = self._loss
        control = loss._cc
        known = loss._rtt_initialized
        return PathFacts(
            smoothed_rtt=loss._rtt_smoothed if known else None,
            latest_rtt=loss._rtt_latest if known else None,
            min_rtt=loss._rtt_min if known else None,
            rtt_variance=loss._rtt_variance if known else None,
            congestion_window=control.congestion_window,
            bytes_in_flight=control.bytes_in_flight,
            packets_sent=self._packet_number,
            packets_lost=control.packets_lost if isinstance(control, BoundedControl) else 0,
            sent=self._remote_max_data_used,
            received=self._local_max_data.used,
        )

    def stream_facts(self) -> list[StreamFacts]:
        return [
            StreamFacts(stream_id, self.sent(stream_id), self.unsent(stream_id), _unacked(stream))
            for stream_id, stream in self._streams.items()
        ]


def _unacked(stream: QuicStream) -> int:
    sender = stream.sender
    if sender._reset_error_code is not None:
        return 0  # its buffer was let go of
    return sender.highest_offset - sender._buffer_start
