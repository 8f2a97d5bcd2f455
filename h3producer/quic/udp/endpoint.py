"""One UDP socket, and all connections that live on it.

This file knows who lives here, how they begin and end, and who waits for room. It refuses to know
the socket's two ends (`intake.py`, `outlet.py`) and what a connection does with a datagram.

Its one rule: nothing that arrives stops it. What a connection does wrong costs that connection.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeAlias

from h3producer.errors import ErrorCode
from h3producer.http3.complaints import COMPLAINTS, ConnectionComplaints
from h3producer.quic.inspection import Inspection
from h3producer.quic.limits import ALARM_PAUSE
from h3producer.quic.link import Link
from h3producer.quic.transport import EngineTransport
from h3producer.quic.udp.heartbeat import Heartbeat
from h3producer.quic.udp.intake import Intake
from h3producer.quic.udp.outlet import Outlet
from h3producer.quic.udp.sockets import plain_address, show_address
from h3producer.quic.udp.strays import Strays

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.config import Config
    from h3producer.http3.transport import ConnectionInputs, QuicTransport
    from h3producer.quic.acceptor import Acceptor
    from h3producer.quic.admission import Seat
    from h3producer.quic.engine import Address, Datagram
    from h3producer.quic.inspection import ConnectionsWatch
    from h3producer.quic.link import Tenant
    from h3producer.quic.loop import DatagramSocket, Loop
    from h3producer.quic.siblings.hand_over import HandOver
    from h3producer.quic.timer import Clock

__all__ = ["Accept", "UdpEndpoint"]

logger = logging.getLogger("h3producer.quic")

Accept: TypeAlias = "Callable[[QuicTransport], ConnectionInputs]"
"""Makes the core of a connection whose handshake is complete, or whose early data is accepted."""


class UdpEndpoint(Link):
    """Serves QUIC on one bound, non-blocking UDP socket, and owns it.

    Reads from its creation on. The `acceptor` judges first packets for all sockets of a server;
    `accept` makes a core for each connection that has come so far. `loop` is an asyncio or
    uvloop event loop; only its public methods are used. `hand_over` leads to the other processes,
    if there are any.
    """

    watch: ConnectionsWatch | None = None
    """Who watches its connections; to be set before the first comes."""

    def __init__(
        self,
        sock: DatagramSocket,
        acceptor: Acceptor,
        accept: Accept,
        config: Config,
        loop: Loop,
        hand_over: HandOver | None = None,
    ) -> None:
        self._socket = sock
        self._accept = accept
        self._acceptor = acceptor
        self._config = config
        self._loop = loop
        self._local_address = plain_address(sock.getsockname())
        self._seats: dict[Tenant, Seat] = {}
        self._live: set[Tenant] = set()
        self._waiting: dict[Tenant, None] = {}
        self._heartbeat = Heartbeat(loop, self._live)
        self._is_accepting = True
        self._is_closed = False
        self._done = asyncio.Event()
        self._next_alarm = 0.0
        self._outlet = Outlet(sock, loop, self._has_room, gso=config.gso)
        pass_on = None if hand_over is None else hand_over.join(self._take)
        self._strays = Strays(acceptor.ids, self._answer, loop, pass_on)
        self._intake = Intake(sock, loop, self._judge, self._strays, self._flooded, gro=config.gro)

    def __repr__(self) -> str:
        return f"<UdpEndpoint {show_address(self._local_address)} {len(self._live)} connections>"

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens: host and port."""
        return [self._local_address]

    @property
    def resets(self) -> int:
        """Stateless resets that were sent."""
        return self._strays.resets

    @property
    def dropped(self) -> int:
        """Datagrams that came faster than their connections, or we, could take them."""
        return self._intake.dropped

    @property
    def connections(self) -> list[Tenant]:
        """The connections that have not ended, half-open ones included."""
        return list(self._live)

    def stop_accepting(self) -> None:
        """Drop first packets of new clients from now on (RFC 9000 §5.2.2 allows it)."""
        self._is_accepting = False
        self._check_done()

    def announce_shutdown(self) -> None:
        """Stop accepting, and have each connection say that it will end, also those that are about
        to be open; go on with all of them."""
        self.stop_accepting()
        for tenant in self.connections:
            tenant.announce_shutdown()

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
        self._intake.stop()
        self._outlet.stop()
        self._socket.close()
        self._check_done()

    async def wait_closed(self) -> None:
        """Wait until it no longer accepts and its last connection has ended.

        The socket stays open until `close`, so that late packets are still answered.
        """
        await self._done.wait()

    # Receiving

    def _take(self, datagrams: list[Datagram], hops: int) -> None:
        if not self._is_closed:
            self._intake.take(datagrams, hops)

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
        seat = self._seats[tenant] = verdict.seat
        self._intake.add(tenant, seat.source if seat.is_proven else None)
        self._live.add(tenant)
        if self.watch is not None:
            self.watch.connection_began(tenant)
        return tenant

    def _flooded(self, is_flood: bool) -> bool:
        admission = self._acceptor.admission
        admission.floods += 1 if is_flood else -1
        now = self._loop.time()
        if is_flood and now >= self._next_alarm:
            self._next_alarm = now + ALARM_PAUSE
            logger.info("%r: first packets flood in; few are read while that lasts", self)
        return admission.asks_for_proof

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
        return self._outlet.is_full

    def send(self, datagrams: list[Datagram]) -> None:
        self._outlet.send(datagrams)

    def wait_for_turn(self, tenant: Tenant) -> None:
        self._intake.wait_for_turn(tenant)

    def wait_for_room(self, tenant: Tenant) -> None:
        self._waiting[tenant] = None

    def add_route(self, connection_id: bytes, tenant: Tenant) -> None:
        self._intake.add_route(connection_id, tenant)

    def remove_route(self, connection_id: bytes) -> None:
        self._intake.remove_route(connection_id)

    def proven(self, tenant: Tenant) -> bool:
        seat = self._seats[tenant]
        if not seat.handshake_completed():
            self._acceptor.counts.share += 1
            return False
        self._intake.prove(tenant, seat.source)
        if self.watch is not None and isinstance(tenant, Inspection):
            self.watch.handshake_completed(tenant)
        return True

    def opened(self, tenant: Tenant) -> ConnectionInputs:
        self._heartbeat.start()
        inputs = self._accept(tenant)
        if not self._is_accepting:
            inputs.announce_shutdown()
        return inputs

    def rule_broken(self, tenant: Tenant, sentence: str) -> None:
        ConnectionComplaints(COMPLAINTS).log(tenant.peer_address, "it is closed: %s", sentence)

    def ended(self, tenant: Tenant) -> None:
        self._seats[tenant].handshake_over()
        self._live.discard(tenant)
        if self.watch is not None and isinstance(tenant, Inspection):
            self.watch.connection_ended(tenant)
        self._check_done()

    def forget(self, tenant: Tenant) -> None:
        self._seats.pop(tenant).leave()
        self._waiting.pop(tenant, None)
        self._intake.remove(tenant)

    def _has_room(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for tenant in waiting:
            tenant.flush()

    def _check_done(self) -> None:
        if not self._is_accepting and not self._live:
            self._done.set()
