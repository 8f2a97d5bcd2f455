"""Who watches the exchanges of one connection, and tells the access log and the meters of each.

This file knows which connection an exchange was on, and so what ended both. It refuses to know how
a line looks (`access_log.py`) and what is counted (`meters.py`).

Its one rule: whatever fails here costs a line in the log, and no exchange.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode
from h3producer.http3.cause import Cause
from h3producer.http3.record import ExchangeRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.observe.access_log import AccessLog
    from h3producer.observe.exchange_meters import ExchangeMeters
    from h3producer.quic.transport import EngineTransport

__all__ = ["ConnectionWatch"]

logger = logging.getLogger("h3producer.error")


class ConnectionWatch:
    """The `ExchangeWatch` of one connection."""

    __slots__ = ("_log", "_meters", "_name", "_transport", "now")

    def __init__(
        self,
        transport: EngineTransport,
        now: Callable[[], float],
        log: AccessLog | None,
        meters: ExchangeMeters | None = None,
    ) -> None:
        self._transport = transport
        self._meters = meters
        self._name = transport.name
        self.now = now
        self._log = log

    def exchange_began(self, stream_id: int) -> ExchangeRecord:
        if self._meters is not None:
            self._meters.began()
        return ExchangeRecord(stream_id, self.now())

    def exchange_ended(self, record: ExchangeRecord) -> None:
        if record.cause is Cause.CONNECTION_LOST:
            record.cause = self._cause_of_end()
        if self._meters is not None:
            self._meters.ended(record)
        if self._log is not None:
            try:
                self._log.write(record, self._transport.peer_address, self._name)
            except Exception:
                logger.exception("Stream %d: the access log failed", record.stream_id)

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

    def _cause_of_end(self) -> Cause:
        """Who ended the connection, if that cut an exchange."""
        end = self._transport.end
        if end is None or end.is_idle:
            return Cause.CONNECTION_LOST
        return Cause.SERVER_CLOSE if end.is_ours else Cause.CLIENT_CLOSE
