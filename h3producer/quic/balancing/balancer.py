"""The balancer's side: which server a datagram is for.

This file knows where a packet's destination id stands (RFC 8999 §5) and which configuration it is
of. It refuses to forward anything, and to know what is done with ids that lead nowhere, such as the
ones that clients choose for their first packets: "Fallback Algorithms" are the balancer's own.

Its one rule: it keeps no state. The same datagram is for the same server, whoever sent it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from h3producer.quic.balancing.cid_config import config_id_of
from h3producer.quic.packets import LONG_HEADER, destination_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from h3producer.quic.balancing.cid_config import CidConfig

__all__ = ["Balancer"]

ServerT = TypeVar("ServerT")

_SHORTEST = 7
"""Bytes of the smallest long header (RFC 8999 §5.1)."""


class Balancer(Generic[ServerT]):
    """Reads server ids by one or more configurations.

    `servers` are the active ones by their ids; it may change meanwhile.
    """

    def __init__(self, configs: Iterable[CidConfig], servers: Mapping[bytes, ServerT]) -> None:
        self._configs = {config.config_id: config for config in configs}
        self._servers = servers

    def server_for(self, datagram: bytes) -> ServerT | None:
        """Where its first packet goes; None if its destination id is unroutable.

        Ids that are shorter than the configuration says, of no configuration, or of no active
        server are ("Unroutable Connection IDs"). Some of what clients choose is routable by chance.
        """
        if len(datagram) < _SHORTEST:
            return None
        if datagram[0] & LONG_HEADER:
            return self.server_of(destination_of(datagram))
        # A short header does not say how long its id is; the configuration does.
        return self.server_of(datagram[1:])

    def server_of(self, connection_id: bytes) -> ServerT | None:
        """The server that an id, or whatever begins with one, leads to."""
        config = self._configs.get(config_id_of(connection_id))
        if config is None:
            return None
        server_id = config.server_id_of(connection_id)
        return None if server_id is None else self._servers.get(server_id)
