"""The TCP side of a server, in the verbs that the UDP side has (`server/listeners.py`).

This file knows sockets that listen, handshakes, and when connections are told to end. It refuses to
know what is said on them (`conversation.py`).

Its one rule: who has come is answered. Connections that the kernel has accepted when the end begins
are taken in and served, since closing the socket would cut them.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from h3producer.asgi.alt_svc import alt_svc_value
from h3producer.quic.udp.sockets import plain_address
from h3producer.server.certificates.hints import url_of
from h3producer.server.tcp.connection import TcpConnection
from h3producer.server.tcp.conversation import Conversation
from h3producer.server.tcp.field_lines import TcpFieldLines
from h3producer.server.tcp.service import Service
from h3producer.server.tcp.sockets import SERVING
from h3producer.server.tcp.tls import certificate_pem, tls_context

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Hashable, Sequence

    from h3producer.config import Config
    from h3producer.http3.stream import Handler
    from h3producer.observe.observer import Observer
    from h3producer.quic.engine import Credentials
    from h3producer.server.tcp.sockets import Listening

__all__ = ["TcpListeners"]

logger = logging.getLogger("h3producer.error")

ACCEPTS_PER_PASS = 16
"""Connections taken from the kernel's queue in a pass of the event loop: their handshakes cost a
millisecond each, and others are served in between."""

SHUTDOWN_TIMEOUT = 5.0
"""Seconds for a client to take the rest of what it was sent, and TLS's farewell."""

PAUSE = 1.0
"""Seconds until the next try when the process has no descriptor left for a connection."""


class TcpListeners:
    """The TCP sockets of a server, with HTTP/1.1 and HTTP/2 on them."""

    def __init__(self, config: Config, observer: Observer) -> None:
        self._config = config
        self._observer = observer
        self._sockets: list[socket.socket] = []
        self._is_shared = False
        self._accepting: set[socket.socket] = set()
        self._handshakes: set[asyncio.Task[None]] = set()
        self._lines: dict[socket.socket, TcpFieldLines] = {}
        self._service: Service | None = None
        self._context: ssl.SSLContext | None = None
        self._certificate = ""

    @property
    def addresses(self) -> list[tuple[str, int]]:
        return [plain_address(sock.getsockname()) for sock in self._sockets]

    def take(self, listening: Listening, beside: Sequence[tuple[str, int]]) -> None:
        """Have these sockets; `beside` are the UDP addresses, of which their responses speak."""
        config = self._config
        self._sockets, self._is_shared = listening
        for index, sock in enumerate(self._sockets):
            # Each says where its own twin is.
            udp_port = beside[index if len(beside) == len(self._sockets) else 0][1]
            value = alt_svc_value(config.alt_svc_port or udp_port, config.alt_svc_max_age)
            self._lines[sock] = TcpFieldLines(config, value)

    def start(self, credentials: Credentials, handler: Handler) -> None:
        """Answer clients. Raises `StartupError`."""
        self.present(credentials)
        self._service = Service(self._config, handler, self._observer)
        for sock in self._sockets:
            self._listen(sock)
        if not self._is_shared:  # else somebody else says where
            where = ", ".join(url_of(host, port) for host, port in self.addresses)
            logger.info(SERVING, where)

    def present(self, credentials: Credentials) -> None:
        """Show another certificate to whoever comes from now on. Raises `StartupError`."""
        self.show(self.prepared(credentials))

    def prepared(self, credentials: Credentials) -> tuple[ssl.SSLContext, str]:
        """What `show` shows. Raises `StartupError`."""
        return tls_context(credentials, self._config.keylog_file), certificate_pem(credentials)

    def show(self, prepared: tuple[ssl.SSLContext, str]) -> None:
        self._context, self._certificate = prepared

    def announce_shutdown(self) -> None:
        """Take in who has come, and nobody else; tell all that they had better ask elsewhere."""
        self._take_nobody_else()
        if self._service is not None:
            self._service.announce_shutdown()

    @property
    def handshakes(self) -> int:
        """How many connections are about to be."""
        return len(self._handshakes)

    def shutdown(self) -> None:
        """Take in who has come, and nobody else; end each connection when it is idle."""
        self._take_nobody_else()
        if self._service is not None:
            self._service.shutdown()

    def _take_nobody_else(self) -> None:
        if self._service is None:
            return
        for sock in self._sockets:
            if not self._is_shared:
                self._accept(sock, at_most=None)
            self._pause(sock)
            sock.close()
        self._sockets = []

    async def wait_drained(self) -> None:
        """Wait until the last connection has ended."""
        if self._service is not None:
            await self._service.wait_empty()

    def close_connections(self) -> None:
        """End what connections are left now; their requests hear of it."""
        for task in self._handshakes:
            task.cancel()
        if self._service is not None:
            for conversation in list(self._service.conversations):
                conversation.close()

    async def close(self) -> None:
        """Close the sockets, and what is left. May be called at any time, any number of times."""
        self.unbind()
        self.close_connections()
        if self._service is not None:
            self._service.stop()

    def unbind(self) -> None:
        """Give the addresses back."""
        for sock in self._sockets:
            self._pause(sock)
            sock.close()
        self._sockets = []

    # Newcomers

    def _listen(self, sock: socket.socket) -> None:
        if sock.fileno() != -1 and sock not in self._accepting:
            self._accepting.add(sock)
            asyncio.get_running_loop().add_reader(sock, self._accept, sock)

    def _pause(self, sock: socket.socket) -> None:
        if sock in self._accepting:
            self._accepting.discard(sock)
            asyncio.get_running_loop().remove_reader(sock)

    def _accept(self, sock: socket.socket, at_most: int | None = ACCEPTS_PER_PASS) -> None:
        taken = 0
        while at_most is None or taken < at_most:
            if len(self._handshakes) >= self._config.max_half_open_connections:
                self._pause(sock)  # they wait in the kernel until a handshake is over
                return
            try:
                client, address = sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                logger.error("Cannot accept a TCP connection: %s.", error.strerror)
                self._pause(sock)
                asyncio.get_running_loop().call_later(PAUSE, self._resume)
                return
            taken += 1
            self._greet(client, plain_address(address), self._lines[sock])

    def _greet(self, client: socket.socket, address: tuple[str, int], lines: TcpFieldLines) -> None:
        assert self._service is not None, "it was started"
        source = self._service.admit(address)
        if source is None:
            client.close()
            return
        client.setblocking(False)
        task = asyncio.get_running_loop().create_task(self._shake_hands(client, source, lines))
        self._handshakes.add(task)
        task.add_done_callback(self._shook_hands)

    async def _shake_hands(
        self, client: socket.socket, source: Hashable, lines: TcpFieldLines
    ) -> None:
        service, config = self._service, self._config
        assert service is not None, "it was started"
        connection = TcpConnection(
            config.response_buffer,
            self._certificate,
            lambda connection: Conversation(connection, service, lines, source).start(),
        )
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                client,
                ssl=self._context,
                ssl_handshake_timeout=config.handshake_timeout,
                ssl_shutdown_timeout=SHUTDOWN_TIMEOUT,
            )
        except OSError as error:  # `ssl.SSLError` and timeouts are, too
            logger.debug("TLS over TCP, client %s: %s", source, error)
        finally:
            if not connection.is_open:
                service.dismiss(source)

    def _shook_hands(self, task: asyncio.Task[None]) -> None:
        self._handshakes.discard(task)
        if not task.cancelled():
            task.result()
        self._resume()

    def _resume(self) -> None:
        """There may be room again."""
        if self._service is not None and not self._service.is_leaving:
            for sock in self._sockets:
                self._listen(sock)
