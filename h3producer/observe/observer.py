"""Whoever watches a server: what it is asked to keep, and nothing else.

This file knows which connections are watched, and for whom. It refuses to know what a log line or a
meter looks like. Its one rule: who asked for nothing gets nobody to watch, so that a server that
nobody looks at pays a comparison.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from h3producer.observe.access_log import AccessLog
from h3producer.observe.tcp_watch import TcpWatch
from h3producer.observe.watch import ConnectionWatch
from h3producer.quic.transport import EngineTransport

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.http3.record import ExchangeWatch
    from h3producer.http3.transport import QuicTransport

__all__ = ["Observer"]


class Observer:
    """Watches one process that serves; `worker` is its slot, if there are several."""

    def __init__(self, config: Config, worker: int | None = None) -> None:
        self.worker = worker
        self._log = AccessLog(config.access_log_format, worker) if config.access_log else None

    def watch(self, transport: QuicTransport) -> ExchangeWatch | None:
        """Who watches the exchanges of a connection that begins; None if nobody does."""
        log = self._log
        if log is not None and not log.is_read:
            log = None
        if log is None or not isinstance(transport, EngineTransport):
            return None
        return ConnectionWatch(transport, time.monotonic, log)

    def watch_tcp(self, peer_address: tuple[str, int]) -> ExchangeWatch | None:
        """Who watches the exchanges of a TCP connection."""
        if self._log is None or not self._log.is_read:
            return None
        return TcpWatch(peer_address, time.monotonic, self._log)
