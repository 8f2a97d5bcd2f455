"""One configuration of QUIC-LB: what a connection id made with it looks like.

This file knows the first octet ("First CID octet"), the order of server id and nonce behind it
("CID format"), and the sizes that the draft allows. It refuses to know which server we are, where
nonces come from (`nonces.py`) and which of several configurations is in use.

Its one rule: everybody who knows the configuration reads the same server id out of an id; whoever
has the wrong one reads some other number, and cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from h3producer.quic.balancing.cipher import KEY_SIZE, cipher_for

if TYPE_CHECKING:
    from h3producer.quic.balancing.cipher import Cipher

__all__ = [
    "LOW_BITS",
    "MAX_BLOCK",
    "MIN_NONCE",
    "UNROUTABLE",
    "CidConfig",
    "CidConfigError",
    "config_id_of",
    "unroutable_id",
]

UNROUTABLE: Final = 0b111
"""The config id that leads to no server: "A configuration MUST NOT use the reserved identifier
0b111"."""

LOW_BITS: Final = 0x1F
"""What the config id leaves of the first octet: the length of what follows, or random bits."""

MIN_NONCE: Final = 4
"""Bytes: "The nonce length MUST be at least 4 octets." """

MAX_BLOCK: Final = 19
"""Bytes: "As QUIC version 1 limits connection IDs to 20 octets, the server ID and nonce lengths
MUST sum to 19 octets or less." """

_CONFIG_SHIFT = 5


class CidConfigError(ValueError):
    """A configuration is none that the draft allows; the message is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class CidConfig:
    """How ids are made, for servers and balancers alike. Raises `CidConfigError`."""

    config_id: int
    """0 to 6, the first three bits of an id: it tells the configurations in use apart."""
    server_id_length: int
    nonce_length: int
    key: bytes | None = field(default=None, repr=False)
    """16 bytes; None: the server id stands in the id for everybody to see."""
    encodes_length: bool = False
    """The low bits of the first octet are the length of what follows, for offload devices."""
    _cipher: Cipher = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.config_id < UNROUTABLE:
            raise CidConfigError(f"A QUIC-LB config ID is 0 to 6, not {self.config_id}.")
        if self.server_id_length < 1:
            raise CidConfigError("A QUIC-LB server ID has at least 1 byte.")
        if self.nonce_length < MIN_NONCE:
            raise CidConfigError(f"A QUIC-LB nonce has 4 bytes or more, not {self.nonce_length}.")
        if self.server_id_length + self.nonce_length > MAX_BLOCK:
            raise CidConfigError(
                f"A QUIC-LB server ID of {self.server_id_length} bytes and a nonce of "
                f"{self.nonce_length} are more than {MAX_BLOCK} bytes together."
            )
        if self.key is not None and len(self.key) != KEY_SIZE:
            raise CidConfigError(f"A QUIC-LB key has 16 bytes, not {len(self.key)}.")
        size = self.server_id_length + self.nonce_length
        object.__setattr__(self, "_cipher", cipher_for(self.key, size))

    @property
    def length(self) -> int:
        """Bytes of an id."""
        return 1 + self.server_id_length + self.nonce_length

    def encode(
        self, server_id: bytes, nonce: bytes, low_bits: int, may_encode_length: bool = True
    ) -> bytes:
        """The id; `low_bits` are those of the first octet unless they may encode the length."""
        if self.encodes_length and may_encode_length:
            low_bits = self.length - 1
        first = self.config_id << _CONFIG_SHIFT | low_bits & LOW_BITS
        return bytes((first,)) + self._cipher.encrypt(server_id + nonce)

    def server_id_of(self, connection_id: bytes) -> bytes | None:
        """The server id in an id of this configuration, or in the packet's rest that begins so.

        None if it is too short. Of an id that a client chose at random, it is some server id, too.
        """
        block = connection_id[1 : self.length]
        if len(block) < self.length - 1:
            return None
        return self._cipher.decrypt(block, self.server_id_length)


def config_id_of(connection_id: bytes) -> int:
    """The configuration that an id says it is of; `UNROUTABLE` if it is of none, or empty."""
    return connection_id[0] >> _CONFIG_SHIFT if connection_id else UNROUTABLE


def unroutable_id(rest: bytes, low_bits: int | None = None) -> bytes:
    """An id that a balancer routes by address ("Configuration Failover"); `rest` is random.

    "These connection IDs MUST self-encode their length", unless `low_bits` are needed otherwise:
    only the servers themselves look at it.
    """
    if low_bits is None:
        low_bits = len(rest)
    return bytes((UNROUTABLE << _CONFIG_SHIFT | low_bits & LOW_BITS,)) + rest
