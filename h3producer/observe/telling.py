"""How log and meters hear of an exchange, over whatever protocol it came.

This file knows the order, and that either may be missing. It refuses to know connections: who
watches one says where it leads, and what its loss means (`watch.py`, `tcp_watch.py`).

Its one rule: whatever fails here costs a line in the log, and no exchange.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from h3producer.http3.cause import Cause
from h3producer.http3.record import ExchangeRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.observe.access_log import AccessLog
    from h3producer.observe.exchange_meters import ExchangeMeters

__all__ = ["TellingWatch"]

logger = logging.getLogger("h3producer.error")


class TellingWatch:
    """What an `ExchangeWatch` is made of; `name` is the connection's."""

    __slots__ = ("_log", "_meters", "_name", "now")

    def __init__(
        self,
        name: str,
        now: Callable[[], float],
        log: AccessLog | None,
        meters: ExchangeMeters | None,
    ) -> None:
        self._name = name
        self.now = now
        self._log = log
        self._meters = meters

    @property
    def peer_address(self) -> tuple[str, int]:
        """Where the client is now."""
        raise NotImplementedError

    def cause_of_loss(self) -> Cause:
        """Who ended the connection, if that cut an exchange."""
        raise NotImplementedError

    def exchange_began(self, stream_id: int) -> ExchangeRecord:
        """One more is under way; what is noted of it."""
        if self._meters is not None:
            self._meters.began()
        return ExchangeRecord(stream_id, self.now())

    def exchange_ended(self, record: ExchangeRecord) -> None:
        """It is over, one way or the other."""
        if record.cause is Cause.CONNECTION_LOST:
            record.cause = self.cause_of_loss()
        if self._meters is not None:
            self._meters.ended(record)
        if self._log is not None:
            try:
                self._log.write(record, self.peer_address, self._name)
            except Exception:
                logger.exception("Stream %d: the access log failed", record.stream_id)
