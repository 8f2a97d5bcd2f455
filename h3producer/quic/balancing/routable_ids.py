"""Connection ids that a load balancer can route, made by one process of one server.

This file knows which configuration the next id is made with, and what happens when its nonces run
out. It refuses to know files and settings (`assignment.py`).

Its one rule: there is always an id to be had. When none can be made that is new and leads here,
there are still those that say they lead nowhere: a balancer sends them by the client's address.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from h3producer.quic.balancing.cid_config import UNROUTABLE, config_id_of, unroutable_id
from h3producer.quic.balancing.nonces import NoncesExhausted
from h3producer.quic.connection_ids import ConnectionIds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from h3producer.quic.balancing.assignment import Assignment
    from h3producer.quic.balancing.nonces import Nonces
    from h3producer.quic.keys.stateless_reset import ResetTokens

__all__ = ["SLOTS", "Line", "RoutableIds"]

logger = logging.getLogger("h3producer.quic")

SLOTS: Final = 32
"""Processes that ids can tell apart: the config id leaves five bits of the first octet."""

_SCARCE: Final = 16
"""The part of all nonces, as 1 / this, at which it is said that they run out: the draft wants it
known "when servers are in danger of exhausting their nonce space"."""


class Line(NamedTuple):
    """An assignment, and where its nonces come from."""

    assignment: Assignment
    nonces: Nonces


class RoutableIds(ConnectionIds):
    """Ids of the first of `lines`, and of the next ones once its nonces are used up.

    `slot` stands in the low bits of the first octet, where the length would, too: the kernel reads
    nothing else of an id.
    """

    slots = SLOTS

    def __init__(self, tokens: ResetTokens, lines: Sequence[Line], slot: int | None = None) -> None:
        self.length = lines[0].assignment.config.length
        self._tokens = tokens
        self._slot = slot
        self._known = {each.assignment.config.config_id: each.assignment for each in lines}
        # All ids of a process have one length: a short header does not say which it is.
        self._lines = [each for each in lines if each.assignment.config.length == self.length]
        self._warns_at = self._scarce()
        if slot == 0 and any(each.assignment.config.encodes_length for each in lines):
            # The first of several processes says it for all.
            logger.warning(
                "QUIC-LB: with workers, the first octet of a connection ID has their number, and "
                "not its length."
            )

    @property
    def spares(self) -> bool:
        """Whether a client gets more than the one id that it begins with.

        Servers without a key "SHOULD NOT send CIDs in QUIC NEW_CONNECTION_ID frames": that "might
        falsely suggest to the client that said CIDs were generated in a secure fashion".
        """
        return bool(self._lines) and self._lines[0].assignment.config.key is not None

    def make(self) -> bytes:
        """A new id, which leads here if there is still a nonce for one."""
        low_bits = os.urandom(1)[0] if self._slot is None else self._slot
        while self._lines:
            (config, server_id), nonces = self._lines[0]
            try:
                made = config.encode(server_id, nonces.next(), low_bits, self._slot is None)
            except NoncesExhausted:
                self._go_on()
                continue
            if nonces.left <= self._warns_at:
                self._warn()
            return made
        return unroutable_id(os.urandom(self.length - 1), self._slot)

    def token_of(self, connection_id: bytes) -> bytes:
        """What shows a peer that the connection of this id is lost."""
        return self._tokens.token_of(connection_id)

    def own_id(self, packet: bytes) -> bytes | None:
        """The id in a packet with a short header, if balancers send it here whoever it comes from.

        An id of any other server is here by mistake, or because somebody who saw it wants its
        connection to end (RFC 9000 §21.11). One that leads nowhere may be here for any reason.
        """
        rest = packet[1:]
        known = self._known.get(config_id_of(rest))
        if known is None or known.config.server_id_of(rest) != known.server_id:
            return None
        return rest[: known.config.length]

    def _go_on(self) -> None:
        """The first configuration can make no more ids."""
        config_id = self._lines.pop(0).assignment.config.config_id
        # "A server that has exhausted its nonces MUST either switch to a different configuration,
        # or if none exists, use the 4-tuple routing config rotation codepoint."
        now = self._lines[0].assignment.config.config_id if self._lines else UNROUTABLE
        logger.error(
            "QUIC-LB: all nonces of config %d were used: connection IDs are of config %d now%s.",
            config_id,
            now,
            "" if self._lines else ", which balancers route by the client's address",
        )
        self._warns_at = self._scarce()

    def _warn(self) -> None:
        config = self._lines[0].assignment.config
        logger.warning(
            "QUIC-LB: less than 1/%d of the nonces of config %d are left: it is time for another "
            "config with another key.",
            _SCARCE,
            config.config_id,
        )
        self._warns_at = 0

    def _scarce(self) -> int:
        if not self._lines:
            return 0
        return (1 << 8 * self._lines[0].assignment.config.nonce_length) // _SCARCE
