"""The connection ids that a server issues: how long they are, whom they lead to, how they are told
to be over.

This file knows the ids of plain servers: random, but for the slot of the process that issued them.
It refuses to know which process has which slot (`siblings/place.py`), and that of an id which a
client made up: such an id leads somewhere, too, and always to the same place.

Its one rule: an id says nothing of its connection but the slot. Everything else about it is random,
so that nobody who sees two of them can tell that they belong together (RFC 9000 §5.1).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Protocol

from h3producer.quic.limits import CONNECTION_ID_LENGTH

if TYPE_CHECKING:
    from h3producer.quic.keys.stateless_reset import ResetTokens

__all__ = ["MAX_SLOTS", "ConnectionIds", "PlainIds"]

MAX_SLOTS: Final = 64
"""Processes that ids can tell apart: the low 6 bits of the first octet. The high ones belong to
load balancers (draft-ietf-quic-load-balancers §3), which leave us the low 5."""


class ConnectionIds(Protocol):
    """How one process makes its ids; a form of its own for whoever has to read them."""

    length: int
    """Bytes of each: a short header does not say where its id ends (RFC 9000 §17.3.1)."""
    slots: int
    """How many slots there are: a power of two, 64 at most."""

    @property
    def spares(self) -> bool:
        """Whether a client is told more ids than the one it begins with, to migrate with."""
        return True

    def make(self) -> bytes:
        """A new id, which leads here."""

    def slot_of(self, connection_id: bytes) -> int:
        """The slot that an id leads to, whoever made it up; it has at least one byte."""
        return connection_id[0] & (self.slots - 1)

    def own_id(self, packet: bytes) -> bytes | None:
        """The id in a packet with a short header, if it can only have been for this host.

        None: others may have its connection, which is not for us to end.
        """
        return packet[1 : 1 + self.length]

    def token_of(self, connection_id: bytes) -> bytes:
        """What shows a peer that the connection of this id is lost (RFC 9000 §10.3)."""


class PlainIds(ConnectionIds):
    """Ids of `length` random bytes, but for the low bits of the first one if there is a `slot`."""

    slots = MAX_SLOTS

    def __init__(
        self, tokens: ResetTokens, slot: int | None = None, length: int = CONNECTION_ID_LENGTH
    ) -> None:
        self.length = length
        self._tokens = tokens
        self._slot = slot

    def make(self) -> bytes:
        """A new id, which leads here."""
        random = os.urandom(self.length)
        if self._slot is None:
            return random
        return bytes((random[0] & -self.slots & 0xFF | self._slot,)) + random[1:]

    def token_of(self, connection_id: bytes) -> bytes:
        """What shows a peer that the connection of this id is lost."""
        return self._tokens.token_of(connection_id)
