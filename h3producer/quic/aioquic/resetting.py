"""Stateless resets that a peer sends: it knows nothing of the connection any more (RFC 9000 §10.3).

This file knows how aioquic 1.7.2, which takes them for noise, is told that a connection is over. It
refuses to know resets of our own (`quic/udp/strays.py`).

Its one rule: only the token of the id that we use counts. Those of ids that are retired, or were
never used, could be known to others.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from aioquic.quic import events
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicErrorCode, QuicFrameType

from h3producer.quic.facts import RESET_REASON
from h3producer.quic.keys.stateless_reset import RESET_TOKEN_SIZE, SMALLEST_RESET
from h3producer.quic.packets import LONG_HEADER

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicNetworkPath

__all__ = ["PeerTokenChanged", "ResettableConnection"]


class PeerTokenChanged(events.QuicEvent):
    """A datagram that ends with `new` is a stateless reset from now on, and with `old` no longer.

    Either is empty if there is none.
    """

    def __init__(self, old: bytes, new: bytes) -> None:
        self.old = old
        self.new = new


class ResettableConnection(QuicConnection):
    """A QuicConnection that its peer can end without keys."""

    known_token = b""
    """The token that the observer knows."""

    def is_reset(self, data: bytes) -> bool:
        """Whether a datagram is a stateless reset."""
        token = self._peer_cid.stateless_reset_token
        return (
            bool(token)
            and len(data) >= SMALLEST_RESET
            and not data[0] & LONG_HEADER
            # RFC 9000 §10.3.1: "When comparing a datagram to stateless reset token values,
            # endpoints MUST perform the comparison without leaking information about the value of
            # the token."
            and hmac.compare_digest(data[-RESET_TOKEN_SIZE:], token)
        )

    def reset_received(self, now: float) -> None:
        """It is over: nothing is sent any more, not even a farewell."""
        if self._close_event is None:
            self._close_event = events.ConnectionTerminated(
                error_code=QuicErrorCode.NO_ERROR,
                frame_type=QuicFrameType.PADDING,
                reason_phrase=RESET_REASON,
            )
            self._close_begin(is_initiator=False, now=now)

    def tell_token(self) -> None:
        """Note what the observer is to be told, now that the peer's id may be another one."""
        token = self._peer_cid.stateless_reset_token or b""
        if token != self.known_token:
            self._events.append(PeerTokenChanged(self.known_token, token))
            self.known_token = token

    def _consume_peer_cid(self) -> None:
        super()._consume_peer_cid()
        self.tell_token()

    def _use_reserved_peer_cid(self, network_path: QuicNetworkPath) -> None:
        super()._use_reserved_peer_cid(network_path)
        self.tell_token()
