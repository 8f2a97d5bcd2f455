"""What is counted of exchanges.

This file knows which meters a record feeds. It refuses to know where it came from (`watch.py`).

Its one rule: an exchange that went well costs four sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.http3.cause import Cause, Party
from h3producer.observe.endings import code_label
from h3producer.observe.instruments import (
    ACTIVE_REQUESTS,
    DATAGRAMS_DROPPED,
    EARLY_REQUESTS,
    EXCHANGES_CUT,
    REFUSED,
    REQUEST_DURATION,
    REQUEST_SIZE,
    RESPONSE_SIZE,
    TIME_TO_FIRST_BYTE,
)
from h3producer.observe.meters import OTHER, Meters

if TYPE_CHECKING:
    from h3producer.http3.record import ExchangeRecord

__all__ = ["KNOWN_METHODS", "ExchangeMeters"]

KNOWN_METHODS: Final = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
)
"""Those of RFC 9110, PATCH and QUERY, as the conventions have it; a client may send any other."""


class ExchangeMeters:
    """The meters of all exchanges of a process."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters

    def began(self) -> None:
        """One more is under way."""
        self._meters.add(ACTIVE_REQUESTS)

    def ended(self, record: ExchangeRecord) -> None:
        """It is over, one way or the other."""
        meters, cause, began = self._meters, record.cause, record.began
        request, status = record.request, record.status
        method = OTHER
        if request is not None and request.method in KNOWN_METHODS:
            method = request.method
        error = ""
        if cause is not None:
            error = cause.label
            self._count_cause(record, cause)
        elif status is not None and status >= 500:
            error = str(status)
        ended = began if record.ended is None else record.ended
        labels = (method, "" if status is None else str(status), record.http_version, error)
        meters.add(ACTIVE_REQUESTS, -1)
        meters.record(REQUEST_DURATION, ended - began, labels)
        meters.record(REQUEST_SIZE, record.request_bytes, (method,))
        meters.record(RESPONSE_SIZE, record.response_bytes, (method,))
        if record.answered is not None:
            meters.record(TIME_TO_FIRST_BYTE, record.answered - began)
        if record.is_early:
            meters.add(EARLY_REQUESTS)

    def given_up(self) -> None:
        """Its response was handed over, and its client does not take it."""
        cause = Cause.MIN_RESPONSE_DATA_RATE
        labels = (cause.party.value, cause.label, "H3_REQUEST_CANCELLED")
        self._meters.add(EXCHANGES_CUT, 1, labels)
        self._meters.add(REFUSED, 1, (cause.label,))

    def datagram_dropped(self, *, was_received: bool) -> None:
        """An HTTP Datagram was dropped."""
        self._meters.add(DATAGRAMS_DROPPED, 1, ("receive" if was_received else "transmit",))

    def _count_cause(self, record: ExchangeRecord, cause: Cause) -> None:
        if not record.is_whole:
            labels = (cause.party.value, cause.label, code_label(record.error_code))
            self._meters.add(EXCHANGES_CUT, 1, labels)
        if cause.party is Party.LIMIT:
            self._meters.add(REFUSED, 1, (cause.label,))
