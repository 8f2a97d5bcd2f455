"""What every connection of a server begins with, found out once and copied for each.

This file knows which attributes aioquic 1.7.2 gives a new `QuicConnection`: about a hundred, of
which most are the same numbers each time, and a table of handlers that `frugality.py` replaces at
once. To make them one by one is a twentieth of a handshake. It refuses to know what they mean.

Its one rule: what can change is never shared. An attribute whose type it does not know makes the
model fail when the server starts, not two connections have one of it.
"""

from __future__ import annotations

import os
from collections import deque
from enum import Enum
from typing import Final

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import Limit, QuicConnection, QuicConnectionAdapter, QuicConnectionId
from aioquic.quic.recovery import QuicPacketRecovery

__all__ = ["ConnectionModel"]

_CONSTANTS: Final = (type(None), bool, int, float, bytes, str, Enum, QuicConfiguration)
_CONTAINERS: Final = (dict, list, set, deque)

_OWN: Final = frozenset(
    (
        "_QuicConnection__frame_handlers",
        "_host_cids",
        "_local_initial_source_connection_id",
        "_logger",
        "_loss",
        "_original_destination_connection_id",
        "_peer_cid",
        "_retry_source_connection_id",
        "host_cid",
    )
)
"""What each connection has for itself: random, or made of something else of its own. Its own
connection id is empty until it takes one (`connection_ids.py`)."""


class ConnectionModel:
    """Begins connections with one configuration; raises TypeError if it cannot know how."""

    def __init__(self, configuration: QuicConfiguration) -> None:
        self._configuration = configuration
        self._constants: dict[str, object] = {}
        self._limits: list[tuple[str, Limit]] = []
        self._containers: list[tuple[str, type, object]] = []
        model = QuicConnection(
            configuration=configuration, original_destination_connection_id=b"original"
        )
        for name, value in vars(model).items():
            if name in _OWN:
                continue
            if isinstance(value, _CONSTANTS):
                self._constants[name] = value
            elif isinstance(value, Limit):
                self._limits.append((name, value))
            elif type(value) in _CONTAINERS:
                self._containers.append((name, type(value), value))
            else:
                raise TypeError(f"aioquic has {name}, a {type(value).__name__}, for a connection")
        self._logger = model._logger.logger  # noqa: SLF001

    def begin(
        self, connection: QuicConnection, original_id: bytes, retry_source_id: bytes | None
    ) -> None:
        """Give a connection all that aioquic's own `__init__` gives it, but for the handlers."""
        attributes = vars(connection)
        attributes.update(self._constants)
        for name, limit in self._limits:
            attributes[name] = Limit(limit.frame_type, limit.name, limit.value)
        for name, kind, content in self._containers:
            attributes[name] = kind(content)
        attributes["_host_cids"] = [QuicConnectionId(b"", 0, was_sent=True)]
        made_up = os.urandom(self._configuration.connection_id_length)
        attributes["_peer_cid"] = QuicConnectionId(made_up, None)  # type: ignore[arg-type]  # aioquic has it so
        attributes["_original_destination_connection_id"] = original_id
        attributes["_retry_source_connection_id"] = retry_source_id
        logger = QuicConnectionAdapter(self._logger, {"id": original_id.hex()})
        attributes["_logger"] = logger
        attributes["_loss"] = QuicPacketRecovery(
            congestion_control_algorithm=self._configuration.congestion_control_algorithm,
            initial_rtt=self._configuration.initial_rtt,
            max_datagram_size=self._configuration.max_datagram_size,
            peer_completed_address_validation=True,
            send_probe=connection._send_probe,  # noqa: SLF001
            logger=logger,
        )
