"""The sockets of a server and the connections on them, as the server sees them: five verbs.

This file knows how an endpoint, an engine, a connection and a handler are put together. It
refuses to know when: that is the server's. `Listeners` is what the server asks for, `UdpListeners`
the only implementation outside tests.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from h3producer.errors import ErrorCode
from h3producer.http3.qlog.tap import tapped
from h3producer.http3.qlog.writes import noting_handler
from h3producer.http3.turnstile import Turnstile
from h3producer.http3.webtransport.connection import connection_class
from h3producer.observe.observer import Observer
from h3producer.observe.readings import Sources
from h3producer.quic.acceptor import Acceptor
from h3producer.quic.aioquic.engine import ALPN, AioquicEngine
from h3producer.quic.balancing.assignment import AssignmentError
from h3producer.quic.engine import EngineError
from h3producer.quic.keys.sessions import Sessions
from h3producer.quic.keys.shared_keys import SecretError, SharedKeys
from h3producer.quic.siblings.place import connection_ids
from h3producer.quic.udp.endpoint import UdpEndpoint
from h3producer.quic.udp.sockets import BindError, addresses_of, bind_sockets, plain_address
from h3producer.server.errors import StartupError
from h3producer.server.event_loop import exact_loop

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from h3producer.config import Config
    from h3producer.http3.stream import Handler
    from h3producer.http3.transport import ConnectionInputs, QuicTransport
    from h3producer.quic.engine import Credentials
    from h3producer.quic.siblings.place import Place
    from h3producer.quic.udp.endpoint import Accept

__all__ = ["Listeners", "UdpListeners"]


class Listeners(Protocol):
    """What a server needs to be reached. The verbs are called once each, in this order, but that
    `present` may come at any time between `start` and `close`, and `announce_shutdown` never."""

    @property
    def observer(self) -> Observer:
        """Who sees what happens on them."""

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each socket; empty until `bind`."""

    def bind(self) -> None:
        """Take the addresses. Raises `StartupError`."""

    def start(self, credentials: Credentials, handler: Handler) -> None:
        """Answer clients; each request runs `handler`. Raises `StartupError`."""

    def present(self, credentials: Credentials) -> None:
        """Show another certificate to whoever comes from now on. Raises `StartupError` if it cannot
        be shown; then the one from before still is."""

    def announce_shutdown(self) -> None:
        """Accept no new connection, and say GOAWAY on each that is there, or about to be; go on
        with all of them."""

    @property
    def handshakes(self) -> int:
        """How many connections are about to be."""

    def shutdown(self) -> None:
        """Accept no new connection, and say GOAWAY on each that is there."""

    async def wait_drained(self) -> None:
        """Wait until the last connection has ended."""

    def close_connections(self) -> None:
        """Close what connections are left, with H3_NO_ERROR; requests hear of it now."""

    async def close(self) -> None:
        """Close the sockets. May be called at any time, any number of times."""


class UdpListeners:
    """The UDP sockets that a `Config` names, with aioquic and HTTP/3 on them.

    `protocols` are others that are spoken as well, by their ALPN names: what makes the core of a
    connection that agreed on one. HTTP/3 is preferred to them. `place` is given to a process that
    serves together with others: then the addresses are bound already.
    """

    def __init__(
        self,
        config: Config,
        protocols: Mapping[str, Accept] | None = None,
        place: Place | None = None,
    ) -> None:
        self._config = config
        self._protocols = dict(protocols or {})
        self._place = place
        self._observer = Observer(config, None if place is None else place.slot)
        self._sockets: list[socket.socket] = []
        self._endpoints: list[UdpEndpoint] = []
        self._engine: AioquicEngine | None = None
        self._acceptor: Acceptor | None = None
        self._undo = ExitStack()

    @property
    def observer(self) -> Observer:
        return self._observer

    @property
    def addresses(self) -> list[tuple[str, int]]:
        return [plain_address(sock.getsockname()) for sock in self._sockets]

    def bind(self) -> None:
        try:
            if self._place is not None:
                self._sockets = bind_sockets(self._place.sockets)
            else:
                self._sockets = bind_sockets(addresses_of(self._config))
        except BindError as error:
            raise StartupError(str(error)) from error
        for sock in self._sockets:
            self._undo.callback(sock.close)

    def start(self, credentials: Credentials, handler: Handler) -> None:
        config, place = self._config, self._place
        try:
            keys = SharedKeys.of(config) if place is None else place.keys
            ids = connection_ids(config, keys, None if place is None else place.slot)
            sessions = Sessions.of(config, keys, None if place is None else place.strikes)
            engine = AioquicEngine(config, credentials, (ALPN, *self._protocols), ids, sessions)
        except (AssignmentError, EngineError, SecretError) as error:
            raise StartupError(str(error)) from error
        self._engine = engine
        self._undo.callback(engine.close)

        turnstile = Turnstile()
        make_connection = connection_class(config)

        def accept(transport: QuicTransport) -> ConnectionInputs:
            if self._protocols and transport.tls is not None:
                other = self._protocols.get(transport.tls.protocol)
                if other is not None:
                    return other(transport)
            watch = self._observer.watch(transport)
            journal = transport.journal
            if journal is None:
                return make_connection(transport, handler, config, turnstile, watch)
            noting = noting_handler(handler, journal)
            return tapped(
                transport,
                journal,
                lambda transport: make_connection(transport, noting, config, turnstile, watch),
            )

        acceptor = self._acceptor = Acceptor(engine, config, keys.retry)
        loop = exact_loop(asyncio.get_running_loop())
        hand_over = None if place is None else place.open_hand_over(ids.slots)
        self._sockets = self._observer.counted(self._sockets)
        for sock in self._sockets:
            endpoint = UdpEndpoint(sock, acceptor, accept, config, loop, hand_over)
            self._undo.callback(endpoint.close)
            self._endpoints.append(endpoint)
        self._observer.begin(loop, Sources(self._sockets, acceptor, self._endpoints, hand_over))
        self._undo.callback(self._observer.end)
        if hand_over is not None:
            self._undo.callback(hand_over.close)
            hand_over.start(loop)

    def present(self, credentials: Credentials) -> None:
        assert self._engine is not None, "it was started"
        try:
            self._engine.present(credentials)
        except EngineError as error:
            raise StartupError(str(error)) from error

    def announce_shutdown(self) -> None:
        for endpoint in self._endpoints:
            endpoint.announce_shutdown()

    @property
    def handshakes(self) -> int:
        return 0 if self._acceptor is None else self._acceptor.admission.half_open

    def shutdown(self) -> None:
        for endpoint in self._endpoints:
            endpoint.shutdown()

    async def wait_drained(self) -> None:
        for endpoint in self._endpoints:
            await endpoint.wait_closed()

    def close_connections(self) -> None:
        for endpoint in self._endpoints:
            for connection in endpoint.connections:
                connection.close(ErrorCode.H3_NO_ERROR)

    async def close(self) -> None:
        self.unbind()

    def unbind(self) -> None:
        """Give the addresses back, and whatever there is on them; `bind` may be called again."""
        self._undo.close()
        self._sockets, self._endpoints = [], []
