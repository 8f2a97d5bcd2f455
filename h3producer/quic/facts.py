"""What an engine can say of a connection: how it gets on, and how far its streams are.

This file knows names and units. It refuses to know who asks, and has no code.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "HANDSHAKE_TIMEOUT",
    "IDLE_TIMEOUT",
    "QUIC_ERROR",
    "RESET_REASON",
    "EndFacts",
    "PathFacts",
    "StreamFacts",
]

IDLE_TIMEOUT = "Idle timeout"
"""The reason of an end about which nobody said a word (RFC 9000 §10.1)."""

HANDSHAKE_TIMEOUT = "The handshake took too long."
"""That of one which was given up before it was open."""

RESET_REASON = "Stateless reset: the peer has lost the connection"
"""That of one whose peer said so (RFC 9000 §10.3)."""

QUIC_ERROR = "QUIC error "
"""What the reason begins with if the code is QUIC's, not HTTP/3's."""


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


class EndFacts(NamedTuple):
    """How a connection ended."""

    error_code: int
    """Of HTTP/3, or of QUIC if the reason says so; 0 if there is none."""
    reason: str
    is_ours: bool
    """We ended it: it was closed, or what came broke a rule, or its handshake took too long."""

    @property
    def is_transport(self) -> bool:
        """The code is one of QUIC's own (RFC 9000 §20.1)."""
        return self.reason.startswith(QUIC_ERROR)

    @property
    def is_late(self) -> bool:
        """Its handshake took too long."""
        return self.reason == HANDSHAKE_TIMEOUT

    @property
    def was_reset(self) -> bool:
        """Its client has lost it, and said so."""
        return self.reason == RESET_REASON

    @property
    def is_idle(self) -> bool:
        """Its client was not heard of for too long."""
        return self.reason == IDLE_TIMEOUT
