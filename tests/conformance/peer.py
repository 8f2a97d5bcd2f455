"""A client that says what it is told to, on aioquic and one UDP socket.

This file knows how streams are opened and when a server has answered; what is done to a stream
stands in `streams.py`. It refuses to know what is legal to write and what an answer is worth. Its
one rule: a wait is for something that the server does; where it may do nothing, a round trip
settles that it did not.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection, QuicConnectionState
from aioquic.quic.events import (
    PingAcknowledged,
    StopSendingReceived,
    StreamDataReceived,
    StreamReset,
)

from tests.conformance.inbox import Cutter, FieldSections, pull_varint
from tests.conformance.observed import Close
from tests.conformance.octets import Code, Kind, StreamKind, data, headers, settings, varint
from tests.conformance.streams import Incoming, Outgoing, Stream
from tests.conformance.target import NotOffered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from aioquic.quic.events import QuicEvent

    from tests.conformance.observed import Response
    from tests.conformance.octets import Field, Fields
    from tests.conformance.target import Target

__all__ = ["NoHandshake", "Opening", "Peer", "asked", "pairs", "serves"]

MAX_CAPACITY = 1 << 31
"""Bytes of dynamic table that ls-qpack can be told of."""

SETTINGS_CAPACITY = 0x01
SETTINGS_BLOCKED = 0x07


class NoHandshake(Exception):
    """The server did not take the connection."""


@dataclass(frozen=True)
class Opening:
    """What a client does before its case begins."""

    settings: Mapping[int, int] | None = field(default_factory=dict)
    """SETTINGS on the control stream; None: no control stream is opened."""
    qpack: bool = True
    """Both QPACK streams are opened."""
    quic: Mapping[str, int] = field(default_factory=dict)
    """Settings of aioquic's `QuicConfiguration`."""


