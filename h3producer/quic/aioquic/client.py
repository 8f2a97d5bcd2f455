"""A client's end of a connection, for `h3producer get` and for tests.

This file knows how a client's wishes become aioquic's configuration. All else is as at the
server's end (`connection.py`): bytes and the time go in, datagrams and news come out, and credit
follows what is read. Underscore names are those of `connection.PRIVATE_NAMES`.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import QuicErrorCode

from h3producer.config import Config
from h3producer.quic.aioquic.congestion import bounded
from h3producer.quic.aioquic.connection import AioquicConnection

if TYPE_CHECKING:
    from pathlib import Path

    from h3producer.quic.engine import Address

__all__ = ["WINDOW", "AioquicClient"]

WINDOW = 1024 * 1024
"""Bytes of a response that may come before they are read: 80 Mbit/s over a path of 100 ms."""

IDLE_TIMEOUT = 30.0
"""Seconds without a packet from the server until the connection is given up."""

_CERTIFICATE_ERRORS = range(QuicErrorCode.CRYPTO_ERROR + 42, QuicErrorCode.CRYPTO_ERROR + 49)
"""TLS alerts about certificates: bad_certificate to unknown_ca (RFC 8446 §6, RFC 9001 §4.8)."""


class AioquicClient(AioquicConnection):
    """An `EngineConnection` that connects, verifies a certificate and opens request streams."""

    def __init__(
        self,
        server_name: str,
        *,
        cafile: Path | None = None,
        verify: bool = True,
        window: int = WINDOW,
    ) -> None:
        """Trusts the certificates in `cafile`, by default those of the `certifi` package.

        `server_name` is what the certificate must be for. Without `verify` any is accepted.
        `window` is how many bytes of a response may come before they are read.
        """
        configuration = QuicConfiguration(
            is_client=True,
            congestion_control_algorithm=bounded("reno", Config.max_bytes_in_flight),
            alpn_protocols=["h3"],
            server_name=server_name,
            cafile=None if cafile is None else str(cafile),
            verify_mode=ssl.CERT_REQUIRED if verify else ssl.CERT_NONE,
            idle_timeout=IDLE_TIMEOUT,
            max_data=max(WINDOW, window),
            max_stream_data=window,
        )
        super().__init__(configuration)

    @property
    def is_started(self) -> bool:
        """A client's connection is never noise."""
        return True

    @property
    def failure(self) -> str | None:
        """Why the connection ended, in QUIC's words; None while it has not."""
        return None if self._close_event is None else self._close_event.reason_phrase

    @property
    def is_untrusted(self) -> bool:
        """Whether it ended since the server's certificate was not accepted."""
        event = self._close_event
        return event is not None and event.error_code in _CERTIFICATE_ERRORS

    def start(self, address: Address, now: float) -> None:
        """Begin the handshake; `datagrams_to_send` has the first flight then."""
        self.connect(address, now)

    def open_request_stream(self) -> int:
        """Open a bidirectional stream and return its id."""
        stream_id = self.get_next_available_stream_id()
        self.send_stream_data(stream_id, b"")
        return stream_id

    def release(self) -> None:
        """Keep everything: after the end its user still asks why."""
