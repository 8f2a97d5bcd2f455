"""Datagrams that no connection of this process is known for: another has it, or nobody any more.

This file knows in which order that is found out, and how many answers there are. It refuses to know
how datagrams get to others (`siblings/hand_over.py`) and what an answer looks like
(`keys/stateless_reset.py`).

Its one rule: strays are cheap. Anybody can send as many as he likes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from h3producer.quic.keys.stateless_reset import encode_reset
from h3producer.quic.limits import MAX_RESETS
from h3producer.quic.packets import LONG_HEADER
from h3producer.quic.udp.sorting import StrayRules

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.quic.connection_ids import ConnectionIds
    from h3producer.quic.engine import Address
    from h3producer.quic.timer import Clock

    PassOn: TypeAlias = Callable[[bytes, Address, int], bool]
    Send: TypeAlias = Callable[[bytes, Address], None]

__all__ = ["Strays"]


class Strays(StrayRules):
    """The rules of one socket.

    `pass_on` returns whether another process has a datagram now; it has come from others so often.
    None: there are no others.
    """

    def __init__(
        self, ids: ConnectionIds, send: Send, clock: Clock, pass_on: PassOn | None = None
    ) -> None:
        self._ids = ids
        self._send = send
        self._clock = clock
        self._pass_on = pass_on
        self._allowance = float(MAX_RESETS)
        self._allowed_at = clock.time()
        self.resets = 0
        """Stateless resets that were sent."""

    @property
    def id_length(self) -> int:
        """Bytes of our own connection ids."""
        return self._ids.length

    def settle(self, datagram: bytes, address: Address, hops: int) -> bool:
        """Pass it on, or answer a short header; False for a first packet."""
        if self._pass_on is not None and self._pass_on(datagram, address, hops):
            return True
        if datagram[0] & LONG_HEADER:
            return False
        if self._is_allowed():
            self._reset(datagram, address)
        return True

    def _is_allowed(self) -> bool:
        now = self._clock.time()
        since = now - self._allowed_at
        self._allowed_at = now
        self._allowance = min(self._allowance + since * MAX_RESETS, MAX_RESETS)
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    def _reset(self, datagram: bytes, address: Address) -> None:
        connection_id = self._ids.own_id(datagram)
        if connection_id is None:
            return
        answer = encode_reset(self._ids.token_of(connection_id), len(datagram))
        if answer is not None:
            self.resets += 1
            self._send(answer, address)