class Peer(asyncio.DatagramProtocol):
    """One QUIC connection to the server that is judged; see the module."""

    control: Outgoing
    encoder: Outgoing
    decoder: Outgoing

    def __init__(self, target: Target, opening: Opening) -> None:
        self.target = target
        configuration = QuicConfiguration(
            alpn_protocols=["h3"], server_name=target.server_name, idle_timeout=30.0
        )
        configuration.verify_mode = ssl.CERT_NONE
        for name, value in opening.quic.items():
            assert hasattr(configuration, name)
            setattr(configuration, name, value)
        self.quic = QuicConnection(configuration=configuration)
        announced = opening.settings or {}
        self.sections = FieldSections(
            min(announced.get(SETTINGS_CAPACITY, 0), MAX_CAPACITY),
            announced.get(SETTINGS_BLOCKED, 0),
        )
        self.streams: dict[int, Stream] = {}
        self.sent: dict[int, Outgoing] = {}
        """The unidirectional streams that we opened."""
        self.incoming: dict[int, Incoming] = {}
        self.close: Close | None = None
        self.was_confirmed = False
        """The handshake was confirmed before the connection closed."""
        self.faults: list[str] = []
        """Rules of QUIC that the server broke, as aioquic found."""
        self.afterthoughts: list[Callable[[], Awaitable[None]]] = []
        """What is to be checked when the case is decided, on other connections if need be."""
        self.is_deaf = False
        """Nothing is taken off the network, as if it were all lost."""
        self._opening = opening
        self._pings = 0
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    @asynccontextmanager
    async def connected(cls, target: Target, opening: Opening | None = None) -> AsyncIterator[Peer]:
        """A client whose handshake is confirmed and whose `opening` is sent.

        Closes with H3_NO_ERROR at the end. Raises `NoHandshake`.
        """
        peer = cls(target, opening or Opening())
        try:
            await peer.move()
            peer.quic.connect(target.address, peer._loop.time())
            peer.transmit()
            await peer.until(lambda: peer.was_confirmed or peer.close is not None)
            if not peer.was_confirmed:
                raise NoHandshake(str(peer.close))
            peer._open()
            yield peer
        except TimeoutError as error:
            if not peer.was_confirmed:
                raise NoHandshake("there was no answer") from error
            raise
        finally:
            if peer.close is None:
                peer.disconnect()
            peer.vanish()

    def _open(self) -> None:
        if self._opening.settings is not None:
            self.control = self.open_uni(
                varint(StreamKind.CONTROL) + settings(dict(self._opening.settings))
            )
        if self._opening.qpack:
            self.encoder = self.open_uni(varint(StreamKind.QPACK_ENCODER))
            self.decoder = self.open_uni(varint(StreamKind.QPACK_DECODER))

    # Streams

    def open(self) -> Stream:
        """A request stream with nothing on it yet."""
        stream_id = self.quic.get_next_available_stream_id()
        stream = self.streams[stream_id] = Stream(self, stream_id)
        # Reserves the id: aioquic counts a stream from its first write on.
        self.quic.send_stream_data(stream_id, b"")
        return stream

    def open_uni(self, octets: bytes = b"") -> Outgoing:
        """A unidirectional stream, and the first octets on it."""
        stream_id = self.quic.get_next_available_stream_id(is_unidirectional=True)
        stream = self.sent[stream_id] = Outgoing(self, stream_id)
        stream.write(octets)
        return stream

    def head(self, path: str = "/", *more: Field, method: bytes = b"GET") -> Fields:
        """The fields of a request that is beyond reproach, and `more` behind them."""
        return [
            (b":method", method),
            (b":scheme", b"https"),
            (b":authority", self.target.authority.encode()),
            (b":path", self.target.path(path)),
            *more,
        ]

    def request(self, fields: Fields, content: bytes | None = None, *, end: bool = True) -> Stream:
        """A request on a new stream: HEADERS, DATA if there is `content`, FIN."""
        stream = self.open()
        stream.write(headers(fields) + (b"" if content is None else data(content)), end=end)
        return stream

    async def get(self, path: str = "/", *more: Field) -> Response:
        """A request without content, and its whole response."""
        return await self.request(self.head(path, *more)).over()

    # The connection

    @property
    def settings(self) -> dict[int, int] | None:
        """The server's SETTINGS; None until they come."""
        for incoming in self.incoming.values():
            if incoming.kind == StreamKind.CONTROL and incoming.frames:
                kind, payload = incoming.frames[0]
                return dict(pairs(payload)) if kind == Kind.SETTINGS else None
        return None

    @property
    def goaways(self) -> list[int]:
        """The ids of the GOAWAY frames that came."""
        return [
            (pull_varint(payload, 0) or (-1, 0))[0]
            for incoming in self.incoming.values()
            if incoming.kind == StreamKind.CONTROL
            for kind, payload in incoming.frames
            if kind == Kind.GOAWAY
        ]

    @property
    def pushes_allowed(self) -> bool:
        """MAX_PUSH_ID was sent on the control stream."""
        said = [bytes(each.said) for each in self.sent.values()]
        controls = [each[1:] for each in said if each[:1] == varint(StreamKind.CONTROL)]
        return any(
            kind == Kind.MAX_PUSH_ID for octets in controls for kind, _ in Cutter().feed(octets)
        )

    def received(self, kind: int) -> bytes:
        """What came on the server's stream of a kind, behind its type."""
        for incoming in self.incoming.values():
            if incoming.kind == kind:
                return bytes(incoming.octets[1:])
        return b""

    async def server_settings(self) -> dict[int, int]:
        """Wait for the server's SETTINGS."""
        await self.until(lambda: self.settings is not None or self.close is not None)
        return self.settings or {}

    async def until(self, condition: Callable[[], bool], patience: float | None = None) -> None:
        """Wait until `condition()` holds; it is asked after each datagram and each timer.

        Raises TimeoutError after `patience` seconds, the target's unless it is given.
        """
        async with asyncio.timeout(self.target.patience if patience is None else patience):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def stop_incoming(self, kind: int) -> None:
        """STOP_SENDING for the server's stream of a kind; raises NotOffered if there is none."""
        for incoming in self.incoming.values():
            if incoming.kind == kind:
                incoming.was_stopped = True
                self.quic.stop_stream(incoming.stream_id, Code.H3_NO_ERROR)
                self.transmit()
                return
        raise NotOffered(f"a stream of type {kind}")

    async def round_trip(self) -> None:
        """Wait until the server's QUIC has answered a packet that we send now."""
        pings = self._pings + 1
        self.quic.send_ping(pings)
        self.transmit()
        await self.until(lambda: self._pings >= pings or self.close is not None)

    async def serves(self) -> bool:
        """Whether the connection serves a request: all that went before has had its effect.

        Two requests one after the other, for servers that handle streams in parallel.
        """
        try:
            for _ in range(2):
                if self.close is not None:
                    return False
                stream = self.request(self.head())
                await stream.over()
                if not stream.ended or stream.response.status is None:
                    return False
        except TimeoutError:
            return False
        return True

    def disconnect(self, code: int = Code.H3_NO_ERROR, reason: str = "") -> None:
        """CONNECTION_CLOSE."""
        self.quic.close(code, reason_phrase=reason)
        self.transmit()

    def vanish(self) -> None:
        """Stop without a word."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        self._transport = None

    async def move(self) -> None:
        """Go on from another port; the server is not told."""
        family = socket.AF_INET6 if ":" in self.target.host else socket.AF_INET
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
        self._transport, _ = await self._loop.create_datagram_endpoint(
            lambda: self, remote_addr=self.target.address, family=family
        )

    # Datagrams

    def transmit(self) -> None:
        """Send what QUIC has ready, and set its timer."""
        if self._transport is None:
            return
        for octets, _ in self.quic.datagrams_to_send(self._loop.time()):
            self._transport.sendto(octets)
        if self._timer is not None:
            self._timer.cancel()
        if (at := self.quic.get_timer()) is not None:
            self._timer = self._loop.call_at(at, self._timer_fired)

    def send_datagram(self, octets: bytes) -> None:
        """A UDP datagram of whatever octets."""
        assert self._transport is not None
        self._transport.sendto(octets)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.is_deaf:
            return
        self.quic.receive_datagram(data, self.target.address, self._loop.time())
        self._take_events()

    def error_received(self, exc: Exception) -> None:
        """ICMP says that nobody listens; the wait for an answer finds that out too."""

    def _timer_fired(self) -> None:
        self._timer = None
        self.quic.handle_timer(self._loop.time())
        self._take_events()

    def _take_events(self) -> None:
        while (event := self.quic.next_event()) is not None:
            self._take_event(event)
        self.was_confirmed |= self.quic._handshake_confirmed
        self._take_end()
        if self.sections.instructions and self._opening.qpack:
            self.decoder.write(bytes(self.sections.instructions))
            self.sections.instructions.clear()
        self.transmit()
        self._changed.set()

    def _take_end(self) -> None:
        # aioquic tells of the end when it has drained, a tenth of a second later.
        end = self.quic._close_event
        if end is None or self.close is not None:
            return
        self.close = Close(end.error_code, end.frame_type is None, end.reason_phrase)
        if self.quic._state is not QuicConnectionState.DRAINING:
            self.faults.append(f"{self.close}: {end.reason_phrase}")

    def _take_event(self, event: QuicEvent) -> None:
        if isinstance(event, PingAcknowledged):
            self._pings = max(self._pings, event.uid)
        elif isinstance(event, StopSendingReceived):
            (
                self.streams.get(event.stream_id) or self.sent[event.stream_id]
            ).stop_code = event.error_code
        elif isinstance(event, StreamDataReceived | StreamReset):
            if event.stream_id in self.streams:
                self._take_answer(self.streams[event.stream_id], event)
            else:
                incoming = self.incoming.setdefault(event.stream_id, Incoming(event.stream_id))
                self._take_incoming(incoming, event)

    def _take_answer(self, stream: Stream, event: StreamDataReceived | StreamReset) -> None:
        if isinstance(event, StreamReset):
            stream.reset_code = event.error_code
        else:
            stream.feed(event.data)
            stream.ended |= event.end_stream

    def _take_incoming(self, incoming: Incoming, event: StreamDataReceived | StreamReset) -> None:
        if isinstance(event, StreamReset):
            incoming.reset_code = event.error_code
            return
        octets = event.data
        incoming.ended |= event.end_stream
        incoming.octets += octets
        if incoming.kind is None:
            if (kind := pull_varint(incoming.octets, 0)) is None:
                return
            incoming.kind, octets = kind[0], bytes(incoming.octets[kind[1] :])
        if incoming.kind == StreamKind.CONTROL:
            incoming.frames += incoming.cutter.feed(octets)
        elif incoming.kind == StreamKind.QPACK_ENCODER and octets:
            self.sections.encoder_stream_received(octets)


def pairs(payload: bytes) -> list[tuple[int, int]]:
    """The parameters of a SETTINGS payload in their order; what is cut is left out."""
    found, at = [], 0
    while (identifier := pull_varint(payload, at)) and (
        value := pull_varint(payload, identifier[1])
    ):
        found.append((identifier[0], value[0]))
        at = value[1]
    return found


async def asked(peer: Peer, path: str) -> Response:
    """The response to a GET: on the connection, or on a new one if it is closed."""
    if peer.close is None:
        return await peer.get(path)
    async with Peer.connected(peer.target) as other:
        return await other.get(path)


async def serves(target: Target) -> bool:
    """Whether the server takes a new connection and serves a request on it."""
    try:
        async with Peer.connected(target) as peer:
            return await peer.serves()
    except NoHandshake:
        return False
