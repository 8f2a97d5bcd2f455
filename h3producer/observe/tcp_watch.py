"""Who watches the exchanges of one TCP connection: they are told of as HTTP/3's are.

This file knows that there is no QUIC beside them, and gives the connection a name. It refuses to
know who hears of them (`telling.py`).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from h3producer.http3.cause import Cause
from h3producer.observe.telling import TellingWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.observe.access_log import AccessLog
    from h3producer.observe.exchange_meters import ExchangeMeters

__all__ = ["TcpWatch"]


class TcpWatch(TellingWatch):
    """The `ExchangeWatch` of one TCP connection."""

    __slots__ = ("_peer_address",)

    def __init__(
        self,
        peer_address: tuple[str, int],
        now: Callable[[], float],
        log: AccessLog | None,
        meters: ExchangeMeters | None = None,
    ) -> None:
        super().__init__(secrets.token_hex(8), now, log, meters)  # as long as QUIC's
        self._peer_address = peer_address

    @property
    def peer_address(self) -> tuple[str, int]:
        return self._peer_address

    def cause_of_loss(self) -> Cause:
        return Cause.CLIENT_CLOSE  # ours has told the exchanges before

    def exchange_rejected(self, stream_id: int) -> None:
        """What comes while the server stops is answered over TCP."""

    def response_given_up(self) -> None: ...

    def datagram_dropped(self, *, was_received: bool) -> None: ...
