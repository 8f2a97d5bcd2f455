"""Stateless resets: how a client hears that we know nothing of its connection (RFC 9000 §10.3).

A server that was killed and is back gets packets of connections that it has forgotten. It cannot
say so under keys that it no longer has; but with each connection id the client was told a token,
and a datagram that ends with the token ends the connection at once.

This file knows the tokens and the datagram. It refuses to know who gets one (`udp/strays.py`), and
what hearing one does to a connection (`aioquic/resetting.py`).

Its one rule: a token follows from the id and a key alone. So whoever has the key, later or
elsewhere, can make it, and nobody else can.
"""

from __future__ import annotations

import os
from typing import Final

from h3producer.quic.keys.hkdf import hmac_digest
from h3producer.quic.packets import FIXED_BIT

__all__ = [
    "RESET_KEY_SIZE",
    "RESET_TOKEN_SIZE",
    "SMALLEST_RESET",
    "ResetTokens",
    "encode_reset",
]

RESET_KEY_SIZE: Final = 32
"""Bytes of the key, as of the hash."""

RESET_TOKEN_SIZE: Final = 16
"""Bytes of a token (RFC 9000 §10.3)."""


SMALLEST_RESET: Final = 21
"""Bytes of a stateless reset, at least (RFC 9000 §10.3)."""

_INCONSPICUOUS = 42
"""Bytes from which on a packet could have any content (RFC 9000 §10.3.3)."""

_VARIETY = 32
"""How many sizes they have from there on; with one only, all of them would be known by it."""


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


def encode_reset(token: bytes, answered: int) -> bytes | None:
    """The answer to a datagram of `answered` bytes; None if that is too small for one."""
    # RFC 9000 §10.3.3: "An endpoint MUST ensure that every Stateless Reset that it sends is smaller
    # than the packet that triggered it". So two ends that reset each other fall silent.
    random = os.urandom(_INCONSPICUOUS + _VARIETY)
    size = min(_INCONSPICUOUS + random[-1] % _VARIETY, answered - 1)
    if size < SMALLEST_RESET:
        return None
    # Up to the token, a packet with a short header (RFC 9000 §17.3.1): form 0, fixed bit 1.
    return bytes((random[0] & 0x3F | FIXED_BIT,)) + random[1 : size - RESET_TOKEN_SIZE] + token
