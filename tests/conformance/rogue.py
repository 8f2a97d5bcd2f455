"""A QUIC client that breaks the rules of the transport, over a real UDP socket.

This file knows how to send hand-made frames in packets of any type, to lie in the handshake, and to
do to its own datagrams what a bad network would; and how to tell what the server made of it. It
refuses to know which lie is told (`cases/`) and to judge. aioquic does what is not lied about.

Its one rule: each wait is for something the server does, and is bounded: silence is an answer, too.

    async with rogue(address) as client:
        client.send(quic_frames.stream(3, b"x"))      # a stream that only the server sends on
        assert str(await client.closing()) == "transport close STREAM_STATE_ERROR"
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection, QuicConnectionState
from aioquic.quic.packet import QuicPacketType, encode_long_header_first_byte
from aioquic.tls import Epoch, ExtensionType
from pylsqpack import Decoder

from tests.conformance.observed import Close
from tests.conformance.octets import Fields, headers, varint
from tests.conformance.quic_frames import Parameters, encode_parameters, parse_parameters

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from aioquic.quic.packet_builder import QuicPacketBuilder
    from aioquic.tls import SessionTicket

__all__ = ["Lies", "Rogue", "RogueConnection", "rogue"]

Address = tuple[str, int]

PATIENCE = 2.0
"""Seconds for which a server's reaction is waited for before it counts as none."""

_LONG_TYPES = {
    Epoch.INITIAL: QuicPacketType.INITIAL,
    Epoch.ZERO_RTT: QuicPacketType.ZERO_RTT,
    Epoch.HANDSHAKE: QuicPacketType.HANDSHAKE,
}


@dataclass(frozen=True)
class Lies:
    """What is wrong with a client's handshake; by default nothing."""

    parameters: Callable[[Parameters], Parameters] = list
    """The transport parameters that are sent instead of the true ones."""
    extension: int | None = ExtensionType.QUIC_TRANSPORT_PARAMETERS
    """The type of the TLS extension with them; None leaves it out."""
    alpn: tuple[str, ...] | None = ("h3",)
    """What is offered as application protocol; None leaves the extension out."""
    early: Mapping[Epoch, bytes] = field(default_factory=dict)
    """Frames that are sent in a packet of their own as soon as there are keys."""
    reserved: Mapping[Epoch, int] = field(default_factory=dict)
    """The reserved bits of these packets."""
    ticket: SessionTicket | None = None
    """A session to resume, with early data if it permits."""


