"""What to do about a datagram that belongs to no connection.

This file knows which first packets may open a connection, and what is answered without one:
Version Negotiation, Retry, INVALID_TOKEN, CONNECTION_REFUSED. It refuses to know sockets and to
keep any state per client (RFC 9000 §8.1.2 exists to make that possible); what is counted is
counted in `admission.py`.

Its one rule: a datagram costs as little as can be until its sender has shown that it is worth
more. The checks stand in the order of their price. An answer is always smaller than what it
answers, so that nobody can use us to multiply his traffic.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from h3producer.quic.admission import Admission, Obstacle
from h3producer.quic.engine import TransportError
from h3producer.quic.keys.tokens import RetryTokens, WrongTokenError, encode_retry
from h3producer.quic.limits import MIN_FIRST_CONNECTION_ID, REFUSAL_PAUSE
from h3producer.quic.packets import (
    MIN_INITIAL_SIZE,
    VERSION_NEGOTIATION,
    encode_version_negotiation,
    parse_initial,
    parse_long_header,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.config import Config
    from h3producer.quic.admission import Seat
    from h3producer.quic.engine import Address, Engine, EngineConnection
    from h3producer.quic.packets import InitialPacket

__all__ = ["Acceptor", "DoorCounts", "Newcomer", "Verdict"]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A connection that is let in. It has not seen the datagram yet."""

    connection: EngineConnection
    seat: Seat
    """Its place in the counts; whoever keeps the connection tells it how that goes on."""


Verdict: TypeAlias = Newcomer | bytes | None
"""A new connection, an answer for the sender, or nothing: the datagram is dropped."""


@dataclass(slots=True)
class DoorCounts:
    """First packets that opened no connection; the counts only grow."""

    version_negotiations: int = 0
    """Were answered with the versions that we speak."""
    retries: int = 0
    """Were asked to prove their address."""
    invalid_tokens: int = 0
    """Had a token that was ours and not theirs, and were told so."""
    noise: int = 0
    """Were not what their header says, and were dropped."""
    crowd: int = 0
    """Were dropped for `max_half_open_connections`."""
    full: int = 0
    """Were refused for `max_connections`."""
    share: int = 0
    """Were refused for `max_connections_per_address`, or later for it, once that was proven."""


class Acceptor:
    """Judges first packets for one server, whichever socket they come from.

    Tokens of another one that has the same `retry_key` (16 bytes) are as good as its own, so
    `clock` says seconds that mean the same everywhere.
    """

    def __init__(
        self,
        engine: Engine,
        config: Config,
        retry_key: bytes | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._tokens = RetryTokens(retry_key)
        self._clock = clock
        self.ids = engine.ids
        """How whoever is let in is reached."""
        self._next_refusal = 0.0
        self.admission = Admission(config)
        self.counts = DoorCounts()

    def judge(self, datagram: bytes, address: Address, now: float) -> Verdict:
        """Accept, answer or drop."""
        # RFC 9000 §14.1: "A server MUST discard an Initial packet that is carried in a UDP
        # datagram with a payload that is smaller than the smallest allowed maximum datagram size"
        if len(datagram) < MIN_INITIAL_SIZE:
            return None
        header = parse_long_header(datagram)
        if header is None or header.version == VERSION_NEGOTIATION:
            return None
        if header.version not in self._engine.versions:
            self.counts.version_negotiations += 1
            return encode_version_negotiation(header, self._engine.versions)
        initial = parse_initial(datagram, header)
        if initial is None or not self._may_be_first(initial):
            return None
        return self._judge_initial(datagram, initial, address, now)

    def _may_be_first(self, initial: InitialPacket) -> bool:
        # RFC 9000 §7.2: an id that a client makes up has 8 bytes at least. Behind a Retry it is
        # ours.
        size = len(initial.destination_id)
        is_returning = bool(initial.token) and size == self.ids.length
        return size >= MIN_FIRST_CONNECTION_ID or is_returning

    def _judge_initial(
        self, datagram: bytes, initial: InitialPacket, address: Address, now: float
    ) -> Verdict:
        obstacle = self.admission.obstacle(address)
        counts = self.counts
        if obstacle is Obstacle.CROWD:
            counts.crowd += 1
            return None
        if obstacle is not None:
            if obstacle is Obstacle.FULL:
                counts.full += 1
            else:
                counts.share += 1
            # RFC 9000 §5.2.2: "... it SHOULD send an Initial packet containing a
            # CONNECTION_CLOSE frame with error code CONNECTION_REFUSED."
            return self._refuse(initial, TransportError.CONNECTION_REFUSED, now)
        original_id = None
        if self.admission.reads_proofs:
            try:
                original_id = self._tokens.validate(
                    initial.token, address, initial.destination_id, self._clock()
                )
            except WrongTokenError:
                # RFC 9000 §8.1.2: "the server SHOULD immediately close … with an INVALID_TOKEN
                # error"
                counts.invalid_tokens += 1
                return self._refuse(initial, TransportError.INVALID_TOKEN, now)
        if original_id is None and self.admission.asks_for_proof:
            return self._retry(initial, address)
        if not self._engine.is_authentic(datagram, initial):
            counts.noise += 1
            return None
        connection = self._engine.accept(initial, original_id)
        seat = self.admission.admit(address, is_proven=original_id is not None)
        return Newcomer(connection, seat)

    def _retry(self, initial: InitialPacket, address: Address) -> bytes:
        self.counts.retries += 1
        source_id = self.ids.make()
        token = self._tokens.create(address, initial.destination_id, source_id, self._clock())
        return encode_retry(initial, source_id, token)

    def _refuse(
        self, initial: InitialPacket, error_code: TransportError, now: float
    ) -> bytes | None:
        if now < self._next_refusal:
            return None
        self._next_refusal = now + REFUSAL_PAUSE
        return self._engine.refuse(initial, error_code)
