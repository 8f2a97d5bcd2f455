"""A client that does what load generators do not: it stops reading, uploads blindly, aborts.

This file knows aioquic's client from the inside, since its credit has to be held back. It refuses
to judge: benchmarks read the figures. The QUIC and HTTP/3 here are aioquic's own.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import time
from typing import TYPE_CHECKING, Any

from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import (
    ConnectionTerminated,
    HandshakeCompleted,
    StopSendingReceived,
    StreamReset,
)

from h3producer.quic.aioquic.pacing import BurstPacer
from tests.bench.client import BenchTimeout, UdpPeer, drive
from tests.bench.process import STANDING, Stillness

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aioquic.quic.packet_builder import QuicPacketBuilder
    from aioquic.quic.recovery import QuicPacketSpace
    from aioquic.quic.stream import QuicStream

    from tests.bench.process import ServerProcess

__all__ = ["CLIENT_WINDOW", "Answer", "Probe", "ask", "bytes_received", "wait_stalled"]

CLIENT_WINDOW = 64 * 1024
"""Bytes of a response that a client which does not read lets in."""

UPLOAD_AHEAD = 512 * 1024
"""Bytes of an upload that the client keeps ready beyond what it could send."""

KEPT = 256 * 1024

PATIENCE = 60.0


class StingyConnection(QuicConnection):
    """A client that gives no credit beyond its first windows while `is_reading` is false."""

    is_reading = False

    def _write_stream_limits(
        self, builder: QuicPacketBuilder, space: QuicPacketSpace, stream: QuicStream
    ) -> None:
        if self.is_reading:
            super()._write_stream_limits(builder, space, stream)


class Answer:
    """What has come on one stream so far."""

    def __init__(self) -> None:
        self.status = 0
        self.received = 0
        self.is_complete = False
        self.reset_code: int | None = None
        self.stop_code: int | None = None
        self.digest = hashlib.sha256()
        self.beginning = bytearray()
        """The first `KEPT` bytes: the whole body, if it is small."""

    @property
    def is_over(self) -> bool:
        return self.is_complete or self.reset_code is not None


class Probe:
    """One connection to a server, and all that was asked on it. Close it in the end.

    `is_reading` false holds back the credit of each stream beyond `CLIENT_WINDOW`. Raises
    BenchTimeout if there is no handshake within `patience` seconds.
    """

    def __init__(
        self, address: tuple[str, int], *, is_reading: bool = True, patience: float = PATIENCE
    ) -> None:
        self.quic = StingyConnection(configuration=_configuration())
        self.quic.is_reading = is_reading
        # aioquic's own would let an upload trickle on a path as short as this.
        self.quic._loss._pacer = BurstPacer(max_datagram_size=1200)
        self.answers: dict[int, Answer] = {}
        self.is_ready = False
        self.is_closed = False
        self._http = H3Connection(self.quic)
        self._uploads: dict[int, Iterator[bytes]] = {}
        self.peer = UdpPeer(self.quic, address, self)
        drive([self.peer], lambda: self.is_ready or self.is_closed, patience)
        if not self.is_ready:
            raise BenchTimeout(f"The handshake failed: {self.quic._close_event}.")

    def get(self, path: str) -> int:
        """Ask for a path; returns the stream's id. Leaves with the next flush."""
        stream_id = self._start("GET", path, [])
        self._http.send_data(stream_id, b"", end_stream=True)
        return stream_id

    def post(self, path: str, length: int, body: Iterator[bytes]) -> int:
        """Begin an upload, of which as much is sent as the server lets in."""
        stream_id = self._start("POST", path, [(b"content-length", b"%d" % length)])
        self._uploads[stream_id] = body
        return stream_id

    def post_part(self, path: str, length: int, piece: bytes) -> int:
        """Begin an upload of `length` bytes that ends after the first piece of it."""
        stream_id = self._start("POST", path, [(b"content-length", b"%d" % length)])
        self._http.send_data(stream_id, piece, end_stream=False)
        return stream_id

    def cut(self, stream_id: int, error_code: int) -> None:
        """Want no more of the response, and send no more of the request."""
        self.quic.stop_stream(stream_id, error_code)
        if not self.quic._streams[stream_id].sender.is_finished:
            self.quic.reset_stream(stream_id, error_code)
        del self.answers[stream_id]

    def read_on(self) -> None:
        """Give credit again."""
        self.quic.is_reading = True
        self.peer.flush()

    def uploaded(self, stream_id: int) -> int:
        """Bytes of the stream, frame headers included, that the server let in."""
        return self.quic._streams[stream_id].sender.highest_offset

    def close(self) -> None:
        self.peer.close()

    # As a session

    def event_received(self, event: Any) -> None:
        if isinstance(event, HandshakeCompleted):
            self.is_ready = True
        elif isinstance(event, ConnectionTerminated):
            self.is_closed = True
        elif isinstance(event, StreamReset) and event.stream_id in self.answers:
            self.answers[event.stream_id].reset_code = event.error_code
        elif isinstance(event, StopSendingReceived) and event.stream_id in self.answers:
            self.answers[event.stream_id].stop_code = event.error_code
            self._uploads.pop(event.stream_id, None)
        for h3_event in self._http.handle_event(event):
            answer = self.answers.get(getattr(h3_event, "stream_id", -1))
            if answer is None:
                continue  # of a stream that was cut
            if isinstance(h3_event, HeadersReceived):
                answer.status = int(dict(h3_event.headers)[b":status"])
                answer.is_complete |= h3_event.stream_ended
            elif isinstance(h3_event, DataReceived):
                self._data_received(answer, h3_event)

    def write(self) -> None:
        """Keep something ready to be sent on each upload."""
        for stream_id, body in list(self._uploads.items()):
            sender = self.quic._streams[stream_id].sender
            while sender._buffer_stop - sender.highest_offset < UPLOAD_AHEAD:
                piece = next(body, b"")
                self._http.send_data(stream_id, piece, end_stream=not piece)
                if not piece:
                    del self._uploads[stream_id]
                    break

    # Inside

    def _start(self, method: str, path: str, more: list[tuple[bytes, bytes]]) -> int:
        stream_id = self.quic.get_next_available_stream_id()
        self.answers[stream_id] = Answer()
        fields = [
            (b":method", method.encode()),
            (b":scheme", b"https"),
            (b":authority", b"localhost"),
            (b":path", path.encode()),
        ]
        self._http.send_headers(stream_id, [*fields, *more])
        return stream_id

    def _data_received(self, answer: Answer, event: DataReceived) -> None:
        answer.received += len(event.data)
        answer.digest.update(event.data)
        answer.beginning += event.data[: KEPT - len(answer.beginning)]
        answer.is_complete |= event.stream_ended


