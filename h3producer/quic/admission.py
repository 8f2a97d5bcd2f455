"""Who may come in: the counts of connections, for a whole process.

This file knows how many connections there are, how many of them are still in their handshake, and
how many each address has. It refuses to know packets, sockets and clocks: who asks is an address,
and the answer a value.

Its one rule: only a proven address is counted. Anybody can write a victim's address on a first
packet (RFC 9000 §21.5), so what is not proven must not use up what the victim may have. It is
bounded all the same: `retry="auto"` asks for the proof once `retry_threshold` handshakes are
unfinished, so that forged addresses never fill `max_half_open_connections`.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

from h3producer.quic.udp.sockets import packed_host, plain_address

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.quic.engine import Address

__all__ = ["Admission", "Obstacle", "Seat", "Source", "source_of"]

Source: TypeAlias = str | bytes
"""What counts as one address: an IPv4 address, or the first 64 bits of an IPv6 one."""


class Obstacle(Enum):
    """Why nobody can be admitted now."""

    CROWD = auto()
    """So many handshakes are unfinished that a newcomer must wait; it takes seconds at most."""
    FULL = auto()
    """The server is taken by connections that last."""
    SHARE = auto()
    """What one address may have of it is."""


class Admission:
    """The counts, and the limits that `Config` sets to them. One for all sockets of a server."""

    def __init__(self, config: Config) -> None:
        self._retry = config.retry
        self._retry_threshold = config.retry_threshold
        self._max_connections = config.max_connections
        self._max_half_open = config.max_half_open_connections
        self._max_per_source = config.max_connections_per_address
        self._by_source: Counter[Source] = Counter()
        self._is_flooded = False
        self.floods = 0
        """Sockets on which first packets come faster than anybody's customers do."""
        self.connections = 0
        """All that are not forgotten yet, half-open ones included."""
        self.half_open = 0
        """Handshakes that are unfinished."""

    @property
    def asks_for_proof(self) -> bool:
        """Whether a client has to prove its address before anything is spent on it."""
        if self._retry == "auto":
            return self._is_flooded or self.floods > 0
        return self._retry == "always"

    @property
    def reads_proofs(self) -> bool:
        """Whether a token may be one of ours: what was asked for in a flood holds after it."""
        return self._retry != "never"

    def obstacle(self, address: Address) -> Obstacle | None:
        """What keeps a client at this address from being admitted now.

        The address need not be proven to be turned away: a forger gains nothing by that.
        """
        if self.half_open >= self._max_half_open:
            return Obstacle.CROWD
        if self.connections >= self._max_connections:
            return Obstacle.FULL
        return Obstacle.SHARE if self._is_taken(source_of(address)) else None

    def admit(self, address: Address, *, is_proven: bool) -> Seat:
        """Count a new connection. `is_proven`: its client came back with our Retry token."""
        self.connections += 1
        self.half_open += 1
        self._watch_flood()
        seat = Seat(self, source_of(address))
        if is_proven:
            self.prove(seat)
        return seat

    # What a seat tells

    def prove(self, seat: Seat) -> bool:
        """Count the seat for its address; return whether that still had room for it."""
        has_room = not self._is_taken(seat.source)
        self._by_source[seat.source] += 1
        seat.is_proven = True
        return has_room

    def handshake_over(self) -> None:
        """One less is unfinished."""
        self.half_open -= 1
        self._watch_flood()

    def leave(self, seat: Seat) -> None:
        """The connection is forgotten."""
        self.connections -= 1
        if seat.is_proven:
            self._by_source[seat.source] -= 1
            if not self._by_source[seat.source]:
                del self._by_source[seat.source]

    def _is_taken(self, source: Source) -> bool:
        most = self._max_per_source
        return most is not None and self._by_source[source] >= most

    def _watch_flood(self) -> None:
        # On at the threshold, off at half of it: at the edge, newcomers would otherwise be asked
        # and not asked in turn.
        if self.half_open >= self._retry_threshold:
            self._is_flooded = True
        elif self.half_open <= self._retry_threshold // 2:
            self._is_flooded = False


class Seat:
    """The place of one connection in the counts, for as long as it lasts."""

    __slots__ = ("_admission", "_is_half_open", "is_proven", "source")

    def __init__(self, admission: Admission, source: Source) -> None:
        self._admission = admission
        self._is_half_open = True
        self.source = source
        """Where its client was when it came; a migration does not change that."""
        self.is_proven = False
        """Whether it counts for that address."""

    def handshake_completed(self) -> bool:
        """The client has received what we sent: its address is proven (RFC 9000 §8.1).

        Return whether it may stay: others of the same address may have been faster.
        """
        self.handshake_over()
        return self.is_proven or self._admission.prove(self)

    def handshake_over(self) -> None:
        """Its handshake came to an end, to whichever. May be called again."""
        if self._is_half_open:
            self._is_half_open = False
            self._admission.handshake_over()

    def leave(self) -> None:
        """The connection is forgotten; comes once and last."""
        self.handshake_over()
        self._admission.leave(self)


def source_of(address: Address) -> Source:
    """What an address counts as. Whoever has one IPv6 address has its whole /64 (RFC 4291)."""
    host, _ = plain_address(address)
    if ":" not in host:
        return host
    return packed_host(host)[:8]
