"""Early data in a connection: when it may come, the observer hears of it.

This file knows that TLS has taken it, since there are keys for it. It refuses to know whether to
take it (`quic/keys/early_data.py`).

Its one rule: whatever comes before the handshake is complete is early data. Keys for anything else
of an application's come with the client's Finished (RFC 9001 §5.7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import QuicEvent
from aioquic.tls import Direction, Epoch

if TYPE_CHECKING:
    from aioquic.tls import CipherSuite

__all__ = ["EarlyConnection", "EarlyDataAccepted"]


class EarlyDataAccepted(QuicEvent):
    """Streams may come before the handshake is complete."""


class EarlyConnection(QuicConnection):
    """A QuicConnection that tells when early data may come."""

    def _update_traffic_key(
        self, direction: Direction, epoch: Epoch, cipher_suite: CipherSuite, secret: bytes
    ) -> None:
        super()._update_traffic_key(direction, epoch, cipher_suite, secret)
        if epoch is Epoch.ZERO_RTT and direction is Direction.DECRYPT:
            self._events.append(EarlyDataAccepted())

    @property
    def has_agreed(self) -> bool:
        """Whether TLS has chosen: with the handshake complete, or early data accepted."""
        return self._handshake_complete or (bool(self._spaces) and self.tls.early_data_accepted)
