"""Who watches the exchanges of one TCP connection: log and meters hear of them as of HTTP/3's.

This file knows that there is no QUIC beside them, and gives the connection a name. It refuses to
know how a line looks (`access_log.py`).
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

from h3producer.http3.cause import Cause
from h3producer.http3.record import ExchangeRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.observe.access_log import AccessLog
    from h3producer.observe.exchange_meters import ExchangeMeters

__all__ = ["TcpWatch"]

logger = logging.getLogger("h3producer.error")


class TcpWatch:
    """The `ExchangeWatch` of one TCP connection."""

    def __init__(
        self,
        peer_address: tuple[str, int],
        now: Callable[[], float],
        log: AccessLog | None,
        meters: ExchangeMeters | None = None,
    ) -> None:
        self._peer_address = peer_address
        self._name = secrets.token_hex(8)  # as long as QUIC's
        self.now = now
        self._log = log
        self._meters = meters

    def exchange_began(self, stream_id: int) -> ExchangeRecord:
        if self._meters is not None:
            self._meters.began()
        return ExchangeRecord(stream_id, self.now())

    def exchange_ended(self, record: ExchangeRecord) -> None:
        if record.cause is Cause.CONNECTION_LOST:
            # Over TCP that is a client's close; ours has told the exchanges before.
            record.cause = Cause.CLIENT_CLOSE
        if self._meters is not None:
            self._meters.ended(record)
        if self._log is None:
            return
        try:
            self._log.write(record, self._peer_address, self._name)
        except Exception:
            logger.exception("Stream %d: the access log failed", record.stream_id)

    def exchange_rejected(self, stream_id: int) -> None:
        """What comes while the server stops is answered over TCP."""

    def response_given_up(self) -> None: ...

    def datagram_dropped(self, *, was_received: bool) -> None: ...