def bytes_received(probes: Sequence[Probe]) -> int:
    """What has come of all their answers."""
    return sum(answer.received for probe in probes for answer in probe.answers.values())


def wait_stalled(process: ServerProcess, probes: Sequence[Probe], patience: float) -> None:
    """Serve the connections until nothing has come for a while, and stand still for `STANDING`.

    Raises BenchTimeout if something still comes after `patience` seconds.
    """
    stillness = Stillness(process)
    peers = [probe.peer for probe in probes]
    drive(peers, lambda: stillness.is_still(bytes_received(probes)), patience)
    until = time.monotonic() + STANDING
    drive(peers, lambda: time.monotonic() >= until, patience)


def ask(
    address: tuple[str, int], path: str, others: Sequence[Probe] = (), patience: float = PATIENCE
) -> dict[str, Any]:
    """GET a small JSON body on a new connection, while the others are served as well."""
    probe = Probe(address, patience=patience)
    try:
        answer = probe.answers[probe.get(path)]
        probe.peer.flush()
        peers = [probe.peer, *(each.peer for each in others)]
        drive(peers, lambda: answer.is_over or probe.is_closed, patience)
    finally:
        probe.close()
    answered: dict[str, Any] = json.loads(answer.beginning)
    return answered


def _configuration() -> QuicConfiguration:
    return QuicConfiguration(
        is_client=True,
        alpn_protocols=["h3"],
        server_name="localhost",
        verify_mode=ssl.CERT_NONE,
        max_stream_data=CLIENT_WINDOW,
        max_data=1 << 30,
    )
