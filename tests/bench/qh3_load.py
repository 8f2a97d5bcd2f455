"""Load from qh3: QUIC in Rust, requests as bytes that were made beforehand.

This file knows how a `Workload` becomes streams. It refuses to parse responses: one is whole when
its stream ends with FIN and has as many bytes as it must have. The server's answers are looked
at properly elsewhere (tests/e2e).
"""

from __future__ import annotations

import importlib.metadata
import logging
import ssl
import time
from typing import TYPE_CHECKING

from qh3.quic.configuration import QuicConfiguration
from qh3.quic.connection import QuicConnection
from qh3.quic.events import (
    ConnectionTerminated,
    HandshakeCompleted,
    StreamDataReceived,
    StreamReset,
)

from tests.bench.client import UdpPeer, drive, headers_frame, open_control_stream
from tests.bench.content import chunks
from tests.bench.load import LoadResult

if TYPE_CHECKING:
    from tests.bench.load import Workload

__all__ = ["Qh3Load"]

PATIENCE = 120.0

# It warns of each connection that the peer closes, with whatever code.
logging.getLogger("quic").setLevel(logging.ERROR)


class Qh3Load:
    """A `LoadGenerator` on qh3, in this process."""

    @property
    def description(self) -> str:
        return f"qh3 {importlib.metadata.version('qh3')}"

    def run(self, address: tuple[str, int], workload: Workload) -> LoadResult:
        request = _request_bytes(workload)
        results = [_run_round(address, workload, request) for _ in range(workload.rounds)]
        return LoadResult(
            requests=sum(each.requests for each in results),
            failures=sum(each.failures for each in results),
            seconds=sum(each.seconds for each in results),
            datagrams_sent=sum(each.datagrams_sent for each in results),
            datagrams_received=sum(each.datagrams_received for each in results),
        )


class _Session:
    """The requests of one connection, `streams` of them open at a time."""

    def __init__(self, quic: QuicConnection, workload: Workload, request: bytes) -> None:
        self._quic = quic
        self._request = request
        self._to_start = workload.requests
        self._streams = workload.streams
        self._least_size = workload.download_size or 1
        self._open: dict[int, int] = {}
        self._is_ready = False
        self.finished = 0
        self.failures = 0

    @property
    def is_done(self) -> bool:
        return not self._to_start and not self._open

    def event_received(self, event: object) -> None:
        if isinstance(event, StreamDataReceived):
            self._data_received(event.stream_id, len(event.data), event.end_stream)
        elif isinstance(event, HandshakeCompleted):
            self._is_ready = True
            open_control_stream(self._quic)
        elif isinstance(event, StreamReset):
            self._end(event.stream_id, failed=True)
        elif isinstance(event, ConnectionTerminated):
            self.failures += self._to_start + len(self._open)
            self._to_start = 0
            self._open.clear()

    def write(self) -> None:
        """Start as many requests as the workload and the server's MAX_STREAMS allow."""
        while self._to_start and self._is_ready and len(self._open) < self._streams:
            stream_id = self._quic.get_next_available_stream_id()
            if stream_id // 4 >= self._quic.max_concurrent_bidi_streams:
                return
            self._to_start -= 1
            self._open[stream_id] = 0
            self._quic.send_stream_data(stream_id, self._request, end_stream=True)

    def _data_received(self, stream_id: int, count: int, is_end: bool) -> None:
        if stream_id not in self._open:
            return  # the server's control and QPACK streams
        self._open[stream_id] += count
        if is_end:
            self._end(stream_id, failed=self._open[stream_id] < self._least_size)

    def _end(self, stream_id: int, *, failed: bool) -> None:
        if self._open.pop(stream_id, None) is not None:
            self.finished += 1
            self.failures += failed


def _run_round(address: tuple[str, int], workload: Workload, request: bytes) -> LoadResult:
    start = time.perf_counter()
    sessions: list[_Session] = []
    peers: list[UdpPeer] = []
    for _ in range(workload.connections):
        quic = _connection()
        session = _Session(quic, workload, request)
        sessions.append(session)
        peers.append(UdpPeer(quic, address, session))
    drive(peers, lambda: all(each.is_done for each in sessions), PATIENCE)
    seconds = time.perf_counter() - start
    for peer in peers:
        peer.close()
    return LoadResult(
        requests=sum(each.finished for each in sessions),
        failures=sum(each.failures for each in sessions),
        seconds=seconds,
        datagrams_sent=sum(each.datagrams_sent for each in peers),
        datagrams_received=sum(each.datagrams_received for each in peers),
    )


def _connection() -> QuicConnection:
    configuration = QuicConfiguration(
        is_client=True,
        alpn_protocols=["h3"],
        server_name="localhost",
        verify_mode=ssl.CERT_NONE,
        probe_datagram_size=False,
    )
    return QuicConnection(configuration=configuration)


def _request_bytes(workload: Workload) -> bytes:
    size = workload.upload_size
    if size is None:
        return headers_frame("GET", workload.path)
    data_header = b"\x00" + (size | 0x80 << 24).to_bytes(4, "big")
    return headers_frame("POST", workload.path, size) + data_header + b"".join(chunks(size))
