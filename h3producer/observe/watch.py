"""Who watches the exchanges of one connection over QUIC.

This file knows which connection an exchange was on, and so what ended both. It refuses to know who
hears of it (`telling.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode
from h3producer.http3.cause import Cause
from h3producer.observe.telling import TellingWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.observe.access_log import AccessLog
    from h3producer.observe.exchange_meters import ExchangeMeters
    from h3producer.quic.transport import EngineTransport

__all__ = ["ConnectionWatch"]


class ConnectionWatch(TellingWatch):
    """The `ExchangeWatch` of one connection."""

    __slots__ = ("_transport",)

    def __init__(
        self,
        transport: EngineTransport,
        now: Callable[[], float],
        log: AccessLog | None,
        meters: ExchangeMeters | None = None,
    ) -> None:
        super().__init__(transport.name, now, log, meters)
        self._transport = transport

    @property
    def peer_address(self) -> tuple[str, int]:
        return self._transport.peer_address

    def exchange_rejected(self, stream_id: int) -> None:
        record = self.exchange_began(stream_id)
        record.ended, record.cause = record.began, Cause.DRAINING
        record.error_code = ErrorCode.H3_REQUEST_REJECTED
        self.exchange_ended(record)

    def response_given_up(self) -> None:
        if self._meters is not None:
            self._meters.given_up()

    def datagram_dropped(self, *, was_received: bool) -> None:
        if self._meters is not None:
            self._meters.datagram_dropped(was_received=was_received)

    def cause_of_loss(self) -> Cause:
        end = self._transport.end
        if end is None or end.is_idle:
            return Cause.CONNECTION_LOST
        return Cause.SERVER_CLOSE if end.is_ours else Cause.CLIENT_CLOSE
