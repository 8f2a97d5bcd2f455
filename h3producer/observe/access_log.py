"""The access log: a line for each exchange, in uvicorn's words or as JSON.

This file knows how a record becomes a line. It refuses to know when that is (`watch.py`), and where
lines go: that is a logging configuration's business.

Its one rule: nothing of a client's can end a line, or the terminal that shows it. In text it is
escaped; in JSON all that is not ASCII is.

    127.0.0.1:50000 - "GET /film HTTP/3" 200
    127.0.0.1:50000 - "GET /film HTTP/3" 200 reset H3_REQUEST_CANCELLED by client
    127.0.0.1:50000 - "POST /film HTTP/3" 413 refused by max_request_body_size
    127.0.0.1:50000 - "- - HTTP/3" - reset H3_REQUEST_REJECTED by request_head_timeout
"""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from h3producer.errors import ErrorCode
from h3producer.http3.cause import Party
from h3producer.http3.log_words import show_address, show_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.config import AccessLogFormat
    from h3producer.http3.record import ExchangeRecord
    from h3producer.wire.request import Request

__all__ = ["MAX_SHOWN", "AccessLog", "show_code"]

logger = logging.getLogger("h3producer.access")

MAX_SHOWN: Final = 1024
"""Characters of a field's value that stand in a line: a browser's `user-agent` has 120, and one of
16 KiB tells nobody more."""

_shown = lru_cache(maxsize=1024)(show_address)
"""Each request of a connection has the same address."""

_LINE = '%s - "%s %s HTTP/%s" %s'
_CUT_LINE = _LINE + " %s"

_UPGRADES = {"websocket": "WebSocket", "webtransport": "WebTransport"}
"""What stands in a text line in place of CONNECT; the first word is uvicorn's."""


class AccessLog:
    """Writes lines to the logger `h3producer.access`: at INFO, of health probes at DEBUG."""

    def __init__(
        self,
        form: AccessLogFormat,
        worker: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` is what a JSON line says of the time: seconds since 1970."""
        self._is_json = form == "json"
        self._worker = worker
        self._clock = clock

    @property
    def is_read(self) -> bool:
        """Whether any line would go anywhere now."""
        return logger.isEnabledFor(logging.INFO)

    def write(self, record: ExchangeRecord, address: tuple[str, int], connection: str) -> None:
        """Log one exchange of the connection with this name, whose client is at `address`."""
        log = logger.debug if record.is_probe else logger.info
        if self._is_json:
            if not record.is_probe or logger.isEnabledFor(logging.DEBUG):
                facts = self._facts(record, address, connection)
                log("%s", json.dumps(facts, separators=(",", ":")))
            return
        request = record.request
        method = target = "-"
        if request is not None:
            method, target = request.method, show_target(request.path)
            if request.protocol is not None:
                method = _UPGRADES.get(request.protocol, method)
        version = record.http_version
        status = "-" if record.status is None else record.status
        ending = "" if record.cause is None else _ending(record)
        if ending:
            log(_CUT_LINE, _shown(address), method, target, version, status, ending)
        else:
            # With these five arguments uvicorn's AccessFormatter works, too.
            log(_LINE, _shown(address), method, target, version, status)

    def _facts(
        self, record: ExchangeRecord, address: tuple[str, int], connection: str
    ) -> dict[str, object]:
        request, cause = record.request, record.cause
        ended = record.began if record.ended is None else record.ended
        return {
            "time": _show_time(self._clock()),
            "worker": self._worker,
            "client": address[0],
            "port": address[1],
            "connection": connection,
            "stream": record.stream_id,
            "protocol": f"HTTP/{record.http_version}",
            "method": request and request.method,
            "upgrade": request and request.protocol,
            "authority": request and request.authority[:MAX_SHOWN],
            "target": request and show_target(request.path),
            "early_data": record.is_early,
            "status": record.status,
            "request_bytes": record.request_bytes,
            "response_bytes": record.response_bytes,
            "first_byte": _seconds(record.began, record.answered),
            "duration": _seconds(record.began, ended),
            "ended": _end_word(record),
            "error_code": None if record.error_code is None else show_code(record.error_code),
            "by": cause and cause.party.value,
            "cause": cause and cause.label,
            "user_agent": _field(request, b"user-agent"),
            "referer": _field(request, b"referer"),
        }


def _end_word(record: ExchangeRecord) -> str:
    if not record.is_whole:
        return "reset"
    return "refused" if record.cause is not None and _is_limit(record) else "complete"


def _ending(record: ExchangeRecord) -> str:
    """What a text line says behind the status; nothing of what went well."""
    word = _end_word(record)
    cause = record.cause
    if word == "complete" or cause is None:
        return ""
    by = cause.label if _is_limit(record) else cause.party.value
    if word == "refused" or record.error_code is None:
        return f"{word} by {by}"
    return f"{word} {show_code(record.error_code)} by {by}"


def _is_limit(record: ExchangeRecord) -> bool:
    return record.cause is not None and record.cause.party is Party.LIMIT


def _seconds(began: float, then: float | None) -> float | None:
    return None if then is None else round(then - began, 6)


def _field(request: Request | None, name: bytes) -> str | None:
    if request is not None:
        for each, value in request.headers:
            if each == name:
                return value[:MAX_SHOWN].decode("latin-1")
    return None


def _show_time(seconds: float) -> str:
    """RFC 3339, in UTC, to the millisecond."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def show_code(error_code: int) -> str:
    """The name of an HTTP/3 error code, or its number in hex."""
    try:
        return ErrorCode(error_code).name
    except ValueError:
        return hex(error_code)
