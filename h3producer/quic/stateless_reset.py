"""Stateless resets: how a client hears that we know nothing of its connection (RFC 9000 §10.3).

A server that was killed and is back gets packets of connections that it has forgotten. It cannot
say so under keys that it no longer has; but with each connection id the client was told a token,
and a datagram that ends with the token ends the connection at once.

This file knows the tokens. It refuses to know who sent what.

Its one rule: a token follows from the id and a key alone. So whoever has the key, later or
elsewhere, can make it, and nobody else can.
"""

from __future__ import annotations

import os
from typing import Final

from h3producer.quic.hkdf import hmac_digest

__all__ = ["RESET_KEY_SIZE", "RESET_TOKEN_SIZE", "ResetTokens"]

RESET_KEY_SIZE: Final = 32
"""Bytes of the key, as of the hash."""

RESET_TOKEN_SIZE: Final = 16
"""Bytes of a token (RFC 9000 §10.3)."""


class ResetTokens:
    """Makes tokens. Processes that share `key`, by default a random one, make the same."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = os.urandom(RESET_KEY_SIZE) if key is None else key

    def token_of(self, connection_id: bytes) -> bytes:
        """The token that belongs to an id."""
        # RFC 9000 §10.3.2: "A single static key can be used across all connections to the same
        # endpoint by generating the proof using a pseudorandom function that takes a static key and
        # the connection ID chosen by the endpoint"
        return hmac_digest(self._key, connection_id, "sha256")[:RESET_TOKEN_SIZE]
