"""What happens on each connection, in a file that qvis and others read (qlog), as aioquic notes it.

This file knows where the files go and how much goes into one. It refuses to know events: those are
aioquic's, and only its own reader and writer of packets note them.

Its one rule: a log that cannot be written costs a line in ours, and no connection.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, Final

from aioquic.quic.logger import QLOG_VERSION, QuicLogger, QuicLoggerTrace

from h3producer.quic.engine import EngineError

__all__ = ["MAX_EVENTS", "QlogDirectory"]

logger = logging.getLogger("h3producer.quic")

MAX_EVENTS: Final = 100_000
"""Events of a connection that are kept, all in memory until its end: 100 MB, and a download of
50 MB. What happens then is not in its file."""


class QlogDirectory(QuicLogger):
    """Writes a file for each connection when that ends. Raises EngineError for no directory."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = Path(path)
        if not self._path.is_dir():
            raise EngineError(f"Cannot write qlog files: {path!r} is no directory.")

    def start_trace(self, is_client: bool, odcid: bytes) -> QuicLoggerTrace:
        return _Trace(is_client=is_client, odcid=odcid)

    def end_trace(self, trace: QuicLoggerTrace) -> None:
        content = trace.to_dict()
        path = self._path / f"{content['common_fields']['ODCID']}.qlog"
        whole = {"qlog_format": "JSON", "qlog_version": QLOG_VERSION, "traces": [content]}
        try:
            path.write_text(json.dumps(whole))
        except OSError as error:
            logger.warning("Cannot write %s: %s", path, error.strerror)


class _Trace(QuicLoggerTrace):
    """The events of one connection, the first ones if there are too many."""

    _left = MAX_EVENTS

    def log_event(self, *, category: str, event: str, data: dict[str, Any]) -> None:
        if self._left:
            self._left -= 1
            super().log_event(category=category, event=event, data=data)
