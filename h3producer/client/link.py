"""A client's UDP socket: the `Link` of exactly one connection.

This file knows names, addresses and asyncio's datagram transport. It refuses to know HTTP/3 and
TLS. Its one rule: `settled` is set, whatever becomes of the handshake.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from h3producer.client.errors import ClientError
from h3producer.http3.transport import ConnectionInputs

if TYPE_CHECKING:
    from h3producer.quic.engine import Address, Datagram
    from h3producer.quic.link import Tenant
    from h3producer.quic.timer import Clock
    from h3producer.quic.transport import EngineTransport

__all__ = ["ClientLink", "Core", "Remote", "resolve"]


class Remote(NamedTuple):
    """An address of a server, as the socket module wants it."""

    family: socket.AddressFamily
    address: Address


class Core(ConnectionInputs, Protocol):
    """What lives on the connection: told when it opens, and all that comes after."""

    def opened(self) -> None:
        """The handshake is complete."""


async def resolve(host: str, port: int) -> list[Remote]:
    """The addresses of `host`, best first. Raises `ClientError` if it has none."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise ClientError(f"'{host}' cannot be found: {error.strerror}.") from error
    return [Remote(family, cast("Address", address)) for family, _, _, _, address in found]


class ClientLink(asyncio.DatagramProtocol):
    """A connected UDP socket, and the one connection on it."""

    def __init__(self) -> None:
        self.clock: Clock = asyncio.get_running_loop()
        self.is_full = False
        self.is_refused = False
        """Whether the system said that nobody listens there."""
        self.settled = asyncio.Event()
        """Set when the handshake is done, or will never be."""
        self._socket: asyncio.DatagramTransport
        self._transport: EngineTransport
        self._core: Core
        self._waiting = False

    async def open(self, remote: Remote) -> None:
        """Connect a socket. Raises `ClientError` if there is no way to the address."""
        sock = socket.socket(remote.family, socket.SOCK_DGRAM)
        sock.setblocking(False)
        try:
            sock.connect(remote.address)
        except OSError as error:
            sock.close()
            raise ClientError(f"Cannot reach {remote.address[0]}: {error.strerror}.") from error
        loop = asyncio.get_running_loop()
        self._socket, _ = await loop.create_datagram_endpoint(lambda: self, sock=sock)

    def attach(self, transport: EngineTransport, core: Core) -> None:
        """Put a connection here, before its handshake."""
        self._transport = transport
        self._core = core

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    @property
    def local_address(self) -> tuple[str, int]:
        host, port = self._socket.get_extra_info("sockname")[:2]
        return host, port

    # What the socket says

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._transport.receive(data, addr, self.clock.time())
        self._transport.turn_over()
        self.clock.call_soon(self._transport.flush)

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, ConnectionRefusedError) and not self.settled.is_set():
            self.is_refused = True
            self.settled.set()

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        if self._waiting:
            self._waiting = False
            self._transport.flush()

    # What the connection asks; see `quic/link.py`

    def send(self, datagrams: list[Datagram]) -> None:
        for data, _ in datagrams:
            self._socket.sendto(data)

    def wait_for_turn(self, tenant: Tenant) -> None:
        tenant.take_turn(self.clock.time())
        tenant.flush()

    def wait_for_room(self, tenant: Tenant) -> None:
        self._waiting = True

    def add_route(self, connection_id: bytes, tenant: Tenant) -> None:
        """One socket, one connection: there is nothing to choose."""

    def remove_route(self, connection_id: bytes) -> None:
        """Likewise."""

    def proven(self, tenant: Tenant) -> bool:
        return True

    def opened(self, tenant: Tenant) -> ConnectionInputs:
        self.settled.set()
        self._core.opened()
        return self._core

    def rule_broken(self, tenant: Tenant, sentence: str) -> None:
        """The connection ends, and says why by itself."""

    def ended(self, tenant: Tenant) -> None:
        self.settled.set()

    def forget(self, tenant: Tenant) -> None:
        self.settled.set()
