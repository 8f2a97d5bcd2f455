"""What an engine can say of a connection: how it gets on, and how far its streams are.

This file knows names and units. It refuses to know who asks, and has no code.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PathFacts", "StreamFacts"]


class PathFacts(NamedTuple):
    """How a connection gets on with its path. Times are seconds, sizes bytes."""

    smoothed_rtt: float | None
    """None before the first sample; so are the others of the round trip (RFC 9002 §5)."""
    latest_rtt: float | None
    min_rtt: float | None
    rtt_variance: float | None
    congestion_window: int
    bytes_in_flight: int
    packets_sent: int
    packets_lost: int
    """Found to be lost (RFC 9002 §6.1); a probe that was sent for nothing is none."""
    sent: int
    """Of all streams, put into packets at least once."""
    received: int
    """Of all streams, up to the furthest byte of each."""


class StreamFacts(NamedTuple):
    """How far a stream's bytes have got, frame headers included."""

    stream_id: int
    sent: int
    """Put into a packet at least once."""
    unsent: int
    """Never put into a packet: the client's windows, or the path, do not let them go."""
    unacked: int
    """Sent, and held until the client says that it has them."""
