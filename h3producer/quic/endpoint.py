"""One UDP socket, and all connections that live on it.

This file knows the socket, the event loop and the table of connection ids. It refuses to know
what is in a datagram beyond the id it is for (RFC 8999 §5), and what a connection does with it.

How a pass of the event loop goes:

1. The socket is readable: up to `MAX_DATAGRAMS_PER_PASS` datagrams are read and each is given to
   its connection, or judged by the acceptor. Applications' tasks are created here.
2. Those tasks run their first step, in the order of their creation.
3. Each connection that got a datagram flushes once, with all that came together by then.

Its one rule: nothing that arrives stops it. What a connection does wrong costs that connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Protocol, TypeAlias

from h3producer.errors import ErrorCode
from h3producer.http3.complaints import COMPLAINTS, ConnectionComplaints
from h3producer.quic.heartbeat import Heartbeat
from h3producer.quic.limits import CONNECTION_ID_LENGTH, MAX_DATAGRAMS_PER_PASS
from h3producer.quic.link import Link
from h3producer.quic.packets import LONG_HEADER
from h3producer.quic.sockets import plain_address, show_address
from h3producer.quic.timer import Clock
from h3producer.quic.transport import EngineTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from h3producer.config import Config
    from h3producer.http3.transport import ConnectionInputs, QuicTransport
    from h3producer.quic.acceptor import Acceptor
    from h3producer.quic.admission import Seat
    from h3producer.quic.engine import Address, Datagram
    from h3producer.quic.link import Tenant

__all__ = ["Accept", "DatagramSocket", "Loop", "UdpEndpoint"]

logger = logging.getLogger("h3producer.quic")

MAX_DATAGRAM = 65535
"""Bytes to read at once: no UDP payload is larger, so none is cut off."""

Accept: TypeAlias = "Callable[[QuicTransport], ConnectionInputs]"
"""Makes the core of a connection whose handshake is complete."""


class DatagramSocket(Protocol):
    """What we use of a non-blocking `socket.socket`."""

    def fileno(self) -> int: ...

    def recvfrom(self, bufsize: int, /) -> tuple[bytes, Address]: ...

    def sendto(self, data: bytes, address: Address, /) -> int: ...

    def getsockname(self) -> Address: ...

    def close(self) -> None: ...


class Loop(Clock, Protocol):
    """What we use of an event loop."""

    def add_reader(self, sock: DatagramSocket, callback: Callable[[], object], /) -> object: ...

    def remove_reader(self, sock: DatagramSocket, /) -> object: ...

    def add_writer(self, sock: DatagramSocket, callback: Callable[[], object], /) -> object: ...

    def remove_writer(self, sock: DatagramSocket, /) -> object: ...


class UdpEndpoint(Link):
    """Serves QUIC on one bound, non-blocking UDP socket, and owns it.

    Reads from its creation on. The `acceptor` judges first packets for all sockets of a server;
    `accept` makes a core for each connection whose handshake is complete. `loop` is an asyncio or
    uvloop event loop; only its public methods are used.
    """

    def __init__(
        self, sock: DatagramSocket, acceptor: Acceptor, accept: Accept, config: Config, loop: Loop
    ) -> None:
        self._socket = sock
        self._accept = accept
        self._acceptor = acceptor
        self._config = config
        self._loop = loop
        self._local_address = plain_address(sock.getsockname())
        self._routes: dict[bytes, Tenant] = {}
        self._seats: dict[Tenant, Seat] = {}
        self._live: set[Tenant] = set()
        self._unsent: deque[Datagram] = deque()
        self._waiting: dict[Tenant, None] = {}
        self._heartbeat = Heartbeat(loop, self._live)
        self._is_accepting = True
        self._is_closed = False
        self._done = asyncio.Event()
        loop.add_reader(sock, self._readable)

    def __repr__(self) -> str:
        return f"<UdpEndpoint {show_address(self._local_address)} {len(self._live)} connections>"

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens: host and port."""
        return [self._local_address]

    @property
    def connections(self) -> list[Tenant]:
        """The connections that have not ended, half-open ones included."""
        return list(self._live)

    def stop_accepting(self) -> None:
        """Drop first packets of new clients from now on (RFC 9000 §5.2.2 allows it)."""
        self._is_accepting = False
        self._check_done()

    def shutdown(self) -> None:
        """Stop accepting, and have each connection end in its own way: GOAWAY and so on."""
        self.stop_accepting()
        for tenant in self.connections:
            tenant.shutdown()

    def close(self, error_code: int = ErrorCode.H3_NO_ERROR, reason: str = "") -> None:
        """End all connections now, with a CONNECTION_CLOSE if the socket takes it; idempotent."""
        if self._is_closed:
            return
        self.stop_accepting()
        for tenant in list(self._seats):
            tenant.abort(error_code, reason)
        self._is_closed = True
        self._heartbeat.stop()
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        self._check_done()

    async def wait_closed(self) -> None:
        """Wait until it no longer accepts and its last connection has ended.

        The socket stays open until `close`, so that late packets are still answered.
        """
        await self._done.wait()

    # Receiving

    def _readable(self) -> None:
        now = self._loop.time()
        touched: dict[Tenant, None] = {}
        for _ in range(MAX_DATAGRAMS_PER_PASS):
            try:
                datagram, address = self._socket.recvfrom(MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                # An ICMP message about something that we sent; that peer's timers will see to it.
                logger.debug("%r: receiving failed: %s", self, error)
                continue
            tenant = self._tenant_for(datagram, address, now)
            if tenant is not None:
                tenant.receive(datagram, address, now)
                touched[tenant] = None
        if touched:
            # Behind the first steps of the tasks that were created just now.
            self._loop.call_soon(self._flush, touched)

    def _flush(self, touched: Iterable[Tenant]) -> None:
        for tenant in touched:
            tenant.flush()

    def _tenant_for(self, datagram: bytes, address: Address, now: float) -> Tenant | None:
        if len(datagram) < 7:
            return None
        if datagram[0] & LONG_HEADER:
            connection_id = datagram[6 : 6 + datagram[5]]
        else:
            connection_id = datagram[1 : 1 + CONNECTION_ID_LENGTH]
        tenant = self._routes.get(connection_id)
        if tenant is None and datagram[0] & LONG_HEADER:
            return self._judge(datagram, address, now)
        return tenant

    def _judge(self, datagram: bytes, address: Address, now: float) -> Tenant | None:
        if not self._is_accepting:
            return None
        verdict = self._acceptor.judge(datagram, address, now)
        if verdict is None:
            return None
        if isinstance(verdict, bytes):
            self._answer(verdict, address)
            return None
        tenant = EngineTransport(verdict.connection, self, self._config)
        for connection_id in tenant.connection_ids:
            self._routes[connection_id] = tenant
        self._seats[tenant] = verdict.seat
        self._live.add(tenant)
        return tenant

    def _answer(self, datagram: bytes, address: Address) -> None:
        """Send what no connection stands behind; lost if the socket is full."""
        try:
            self._socket.sendto(datagram, address)
        except OSError as error:
            logger.debug("%r: answering %s failed: %s", self, address, error)

    # What a connection asks of its link

    @property
    def clock(self) -> Clock:
        return self._loop

    @property
    def local_address(self) -> tuple[str, int]:
        return self._local_address

    @property
    def is_full(self) -> bool:
        return bool(self._unsent)

    def send(self, datagrams: list[Datagram]) -> None:
        sendto = self._socket.sendto
        for index, (datagram, address) in enumerate(datagrams):
            try:
                sendto(datagram, address)
            except (BlockingIOError, InterruptedError):
                self._unsent.extend(datagrams[index:])
                self._loop.add_writer(self._socket, self._writable)
                return
            except OSError as error:
                # ENETUNREACH, EPERM, EMSGSIZE …: lost like on the way; recovery sends it again.
                logger.debug("%r: sending to %s failed: %s", self, address, error)

    def wait_for_room(self, tenant: Tenant) -> None:
        self._waiting[tenant] = None

    def add_route(self, connection_id: bytes, tenant: Tenant) -> None:
        self._routes[connection_id] = tenant

    def remove_route(self, connection_id: bytes) -> None:
        self._routes.pop(connection_id, None)

    def opened(self, tenant: Tenant) -> ConnectionInputs | None:
        if not self._seats[tenant].handshake_completed():
            return None
        self._heartbeat.start()
        return self._accept(tenant)

    def rule_broken(self, tenant: Tenant, sentence: str) -> None:
        ConnectionComplaints(COMPLAINTS).log(tenant.peer_address, "it is closed: %s", sentence)

    def ended(self, tenant: Tenant) -> None:
        self._seats[tenant].handshake_over()
        self._live.discard(tenant)
        self._check_done()

    def forget(self, tenant: Tenant) -> None:
        self._seats.pop(tenant).leave()
        self._waiting.pop(tenant, None)
        for connection_id in tenant.connection_ids:
            if self._routes.get(connection_id) is tenant:
                del self._routes[connection_id]

    def _writable(self) -> None:
        self._loop.remove_writer(self._socket)
        unsent = list(self._unsent)
        self._unsent.clear()
        self.send(unsent)
        if not self._unsent:
            waiting, self._waiting = self._waiting, {}
            self._flush(waiting)

    def _check_done(self) -> None:
        if not self._is_accepting and not self._live:
            self._done.set()