class RogueConnection(QuicConnection):
    """aioquic's client, with a door at each place where it would insist on the rules."""

    def __init__(self, lies: Lies, configuration: QuicConfiguration) -> None:
        self.tickets: list[SessionTicket] = []
        super().__init__(configuration=configuration, session_ticket_handler=self.tickets.append)
        self._lies = lies
        self._early = dict(lies.early)

    # What it says in its handshake

    def _serialize_transport_parameters(self) -> bytes:
        truth = parse_parameters(super()._serialize_transport_parameters())
        return encode_parameters(self._lies.parameters(truth))

    def _initialize(self, peer_cid: bytes) -> None:
        super()._initialize(peer_cid)
        ((_, parameters),) = self.tls.handshake_extensions
        extension = self._lies.extension
        self.tls.handshake_extensions = [] if extension is None else [(extension, parameters)]

    # What it puts into packets

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, object]]:
        ahead = self._take_early(Epoch.ZERO_RTT, Epoch.HANDSHAKE, Epoch.ONE_RTT)
        datagrams = super().datagrams_to_send(now)
        behind = self._take_early(Epoch.INITIAL) if datagrams else []
        peer = self._network_paths[0].addr
        return [(each, peer) for each in ahead] + datagrams + [(each, peer) for each in behind]

    def _take_early(self, *epochs: Epoch) -> list[bytes]:
        ready = [each for each in epochs if each in self._early and self.has_keys(each)]
        return [
            self.seal(self._early.pop(each), each, reserved=self._lies.reserved.get(each, 0))
            for each in ready
        ]

    def has_keys(self, epoch: Epoch) -> bool:
        """Whether packets of this type can be protected."""
        return epoch in self._cryptos and self._cryptos[epoch].send.is_valid()

    def seal(
        self,
        payload: bytes,
        epoch: Epoch = Epoch.ONE_RTT,
        *,
        reserved: int = 0,
        number: int | None = None,
        source: bytes | None = None,
    ) -> bytes:
        """A protected packet with exactly this payload, whatever aioquic thinks of it.

        An Initial fills a datagram of 1200 octets, as it must.
        """
        if number is None:
            number = self._packet_number
        self._packet_number = max(self._packet_number, number + 1)
        crypto = self._cryptos[epoch]
        destination = self._peer_cid.cid
        # Four octets of packet number leave enough for the header protection of an empty payload.
        if epoch is Epoch.ONE_RTT:
            first = 0x43 | reserved << 3 | crypto.key_phase << 2
            header = bytes((first,)) + destination
        else:
            assert self._version is not None
            source = self.host_cid if source is None else source
            kind = _LONG_TYPES[epoch]
            first = encode_long_header_first_byte(self._version, kind, 3 | reserved << 2)
            header = bytes((first,)) + self._version.to_bytes(4, "big")
            header += bytes((len(destination),)) + destination + bytes((len(source),)) + source
            if epoch is Epoch.INITIAL:
                header += varint(len(self._peer_token)) + self._peer_token
                payload += bytes(max(0, 1200 - len(header) - 2 - 4 - len(payload) - 16))
            header += varint(4 + len(payload) + 16, 2)
        header += number.to_bytes(8, "big")[-4:]
        return crypto.encrypt_packet(header, payload, number)

    # What it does not do

    gives_credit = True

    def _write_connection_limits(self, builder: QuicPacketBuilder, space: object) -> None:
        if self.gives_credit:
            super()._write_connection_limits(builder, space)  # type: ignore[arg-type]

    # What came of it

    @property
    def is_confirmed(self) -> bool:
        """Whether the server has said that the handshake is done."""
        return self._handshake_confirmed

    @property
    def closed_by_server(self) -> Close | None:
        """The server's CONNECTION_CLOSE."""
        event = self._close_event
        if event is None or self._state is not QuicConnectionState.DRAINING:
            return None
        return Close(event.error_code, event.frame_type is None, event.reason_phrase)

    @property
    def objection(self) -> str | None:
        """What aioquic itself found wrong with what the server sent."""
        event = self._close_event
        if event is None or self._state is QuicConnectionState.DRAINING:
            return None
        return event.reason_phrase


