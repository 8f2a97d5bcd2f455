"""What to do about a datagram that belongs to no connection.

This file knows which first packets may open a connection, and what is answered without one:
Version Negotiation, Retry, INVALID_TOKEN. It refuses to know sockets and to keep any state per
client (RFC 9000 §8.1.2 exists to make that possible).

Its one rule: a datagram costs as little as can be until its sender has shown that it is worth
more. The checks stand in the order of their price.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias

from h3producer.quic.limits import (
    CONNECTION_ID_LENGTH,
    HALF_OPEN_BEFORE_RETRY,
    MIN_FIRST_CONNECTION_ID,
)
from h3producer.quic.packets import (
    MIN_INITIAL_SIZE,
    VERSION_NEGOTIATION,
    encode_version_negotiation,
    parse_initial,
    parse_long_header,
)
from h3producer.quic.tokens import RetryTokens, WrongTokenError, encode_retry

if TYPE_CHECKING:
    from h3producer.config import RetryMode
    from h3producer.quic.engine import Address, Engine, EngineConnection
    from h3producer.quic.packets import InitialPacket

__all__ = ["Acceptor", "Verdict"]

INVALID_TOKEN = 0x0B
"""The transport error code (RFC 9000 §20.1)."""

Verdict: TypeAlias = "EngineConnection | bytes | None"
"""A new connection, an answer for the sender, or nothing: the datagram is dropped."""


class Acceptor:
    """Judges first packets for one endpoint."""

    def __init__(self, engine: Engine, retry: RetryMode) -> None:
        self._engine = engine
        self._retry = retry
        self._tokens = RetryTokens()

    def judge(self, datagram: bytes, address: Address, now: float, half_open: int) -> Verdict:
        """Accept, answer or drop.

        `half_open` is how many handshakes are unfinished. An accepted connection has not seen
        the datagram yet.
        """
        # RFC 9000 §14.1: "A server MUST discard an Initial packet that is carried in a UDP
        # datagram with a payload that is smaller than the smallest allowed maximum datagram size"
        if len(datagram) < MIN_INITIAL_SIZE:
            return None
        header = parse_long_header(datagram)
        if header is None or header.version == VERSION_NEGOTIATION:
            return None
        if header.version not in self._engine.versions:
            return encode_version_negotiation(header, self._engine.versions)
        initial = parse_initial(datagram, header)
        if initial is None or len(initial.destination_id) < MIN_FIRST_CONNECTION_ID:
            return None
        if self._retry == "never":
            return self._engine.accept(initial, None)
        must_prove = self._retry == "always" or half_open >= HALF_OPEN_BEFORE_RETRY
        return self._judge_token(initial, address, now, must_prove)

    def _judge_token(
        self, initial: InitialPacket, address: Address, now: float, must_prove: bool
    ) -> Verdict:
        try:
            original_id = self._tokens.validate(initial.token, address, initial.destination_id, now)
        except WrongTokenError:
            # RFC 9000 §8.1.2: "the server SHOULD immediately close … with an INVALID_TOKEN error"
            return self._engine.refuse(initial, INVALID_TOKEN)
        if original_id is None and must_prove:
            source_id = os.urandom(CONNECTION_ID_LENGTH)
            token = self._tokens.create(address, initial.destination_id, source_id, now)
            return encode_retry(initial, source_id, token)
        return self._engine.accept(initial, original_id)
