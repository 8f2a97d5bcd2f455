"""What can be seen of one connection from outside: how it is, and how far its streams are.

This file knows which facts there are, and that a connection that is forgotten has none. It refuses
to know who looks (`h3producer/observe/`), and to count anything: an engine is asked when somebody
looks, so a connection that nobody looks at pays nothing.

Its one rule: a look changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from h3producer.quic.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.http3.transport import ConnectionInputs
    from h3producer.quic.drains import Drains
    from h3producer.quic.engine import EngineConnection
    from h3producer.quic.facts import EndFacts, PathFacts, StreamFacts

__all__ = ["ConnectionsWatch", "Inspection"]


class Inspection:
    """The facts of an `EngineTransport`."""

    _connection: EngineConnection
    _phase: Phase
    _drains: Drains
    _inputs: ConnectionInputs | None
    _began: float
    _is_ours = False
    """Whether the end, if there is one, is our doing."""
    end: EndFacts | None = None
    """How it ended; None while it has not."""

    @property
    def peer_address(self) -> tuple[str, int]:
        """Where its datagrams go."""
        raise NotImplementedError

    @property
    def began(self) -> float:
        """When its first packet came, by the clock of its link."""
        return self._began

    @property
    def phase(self) -> Phase:
        """Where this connection is in its life."""
        return self._phase

    @property
    def core(self) -> ConnectionInputs | None:
        """What is spoken on it; None until streams may be opened."""
        return self._inputs

    @property
    def name(self) -> str:
        """The id that its client made up for its first packet, in hex: a qlog file has that name.

        Empty once it is forgotten.
        """
        return "" if self._phase is Phase.FORGOTTEN else self._connection.first_id.hex()

    @property
    def is_resumed(self) -> bool:
        """Whether its client came with a ticket that was taken."""
        return self._phase is not Phase.FORGOTTEN and self._connection.is_resumed

    @property
    def path_facts(self) -> PathFacts | None:
        """How it gets on; None once it is forgotten."""
        return None if self._phase is Phase.FORGOTTEN else self._connection.path_facts

    def stream_facts(self) -> list[StreamFacts]:
        """All streams of either end that QUIC has not forgotten; O(streams)."""
        return [] if self._phase is Phase.FORGOTTEN else self._connection.stream_facts()

    def is_drained(self, stream_id: int) -> bool:
        """Whether somebody waits for room on the stream now."""
        return stream_id in self._drains

    def time_waits(self, time: Callable[[], float], told: Callable[[float | None], None]) -> None:
        """Have `told` hear of each wait for room: None when it begins, its seconds when it ends."""
        self._drains.timing = time, told


class ConnectionsWatch(Protocol):
    """Who watches the connections of an endpoint. None of this raises."""

    def connection_began(self, connection: Inspection) -> None:
        """Its first packet has come."""

    def handshake_completed(self, connection: Inspection) -> None:
        """Its handshake is complete, and it may stay."""

    def connection_ended(self, connection: Inspection) -> None:
        """It is over, and its facts are still there. Comes once, also for one that never opened."""
