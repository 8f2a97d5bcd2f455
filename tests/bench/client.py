"""A blocking UDP client for any connection that is shaped like aioquic's.

This file knows sockets, timers and the wire form of a request, no more of HTTP/3 than a
measurement needs. It refuses to know what a response means: who drives it looks at the events.
Its one rule: as few steps per packet as can be, because a slow client makes a server look dear
(what comes one by one cannot be answered together).
"""

from __future__ import annotations

import select
import socket
import time
from typing import TYPE_CHECKING, Any, Protocol

import pylsqpack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "BenchTimeout",
    "Connection",
    "Session",
    "UdpPeer",
    "drive",
    "headers_frame",
    "open_control_stream",
]

CONTROL_STREAM = bytes((0x00, 0x04, 0x00))
"""Type of a control stream, and SETTINGS without a setting: no dynamic table, as curl's."""

_RECEIVE_SIZE = 65536


class BenchTimeout(Exception):
    """The server did not do what a benchmark waits for."""


class Connection(Protocol):
    """What aioquic's and qh3's `QuicConnection` have in common, as far as we use it."""

    def connect(self, addr: Any, now: float) -> None: ...
    def receive_datagram(self, data: bytes, addr: Any, now: float) -> None: ...
    def datagrams_to_send(self, now: float) -> Sequence[tuple[bytes, Any]]: ...
    def get_timer(self) -> float | None: ...
    def handle_timer(self, now: float) -> None: ...
    def next_event(self) -> Any: ...
    def get_next_available_stream_id(self, is_unidirectional: bool = False) -> int: ...
    def send_stream_data(self, stream_id: int, data: bytes, end_stream: bool = False) -> None: ...
    def reset_stream(self, stream_id: int, error_code: int) -> None: ...
    def stop_stream(self, stream_id: int, error_code: int) -> None: ...
    def close(self, error_code: int = 0) -> None: ...


class Session(Protocol):
    """Who uses a connection."""

    def event_received(self, event: Any) -> None:
        """The connection tells something."""

    def write(self) -> None:
        """Datagrams are about to be built: the moment to add to streams."""


def headers_frame(
    method: str, path: str, length: int | None = None, priority: bytes | None = None
) -> bytes:
    """A HEADERS frame as a small client sends it, from QPACK's static table."""
    fields = [
        (b":method", method.encode()),
        (b":scheme", b"https"),
        (b":authority", b"localhost"),
        (b":path", path.encode()),
        (b"user-agent", b"h3producer-bench"),
        (b"accept", b"*/*"),
    ]
    if length is not None:
        fields.append((b"content-length", b"%d" % length))
    if priority is not None:
        fields.append((b"priority", priority))
    _, payload = pylsqpack.Encoder().encode(0, fields)
    return bytes((0x01, 0x40 | len(payload) >> 8, len(payload) & 0xFF)) + payload


def open_control_stream(quic: Connection) -> None:
    """RFC 9114 §6.2.1: each side opens one, and SETTINGS is its first frame."""
    stream_id = quic.get_next_available_stream_id(is_unidirectional=True)
    quic.send_stream_data(stream_id, CONTROL_STREAM)


class UdpPeer:
    """One connection on one socket, and the session that uses it.

    `source` is the address to come from, if it matters. `is_lost` tells of each datagram, either
    way, whether the network loses it.
    """

    def __init__(
        self,
        quic: Connection,
        address: tuple[str, int],
        session: Session,
        source: str | None = None,
        is_lost: Callable[[], bool] | None = None,
    ) -> None:
        self.quic = quic
        self.datagrams_sent = 0
        self.datagrams_received = 0
        self._address = address
        self._session = session
        self._is_lost = is_lost
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self.socket.setsockopt(socket.SOL_SOCKET, option, 4 * 1024 * 1024)
        if source is not None:
            self.socket.bind((source, 0))
        self.socket.connect(address)
        self.socket.setblocking(False)
        quic.connect(address, time.monotonic())
        self.flush()

    def receive(self) -> None:
        """Take in all that has arrived, tell it, and answer once."""
        quic, receive = self.quic, self.socket.recv
        now = time.monotonic()
        try:
            while True:
                data = receive(_RECEIVE_SIZE)
                if self._is_lost is None or not self._is_lost():
                    quic.receive_datagram(data, self._address, now)
                    self.datagrams_received += 1
        except BlockingIOError:
            pass
        except ConnectionRefusedError:
            return  # nobody listens yet; the handshake's timer sends it again
        self.flush()

    def flush(self) -> None:
        """Tell what is to be told and send what is to be sent."""
        next_event, tell = self.quic.next_event, self._session.event_received
        while (event := next_event()) is not None:
            tell(event)
        self._session.write()
        for data, _ in self.quic.datagrams_to_send(time.monotonic()):
            self._send(data)

    def handle_timer(self) -> None:
        """Do what is due, if it is."""
        now = time.monotonic()
        due = self.quic.get_timer()
        if due is not None and due <= now:
            self.quic.handle_timer(now)
            self.flush()

    def close(self) -> None:
        """Say CONNECTION_CLOSE with H3_NO_ERROR and leave."""
        self.quic.close(error_code=0x100)
        self.flush()
        self.socket.close()

    def _send(self, data: bytes) -> None:
        if self._is_lost is not None and self._is_lost():
            return
        try:
            self.socket.send(data)
        except (BlockingIOError, ConnectionRefusedError):
            return  # as good as lost on the way
        self.datagrams_sent += 1


def drive(
    peers: Sequence[UdpPeer],
    done: Callable[[], bool],
    patience: float,
    due: Callable[[], float | None] = lambda: None,
) -> None:
    """Serve the sockets until `done`. Raises BenchTimeout after `patience` seconds.

    `done` is asked again at the moment that `due` tells, if it is not asked anyway before.
    """
    poll = select.poll()
    by_number = {peer.socket.fileno(): peer for peer in peers}
    for number in by_number:
        poll.register(number, select.POLLIN)
    deadline = time.monotonic() + patience
    while not done():
        now = time.monotonic()
        if now > deadline:
            raise BenchTimeout(f"Not done after {patience:.0f} seconds.")
        for number, _ in poll.poll(_milliseconds_to_timer(peers, now, due())):
            by_number[number].receive()
        for peer in peers:
            peer.handle_timer()


def _milliseconds_to_timer(peers: Sequence[UdpPeer], now: float, wanted: float | None) -> int:
    due = [when for peer in peers if (when := peer.quic.get_timer()) is not None]
    if wanted is not None:
        due.append(wanted)
    # At least 1 ms: a timer that is about due must not become a busy loop; at most 50 ms: `done`
    # may depend on something else than a packet.
    return max(1, min(50, int((min(due, default=now + 1) - now) * 1000)))
