"""A connection of an attacker: aioquic for the handshake, then packets that we make ourselves.

This file knows how a 1-RTT packet is made of frames that no library would send, fast. It refuses
to know attacks: those are generators that take an `Assailant` and yield after each packet.

Its one rule: what the server says is heeded as far as it lets the attack go on (credit, streams,
its CONNECTION_CLOSE), and ignored otherwise.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from typing import TYPE_CHECKING

from aioquic.buffer import encode_uint_var
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted
from aioquic.quic.packet import QuicErrorCode
from aioquic.tls import Epoch

from h3producer.errors import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aioquic._buffer import Buffer
    from aioquic.quic.connection import QuicReceiveContext

__all__ = ["MAX_FRAMES", "SOURCE", "Assailant", "stream"]

SOURCE = "127.0.0.2"
"""Where an attacker comes from: another address of this machine than the good client's."""

MAX_FRAMES = 1200 - 13 - 16
"""Bytes of frames in a packet: a datagram without its short header and tag."""

CLIENT_WINDOW = 16 * 1024
"""Bytes of each response that the server may send: none is ever read."""

HANDSHAKE_PATIENCE = 3.0


def _configuration() -> QuicConfiguration:
    return QuicConfiguration(
        is_client=True,
        alpn_protocols=["h3"],
        server_name="localhost",
        verify_mode=ssl.CERT_NONE,
        idle_timeout=60.0,
        max_stream_data=CLIENT_WINDOW,
    )


def stream(stream_id: int, data: bytes, offset: int = 0, *, fin: bool = False) -> bytes:
    """A STREAM frame (RFC 9000 §19.8) with offset and length."""
    numbers = encode_uint_var(stream_id) + encode_uint_var(offset) + encode_uint_var(len(data))
    return bytes((0x0E | fin,)) + numbers + data


class _Deaf(QuicConnection):
    """A client that passes over what comes on streams: it did not open them in aioquic's sense."""

    def __init__(self) -> None:
        super().__init__(configuration=_configuration())
        self.windows: dict[int, int] = {}
        """The server's MAX_STREAM_DATA, by stream."""

    def _handle_stream_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        buf.pull_uint_var()
        if frame_type & 0x04:
            buf.pull_uint_var()
        length = buf.pull_uint_var() if frame_type & 0x02 else buf.capacity - buf.tell()
        buf.seek(buf.tell() + length)

    def _handle_reset_stream_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        _skip(buf, 3)

    def _handle_stop_sending_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        _skip(buf, 2)

    def _handle_max_stream_data_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        stream_id = buf.pull_uint_var()
        self.windows[stream_id] = max(self.windows.get(stream_id, 0), buf.pull_uint_var())

    def _handle_path_response_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        buf.pull_bytes(8)

    def _handle_retire_connection_id_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        _skip(buf, 1)


def _skip(buf: Buffer, count: int) -> None:
    for _ in range(count):
        buf.pull_uint_var()


class Assailant:
    """One connection and its socket; `steps` is the attack that runs on it."""

    steps: Iterator[object]

    def __init__(self, address: tuple[str, int]) -> None:
        self.quic = _Deaf()
        self.sent = 0
        """Datagrams."""
        self.end: str | None = None
        """What the connection ended with: the name of a code; None while it is open."""
        self._address = address
        self._is_open = False
        self._next_stream = 0
        self._spent = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.setblocking(False)
        self.socket.bind((SOURCE, 0))
        self.socket.connect(address)
        self.quic.connect(address, time.monotonic())
        self._handshake()

    def _handshake(self) -> None:
        deadline = time.monotonic() + HANDSHAKE_PATIENCE
        self.flush()
        while not self._is_open and self.end is None:
            timeout = max(
                0.0, min((self.quic.get_timer() or deadline), deadline) - time.monotonic()
            )
            select.select([self.socket], [], [], timeout)
            self.listen()
            if time.monotonic() >= deadline:
                self.end = "no answer"

    # Sending

    def send(self, *frames: bytes) -> None:
        """A packet of these frames, which must fit it."""
        quic = self.quic
        number = quic._packet_number
        quic._packet_number = number + 1
        payload = b"".join(frames)
        header = b"\x43" + quic._peer_cid.cid + (number & 0xFFFFFFFF).to_bytes(4, "big")
        self.send_datagram(
            quic._cryptos[Epoch.ONE_RTT].encrypt_packet(header, payload.ljust(4, b"\0"), number)
        )

    def send_datagram(self, octets: bytes) -> None:
        """Whatever bytes, to the server's port."""
        try:
            self.socket.send(octets)
        except (BlockingIOError, ConnectionRefusedError):
            return
        self.sent += 1

    def flush(self) -> None:
        """What QUIC itself has to say: acknowledgements, the handshake."""
        for octets, _ in self.quic.datagrams_to_send(time.monotonic()):
            self.send_datagram(octets)

    # Credit

    def can_open(self) -> bool:
        """Whether the server allows another request stream."""
        return self._next_stream < self.quic._remote_max_streams_bidi

    def open(self) -> int:
        """The id of the next request stream."""
        self._next_stream += 1
        return 4 * (self._next_stream - 1)

    def room(self, stream_id: int, offset: int) -> int:
        """Bytes that flow control lets in now on a stream that has sent `offset` bytes."""
        quic = self.quic
        initial = (
            quic._remote_max_stream_data_uni
            if stream_id & 2
            else quic._remote_max_stream_data_bidi_remote
        )
        own = quic.windows.get(stream_id, initial) - offset
        return max(0, min(own, quic._remote_max_data - self._spent))

    def send_stream(self, stream_id: int, data: bytes, offset: int, *, fin: bool = False) -> None:
        """A packet with one STREAM frame, counted against the connection's window."""
        self._spent += len(data)
        self.send(stream(stream_id, data, offset, fin=fin))

    def spend(self, count: int) -> None:
        """Count what was sent in hand-made STREAM frames."""
        self._spent += count

    # Receiving

    def listen(self) -> None:
        """Take in what has come, and answer what QUIC answers."""
        now = time.monotonic()
        heard = False
        try:
            for _ in range(64):
                self.quic.receive_datagram(self.socket.recv(65536), self._address, now)
                heard = True
        except (BlockingIOError, ConnectionRefusedError):
            pass
        timer = self.quic.get_timer()
        if timer is not None and timer <= now:
            self.quic.handle_timer(now)
            heard = True
        if heard:
            self._take_events()
            self.flush()

    def _take_events(self) -> None:
        while (event := self.quic.next_event()) is not None:
            if isinstance(event, HandshakeCompleted):
                self._is_open = True
            elif isinstance(event, ConnectionTerminated):
                self.end = self.end or _name_of(event)
        # aioquic tells the end only after the draining period.
        if self.quic._close_event is not None:
            self.end = self.end or _name_of(self.quic._close_event)

    def close(self) -> None:
        self.socket.close()


def _name_of(event: ConnectionTerminated) -> str:
    kind = ErrorCode if event.frame_type is None else QuicErrorCode
    try:
        return kind(event.error_code).name
    except ValueError:
        return f"{event.error_code:#x}"
