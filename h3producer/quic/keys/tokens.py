"""Retry: a client proves that it receives what we send to its address (RFC 9000 §8.1.2).

This file knows the Retry packet, what stands in its token and how long that is good. It refuses
to know when to ask for the proof (`quic/acceptor.py`); time comes in as a number.

Its one rule: a token is ours and right, ours and wrong, or not ours. A wrong one ends the attempt
(§8.1.2: INVALID_TOKEN), a foreign one, such as the NEW_TOKEN of an earlier server, counts as none.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from h3producer.quic.packets import (
    FIXED_BIT,
    LONG_HEADER,
    VERSION_1,
    VERSION_2,
    encode_long_header,
)
from h3producer.quic.udp.sockets import packed_host

if TYPE_CHECKING:
    from h3producer.quic.engine import Address
    from h3producer.quic.packets import InitialPacket

__all__ = ["RetryTokens", "WrongTokenError", "encode_retry"]

TOKEN_LIFETIME = 30.0
"""Seconds. A client returns its token at once, so "a short time" is enough (RFC 9000 §8.1.3)."""

_NONCE_SIZE = 12
_HEAD = struct.Struct("!dBB")
"""When it was made, and the lengths of the two connection ids that follow."""

_RETRY_TYPE = {VERSION_1: 0x30, VERSION_2: 0x00}
"""The packet type bits of a Retry (RFC 9000 §17.2, RFC 9369 §3.2)."""

_INTEGRITY = {
    version: (AESGCM(bytes.fromhex(key)), bytes.fromhex(nonce))
    for version, key, nonce in (
        (VERSION_1, "be0c690b9f66575a1d766b54e368c84e", "461599d35d632bf2239825bb"),
        (VERSION_2, "8fb4b01b56ac48e260fbcbcead7ccc92", "d86969bc2d7c6d9990efb04a"),
    )
}
"""Key and nonce of the integrity tag (RFC 9001 §5.8, RFC 9369 §3.3.3). They are public: the tag
shows that whoever sent the Retry saw the Initial, no more."""


class WrongTokenError(ValueError):
    """The token is ours, but of another address, of another Retry, or too old."""


class RetryTokens:
    """Makes and checks tokens. Processes that share `key` (16 bytes) accept each other's."""

    def __init__(self, key: bytes | None = None) -> None:
        self._aead = AESGCM(AESGCM.generate_key(bit_length=128) if key is None else key)

    def create(
        self, address: Address, original_id: bytes, retry_source_id: bytes, now: float
    ) -> bytes:
        """The token for a client at `address`, to whom we are `retry_source_id` from now on.

        `original_id` is where its first packet went: the handshake has to repeat it (RFC 9000
        §7.3), and we keep no state meanwhile.
        """
        head = _HEAD.pack(now, len(original_id), len(retry_source_id))
        content = head + original_id + retry_source_id + _encode_address(address)
        nonce = os.urandom(_NONCE_SIZE)
        return nonce + self._aead.encrypt(nonce, content, None)

    def validate(
        self, token: bytes, address: Address, destination_id: bytes, now: float
    ) -> bytes | None:
        """The `original_id` of the token, or None if it is not ours.

        Raises `WrongTokenError` if it is ours and does not hold here and now.
        """
        if not token:
            return None
        try:
            content = self._aead.decrypt(token[:_NONCE_SIZE], token[_NONCE_SIZE:], None)
        except (InvalidTag, ValueError):
            return None
        made_at, original_size, source_size = _HEAD.unpack_from(content)
        source_start = _HEAD.size + original_size
        address_start = source_start + source_size
        if content[address_start:] != _encode_address(address):
            raise WrongTokenError("The token was made for another address.")
        # RFC 9000 §17.2.5.2: the client uses the Retry's Source Connection ID from then on.
        if content[source_start:address_start] != destination_id:
            raise WrongTokenError("The token belongs to another connection id.")
        # Who made it may have a clock that is ahead of ours.
        if abs(now - made_at) > TOKEN_LIFETIME:
            raise WrongTokenError("The token has expired.")
        return content[_HEAD.size : source_start]


def _encode_address(address: Address) -> bytes:
    host, port = address[0], address[1]
    return packed_host(host) + port.to_bytes(2, "big")


def encode_retry(initial: InitialPacket, source_id: bytes, token: bytes) -> bytes:
    """The packet that asks the client to start again with `token`, to `source_id`."""
    first = LONG_HEADER | FIXED_BIT | _RETRY_TYPE[initial.version]
    packet = encode_long_header(first, initial.version, initial.source_id, source_id) + token
    aead, nonce = _INTEGRITY[initial.version]
    # RFC 9001 §5.8: the tag covers the id that the client's first packet went to, too.
    covered = bytes((len(initial.destination_id),)) + initial.destination_id + packet
    return packet + aead.encrypt(nonce, b"", covered)