class Rogue(asyncio.DatagramProtocol):
    """One connection of a client with lies in its handshake; see the module."""

    def __init__(self, address: Address, lies: Lies, version: int | None = None) -> None:
        self.address = address
        configuration = QuicConfiguration(
            is_client=True,
            alpn_protocols=None if lies.alpn is None else list(lies.alpn),
            server_name="localhost",
            verify_mode=ssl.CERT_NONE,
            idle_timeout=30.0,
        )
        if version is not None:
            configuration.original_version = version
        configuration.session_ticket = lies.ticket
        self.quic = RogueConnection(lies, configuration)
        self.received = 0
        """UDP payload octets that came from the server."""
        self.sent = 0
        """UDP payload octets that went to it."""
        self.facts: events.HandshakeCompleted | None = None
        self.on_wire: Callable[[bytes], list[bytes]] = lambda datagram: [datagram]
        """What becomes of a datagram of aioquic's on its way: nothing, itself, or several."""
        self.streams: dict[int, bytearray] = {}
        self.fins: set[int] = set()
        self.resets: dict[int, int] = {}
        self._pongs: set[int] = set()
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None

    # Life

    async def connect(self) -> None:
        """Begin the handshake; returns when it is confirmed, refused, or met with silence."""
        await self.move()
        self.quic.connect(self.address, self._loop.time())
        self.transmit()
        await self.until(lambda: self.quic.is_confirmed or self.is_over)

    async def move(self) -> None:
        """Go on from another port, as behind a NAT that forgot; the server is not told."""
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        if self._transport is not None:
            self._transport.abort()
        self._transport, _ = await self._loop.create_datagram_endpoint(
            lambda: self, remote_addr=self.address, family=family
        )

    def leave(self) -> None:
        """Close if there is somebody to say so to, and let go of the socket."""
        if self._transport is not None:
            self.quic.close(error_code=0x100)
            self.transmit()
            self._transport.abort()
            self._transport = None
        if self._timer is not None:
            self._timer.cancel()

    @property
    def is_over(self) -> bool:
        """Whether the connection has ended, by whomever."""
        return self.quic._close_event is not None

    # Doing

    def send(self, payload: bytes, epoch: Epoch = Epoch.ONE_RTT, **odd: int) -> None:
        """A packet with exactly these frames, in a datagram of its own; `odd` as for `seal`."""
        self.throw(self.quic.seal(payload, epoch, **odd))  # type: ignore[arg-type]  # no source

    def throw(self, datagram: bytes) -> None:
        """Any octets at all, as one datagram."""
        if self._transport is not None and not self._transport.is_closing():
            self.sent += len(datagram)
            self._transport.sendto(datagram)

    def transmit(self) -> None:
        """Send what aioquic has ready, and set its timer."""
        now = self._loop.time()
        for datagram, _ in self.quic.datagrams_to_send(now):
            for each in self.on_wire(datagram):
                self.throw(each)
        if self._timer is not None:
            self._timer.cancel()
        if (at := self.quic.get_timer()) is not None and self._transport is not None:
            self._timer = self._loop.call_at(at, self._timer_fired)

    def request(self, path: str = "/") -> int:
        """A GET on the next stream; its id."""
        stream_id = self.quic.get_next_available_stream_id()
        fields: Fields = [
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":authority", b"localhost"),
            (b":path", path.encode()),
        ]
        self.quic.send_stream_data(stream_id, headers(fields), end_stream=True)
        self.transmit()
        return stream_id

    # Waiting

    async def until(self, condition: Callable[[], bool], patience: float = PATIENCE) -> bool:
        """Wait until it holds; False if it does not within `patience` seconds."""
        try:
            async with asyncio.timeout(patience):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def closing(self, patience: float = PATIENCE) -> Close | None:
        """Wait for the server's CONNECTION_CLOSE; None if it sends none."""
        await self.until(lambda: self.is_over, patience)
        return self.quic.closed_by_server

    async def lives(self, patience: float = PATIENCE) -> bool:
        """Whether the server still serves a request on this connection."""
        return await self.status(patience=patience) is not None

    async def status(self, path: str = "/", patience: float = PATIENCE) -> int | None:
        """The status of a GET, once its response has ended; None if it does not."""
        if self.is_over:
            return None
        stream_id = self.request(path)
        await self.until(lambda: stream_id in self.fins or self.is_over, patience)
        return _status(bytes(self.streams[stream_id])) if stream_id in self.fins else None

    async def answered(self, patience: float = PATIENCE) -> bool:
        """Whether the server acknowledges a PING: it has taken in all that was sent before."""
        uid = int.from_bytes(os.urandom(4), "big")
        self.quic.send_ping(uid)
        self.transmit()
        await self.until(lambda: uid in self._pongs or self.is_over, patience)
        return uid in self._pongs

    # What asyncio calls

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.received += len(data)
        self.quic.receive_datagram(data, self.address, self._loop.time())
        self._take_events()

    def error_received(self, exc: Exception) -> None:
        """ICMP says that nobody listens; that is silence."""

    def _timer_fired(self) -> None:
        self._timer = None
        self.quic.handle_timer(self._loop.time())
        self._take_events()

    def _take_events(self) -> None:
        while (event := self.quic.next_event()) is not None:
            match event:
                case events.HandshakeCompleted():
                    self.facts = event
                case events.PingAcknowledged(uid=uid):
                    self._pongs.add(uid)
                case events.StreamDataReceived(stream_id=stream_id, data=data, end_stream=ends):
                    self.streams.setdefault(stream_id, bytearray()).extend(data)
                    if ends:
                        self.fins.add(stream_id)
                case events.StreamReset(stream_id=stream_id, error_code=error_code):
                    self.resets[stream_id] = error_code
        self.transmit()
        self._changed.set()


def _status(octets: bytes) -> int | None:
    """The status in the HEADERS frame at the front of a response."""
    length_size = 1 << (octets[1] >> 6)
    length = int.from_bytes(octets[1 : 1 + length_size], "big") & ((1 << (8 * length_size - 2)) - 1)
    section = octets[1 + length_size : 1 + length_size + length]
    _, fields = Decoder(0, 0).feed_header(0, section)
    return next((int(value) for name, value in fields if name == b":status"), None)


@asynccontextmanager
async def rogue(
    address: Address, lies: Lies | None = None, *, version: int | None = None
) -> AsyncIterator[Rogue]:
    """A client whose handshake is over, one way or the other."""
    client = Rogue(address, lies or Lies(), version)
    try:
        await client.connect()
        yield client
    finally:
        client.leave()
