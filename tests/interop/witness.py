"""What the server saw of its clients' connections, whatever the clients say of them.

This file knows our engine's connections from the inside: versions, keys, paths, sessions. It
refuses to know clients and cases. It stands between a server and its engine, behind the port that
`h3producer/quic/engine.py` describes. Its one rule: a connection is looked at when somebody asks,
and for the last time right before the server lets go of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import TYPE_CHECKING, cast

from aioquic.tls import Epoch, cipher_suite_hash, hkdf_expand_label

from h3producer.errors import ErrorCode
from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.connection_model import ConnectionModel
from h3producer.quic.packets import VERSION_2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aioquic.quic.crypto import CryptoContext
    from aioquic.tls import CipherSuite

    from h3producer.quic.aioquic.engine import AioquicEngine
    from h3producer.quic.packets import InitialPacket
    from h3producer.server.listeners import UdpListeners
    from h3producer.server.server import Server

__all__ = ["Sighting", "Witness"]

FIRST_SECRET = re.compile("CLIENT_TRAFFIC_SECRET_0 [0-9a-f]+ ([0-9a-f]+)")
"""In a key log: what protects a client's packets before the first key update."""

MAX_KEY_UPDATES = 100
"""Far more than a client makes in one play."""


@dataclass
class Sighting:
    """One connection of a client, as the server knows it."""

    connection: AioquicConnection | None
    """None once the server has let go of it."""
    was_retried: bool
    """It began with a token of ours, which only a Retry packet had told the client."""
    key_log: StringIO = field(repr=False)
    """The secrets that handshakes led to, in NSS format."""
    version: int = 0
    cipher_suite: int = 0
    was_resumed: bool = False
    had_early_data: bool = False
    addresses: list[str] = field(default_factory=list)
    """Where the client was, and proved to be, in order."""
    key_updates: int = 0
    """How many generations of keys the client's packets have been through (RFC 9001 §6)."""
    window: int = 0
    """Bytes of a stream's initial window that the client announced for its requests."""
    end: str = ""
    """Why it ended; empty if it has not."""

    def look(self) -> None:
        """Bring it up to date."""
        connection = self.connection
        if connection is None:
            return
        self.version = connection._version or 0
        facts = connection.tls_facts
        if facts is not None:
            self.cipher_suite = facts.cipher_suite
            self.was_resumed = connection.tls.session_resumed
            self.had_early_data = connection.tls.early_data_accepted
            keys = connection._cryptos[Epoch.ONE_RTT].recv
            if keys.is_valid():  # they are torn down when the connection ends
                self.key_updates = self._count_key_updates(keys)
        self.window = connection._remote_max_stream_data_bidi_local
        for path in reversed(connection._network_paths):
            address = f"{path.addr[0]}:{path.addr[1]}"
            if path.is_validated and address not in self.addresses:
                self.addresses.append(address)
        event = connection._close_event
        if event is not None:
            self.end = event.reason_phrase or f"code {event.error_code:#x}"

    def _count_key_updates(self, keys: CryptoContext) -> int:
        """From the handshake's secret to the one of the last packet."""
        assert keys.cipher_suite is not None
        algorithm = cipher_suite_hash(keys.cipher_suite)
        label = b"quicv2 ku" if self.version == VERSION_2 else b"quic ku"
        secrets = [bytes.fromhex(each) for each in FIRST_SECRET.findall(self.key_log.getvalue())]
        for count in range(MAX_KEY_UPDATES):
            if keys.secret in secrets:
                return count
            secrets = [
                hkdf_expand_label(algorithm, secret, label, b"", algorithm.digest_size)
                for secret in secrets
                if len(secret) == algorithm.digest_size
            ]
        raise AssertionError("The keys of the connection come from no handshake.")


class Witness:
    """All that one server saw."""

    def __init__(self) -> None:
        self._sightings: list[Sighting] = []
        self._key_log = StringIO()
        self._listeners: UdpListeners | None = None

    def watch(self, server: Server, *, only_cipher: CipherSuite | None = None) -> None:
        """Stand between a server that has started and its engine; `only_cipher` is all it takes."""
        listeners = self._listeners = cast("UdpListeners", server._listeners)
        for endpoint in listeners._endpoints:
            engine = cast("AioquicEngine", endpoint._acceptor._engine)
            _overhear(engine, self._key_log)
            if only_cipher is not None:
                _restrict(engine, only_cipher)
            endpoint._acceptor._engine = _WatchedEngine(engine, self._sightings, self._key_log)

    @property
    def connections(self) -> list[Sighting]:
        """All connections whose handshake got anywhere, in order, as they are now."""
        for each in self._sightings:
            each.look()
        return [each for each in self._sightings if each.cipher_suite]

    @property
    def last(self) -> Sighting:
        """The newest connection."""
        connections = self.connections
        assert connections, "No handshake was completed."
        return connections[-1]

    def update_keys(self) -> None:
        """Have the server change the keys of the newest connection."""
        connection = self.last.connection
        assert connection is not None
        connection.request_key_update()

    def close_connections(self) -> None:
        """Have the server end all connections, with H3_NO_ERROR."""
        assert self._listeners is not None
        for endpoint in self._listeners._endpoints:
            for tenant in endpoint.connections:
                tenant.close(ErrorCode.H3_NO_ERROR)


def _overhear(engine: AioquicEngine, key_log: StringIO) -> None:
    """Have an engine write its secrets down."""
    engine._configuration = replace(engine._configuration, secrets_log_file=key_log)
    if engine._model is not None:
        engine._model = ConnectionModel(engine._configuration)


def _restrict(engine: AioquicEngine, cipher: CipherSuite) -> None:
    """Have an engine take no other cipher suite."""
    engine._configuration = replace(engine._configuration, cipher_suites=[cipher])
    if engine._identity is not None and engine._model is not None:
        engine._identity.cipher_suites = [cipher]
        engine._model = ConnectionModel(engine._configuration)


class _WatchedEngine:
    """An `Engine` that is another one, and notes whom it accepts."""

    def __init__(self, engine: AioquicEngine, sightings: list[Sighting], key_log: StringIO) -> None:
        self._engine = engine
        self._sightings = sightings
        self._key_log = key_log
        self.ids = engine.ids

    @property
    def versions(self) -> Sequence[int]:
        return self._engine.versions

    def is_authentic(self, datagram: bytes, initial: InitialPacket) -> bool:
        return self._engine.is_authentic(datagram, initial)

    def accept(self, initial: InitialPacket, original_id: bytes | None) -> AioquicConnection:
        connection = self._engine.accept(initial, original_id)
        sighting = Sighting(connection, original_id is not None, self._key_log)
        self._sightings.append(sighting)

        def release() -> None:
            sighting.look()
            sighting.connection = None
            AioquicConnection.release(connection)

        connection.release = release  # type: ignore[method-assign]  # of this one connection
        return connection

    def refuse(self, initial: InitialPacket, error_code: int) -> bytes:
        return self._engine.refuse(initial, error_code)

    def close(self) -> None:
        self._engine.close()
