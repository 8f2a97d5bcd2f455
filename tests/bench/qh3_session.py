"""The requests of one connection of qh3.

This file knows how requests become streams, as bytes that were made beforehand. It refuses to
parse responses: one is whole when its stream ends with FIN and has as many bytes as it must have.
The server's answers are looked at properly elsewhere (tests/e2e).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qh3.quic.events import (
    ConnectionTerminated,
    HandshakeCompleted,
    StreamDataReceived,
    StreamReset,
)

from tests.bench.client import open_control_stream
from tests.bench.content import chunks

if TYPE_CHECKING:
    from qh3.quic.connection import QuicConnection

    from tests.bench.load import Workload

__all__ = ["Qh3Session"]

REQUEST_CANCELLED = 0x10C


class _Open:
    """A request that is under way."""

    def __init__(self, started_at: float) -> None:
        self.started_at = started_at
        self.received = 0


class Qh3Session:
    """A `Session`: `streams` requests at a time, from `begin` on until all are answered."""

    def __init__(self, quic: QuicConnection, workload: Workload) -> None:
        self._quic = quic
        self._workload = workload
        self._request = workload.request + _content(workload.upload_size)
        self._least_size = workload.download_size or 1
        self._to_start = 0
        self._started_at = 0.0
        self._open: dict[int, _Open] = {}
        self._bulk: int | None = None
        self._wants_bulk = False
        self._is_ended = False
        self.is_ready = False
        self.is_resumed = False
        self.finished = 0
        self.failures = 0
        self.latencies: list[float] = []

    @property
    def is_done(self) -> bool:
        return not self._to_start and not self._open

    @property
    def due(self) -> float | None:
        """When the next request is to start, on the monotonic clock; None: as soon as it can."""
        if not self._to_start or not self._workload.interval:
            return None
        return self._started_at + (self._workload.requests - self._to_start) * (
            self._workload.interval
        )

    def begin(self) -> None:
        """Make all requests, once more. They start with the next flushes."""
        self.finished = self.failures = 0
        self.latencies = []
        self._started_at = time.monotonic()
        self._to_start = self._workload.requests
        self._wants_bulk = self._workload.bulk_size is not None
        if self._is_ended:
            self._fail_all()

    def stop_bulk(self) -> None:
        """Want no more of what was under way beside the requests."""
        self._wants_bulk = False
        if self._bulk is not None:
            self._quic.stop_stream(self._bulk, REQUEST_CANCELLED)
            self._bulk = None

    # As a session

    def event_received(self, event: object) -> None:
        if isinstance(event, StreamDataReceived):
            self._data_received(event.stream_id, len(event.data), event.end_stream)
        elif isinstance(event, HandshakeCompleted):
            self.is_ready = True
            self.is_resumed = event.session_resumed
            open_control_stream(self._quic)
        elif isinstance(event, StreamReset):
            self._end(event.stream_id, failed=True)
        elif isinstance(event, ConnectionTerminated):
            self._is_ended = True
            self._fail_all()

    def write(self) -> None:
        """Start as many requests as the workload and the server's MAX_STREAMS allow."""
        if not self.is_ready or self._is_ended:
            return
        if self._wants_bulk and self._bulk is None:
            self._bulk = self._send(self._workload.bulk_request)
        while self._to_start and len(self._open) < self._workload.streams:
            now = time.monotonic()
            if self.due is not None and self.due > now:
                return
            stream_id = self._send(self._request)
            if stream_id is None:
                return
            self._to_start -= 1
            self._open[stream_id] = _Open(now)

    # Inside

    def _send(self, request: bytes) -> int | None:
        stream_id: int = self._quic.get_next_available_stream_id()
        if stream_id // 4 >= self._quic.max_concurrent_bidi_streams:
            return None
        self._quic.send_stream_data(stream_id, request, end_stream=True)
        return stream_id

    def _data_received(self, stream_id: int, count: int, is_end: bool) -> None:
        request = self._open.get(stream_id)
        if request is not None:
            request.received += count
            if is_end:
                self._end(stream_id, failed=request.received < self._least_size)
        elif stream_id == self._bulk and is_end:
            self._bulk = None  # and the next one begins

    def _end(self, stream_id: int, *, failed: bool) -> None:
        request = self._open.pop(stream_id, None)
        if request is None:
            return
        self.finished += 1
        self.failures += failed
        if not failed:
            self.latencies.append(time.monotonic() - request.started_at)

    def _fail_all(self) -> None:
        self.failures += self._to_start + len(self._open)
        self._to_start = 0
        self._open.clear()


def _content(size: int | None) -> bytes:
    if size is None:
        return b""
    return b"\x00" + (size | 0x80 << 24).to_bytes(4, "big") + b"".join(chunks(size))
