"""The border between a connection and the place where it lives.

This file has no implementation: `transport.py` is the `Tenant`, `udp/endpoint.py` the `Link`. It
stands alone so that either can be read, and tested, without the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from h3producer.http3.transport import QuicTransport

if TYPE_CHECKING:
    from h3producer.http3.transport import ConnectionInputs
    from h3producer.quic.engine import Address, Datagram
    from h3producer.quic.timer import Clock

__all__ = ["Link", "Tenant"]


class Tenant(QuicTransport, Protocol):
    """A connection, as its link sees it: the port, and what drives it."""

    connection_ids: set[bytes]
    """All ids under which it is reached now."""

    def receive(self, data: bytes, address: Address, now: float) -> None:
        """Take in a UDP datagram. Whoever calls this calls `turn_over` when it was the last one for
        now, and `flush` later in the same pass."""

    def turn_over(self) -> None:
        """No datagram follows at once: hand on what waits to be handed on together."""

    def take_turn(self, now: float) -> None:
        """Its timer has fired, and now it is its turn; `flush` follows as for a datagram."""

    def flush(self) -> None:
        """Build and send what there is; a no-op unless something asked for it."""

    def tick(self, now: float) -> int:
        """About a second has gone by: have the core look at what takes too long.

        Return how many bytes of memory were freed.
        """

    def announce_shutdown(self) -> None:
        """Have the core say that the end is near, if there is a core."""

    def shutdown(self) -> None:
        """Have the core end the connection in its own way."""

    def abort(self, error_code: int, reason: str = "") -> None:
        """Close, say so if the socket takes it, and be forgotten, all of it now."""


class Link(Protocol):
    """A socket, and the table of who is reached under which connection id."""

    @property
    def clock(self) -> Clock: ...

    @property
    def local_address(self) -> tuple[str, int]: ...

    @property
    def is_full(self) -> bool:
        """Whether the socket takes no more, so that nothing should be built."""

    def send(self, datagrams: list[Datagram]) -> None:
        """Send in order; what the socket does not take now is kept, and `is_full` becomes true."""

    def wait_for_turn(self, tenant: Tenant) -> None:
        """Call `tenant.take_turn` soon, or something else that is followed by its `flush`."""

    def wait_for_room(self, tenant: Tenant) -> None:
        """Call `tenant.flush` when the socket takes datagrams again."""

    def add_route(self, connection_id: bytes, tenant: Tenant) -> None:
        """Datagrams for this id belong to the tenant."""

    def remove_route(self, connection_id: bytes) -> None:
        """They no longer do."""

    def proven(self, tenant: Tenant) -> bool:
        """The handshake is complete, so the peer is where it says; return whether it may stay."""

    def opened(self, tenant: Tenant) -> ConnectionInputs:
        """Streams may be opened: make the core of this connection.

        Behind `proven`, or before it if early data was accepted.
        """

    def rule_broken(self, tenant: Tenant, sentence: str) -> None:
        """The peer broke a rule of QUIC, for which its connection is being closed."""

    def ended(self, tenant: Tenant) -> None:
        """The connection is over, and the core is about to hear; late packets may still come."""

    def forget(self, tenant: Tenant) -> None:
        """Nothing more will be sent or received. Comes once and last."""
