"""A client that may do what no well-behaved client does, on aioquic and one UDP socket.

This file knows how to withhold flow-control credit, stop, reset, vanish, move to another port and
send bytes that no library would. It refuses to judge what comes back: it writes it down, and a
test reads it. Its one rule: every wait is for something the server did, never for time to go by.

    async with RawClient.connected(address, cafile=…) as client:
        response = await client.get("/")
        assert (response.status, response.body) == (200, b"hello")

`H3Connection` encodes field sections and decodes responses; endings, GOAWAY and the connection's
own end are taken from QUIC, since that class hides them.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from aioquic.h3.connection import H3_ALPN, H3Connection, H3Stream
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import (
    ConnectionTerminated,
    HandshakeCompleted,
    PingAcknowledged,
    StopSendingReceived,
    StreamDataReceived,
    StreamReset,
)
from aioquic.tls import Epoch
from pylsqpack import Encoder

from h3producer.errors import ErrorCode
from tests.e2e.control_stream import goaways
from tests.e2e.creditor import Creditor
from tests.e2e.exchange import Exchange
from tests.e2e.observed import PATIENCE, Progress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from aioquic.quic.events import QuicEvent

    from h3producer.server.server import Server
    from tests.e2e.exchange import Field

__all__ = ["Address", "Connect", "RawClient"]

Address = tuple[str, int]


class Connect(Protocol):
    """Open a connection to a server or an address.

    `settings` are those of aioquic's `QuicConfiguration`. Without `gives_credit` the client reads
    nothing beyond its windows.
    """

    async def __call__(
        self, to: Server | Address, *, gives_credit: bool = True, **settings: int
    ) -> RawClient: ...


class _Http3(H3Connection):
    """aioquic's, without a judgement: a response to HEAD has a content-length and no content, which
    it takes for malformed."""

    def _check_content_length(self, stream: H3Stream) -> None:
        pass


class RawClient(asyncio.DatagramProtocol):
    """One QUIC connection with HTTP/3 on it; see the module."""

    offers_webtransport = False
    """Whether it says so in its SETTINGS."""

    def __init__(
        self, address: Address, configuration: QuicConfiguration, patience: float = PATIENCE
    ) -> None:
        self.address = address
        self.quic = Creditor(configuration=configuration)
        self.h3 = _Http3(self.quic, enable_webtransport=self.offers_webtransport)
        self.encoder = Encoder()
        """For hand-made HEADERS frames; without a peer's settings it uses no dynamic table."""
        self.exchanges: dict[int, Exchange] = {}
        self.handshaken = False
        self.close_code: int | None = None
        """The code of the CONNECTION_CLOSE that ended the connection, whoever sent it."""
        self.close_reason = ""
        self._pings = 0
        self._control: dict[int, bytearray] = {}
        self._progress = Progress(patience)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def silent(
        cls,
        address: Address,
        *,
        cafile: Path | None = None,
        gives_credit: bool = True,
        patience: float = PATIENCE,
        **settings: int,
    ) -> RawClient:
        """A client that has not sent anything yet. Without `cafile` it trusts everybody.

        No wait takes longer than `patience` seconds. `settings` are those of `QuicConfiguration`.
        """
        configuration = QuicConfiguration(
            alpn_protocols=H3_ALPN, server_name="localhost", idle_timeout=30.0
        )
        if cafile is None:
            configuration.verify_mode = ssl.CERT_NONE
        else:
            configuration.load_verify_locations(cafile=str(cafile))
        for name, value in settings.items():
            assert hasattr(configuration, name)
            setattr(configuration, name, value)
        client = cls(address, configuration, patience)
        client.quic.gives_credit = gives_credit
        return client

    @classmethod
    @asynccontextmanager
    async def connected(
        cls,
        address: Address,
        *,
        cafile: Path | None = None,
        gives_credit: bool = True,
        patience: float = PATIENCE,
        **settings: int,
    ) -> AsyncIterator[RawClient]:
        """A client whose handshake is complete; it closes the connection at the end."""
        client = cls.silent(
            address, cafile=cafile, gives_credit=gives_credit, patience=patience, **settings
        )
        try:
            await client.start()
            await client.until(lambda: client.handshaken or client.close_code is not None)
            assert client.handshaken, f"{client.close_code:#x} {client.close_reason}"
            yield client
            client.close()
        finally:
            client.vanish()

    async def start(self) -> None:
        """Send the first flight of the handshake."""
        await self.move()
        self.quic.connect(self.address, self._loop.time())
        self.transmit()

    # Requests

    async def get(
        self, path: str, *, method: str = "GET", headers: Sequence[Field] = ()
    ) -> Exchange:
        """A request without content, and its whole response."""
        return await self.request(path, method=method, headers=headers).over()

    async def post(self, path: str, body: bytes, *, headers: Sequence[Field] = ()) -> Exchange:
        """A request with content, and its whole response."""
        exchange = self.request(path, method="POST", headers=headers, end=False)
        exchange.send(body, end=True)
        return await exchange.over()

    def request(
        self, path: str, *, method: str = "GET", headers: Sequence[Field] = (), end: bool = True
    ) -> Exchange:
        """Send the head of a request; nothing is waited for."""
        exchange = self.open_stream()
        self.h3.send_headers(
            exchange.stream_id,
            [
                (b":method", method.encode()),
                (b":scheme", b"https"),
                (b":authority", b"localhost"),
                (b":path", path.encode()),
                *headers,
            ],
            end_stream=end,
        )
        self.transmit()
        return exchange

    def open_stream(self) -> Exchange:
        """A request stream with nothing on it yet."""
        stream_id = self.quic.get_next_available_stream_id()
        exchange = self.exchanges[stream_id] = Exchange(self, stream_id)
        # Reserves the id: aioquic counts a stream from its first byte on.
        self.quic.send_stream_data(stream_id, b"")
        return exchange

    # The connection

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition()` holds; it is asked after each datagram and each timer."""
        await self._progress.until(condition, lambda: (self.close_code, self.exchanges))

    async def round_trip(self) -> None:
        """Wait until the server's QUIC has answered a packet that we send now."""
        pings = self._pings + 1
        self.quic.send_ping(pings)
        self.transmit()
        await self.until(lambda: self._pings >= pings)

    async def acknowledge(self) -> None:
        """Wait until everything that came has been acknowledged, and that has arrived.

        aioquic puts an ACK into a packet only when it has been due for a millisecond.
        """
        space = self.quic._spaces[Epoch.ONE_RTT]
        while space.ack_at is not None:
            await self.round_trip()
        await self.round_trip()

    async def settle(self) -> None:
        """Let the server do all that it is going to do: requests run behind what came before."""
        for _ in range(5):
            assert (await self.get("/hello")).status == 200

    @property
    def goaways(self) -> list[int]:
        """The ids of the GOAWAY frames on the server's control stream."""
        return [each for octets in self._control.values() for each in goaways(bytes(octets))]

    def give_credit(self) -> None:
        """From now on read as fast as bytes come."""
        self.quic.gives_credit = True
        self.quic.send_ping(0)  # so that there is a packet for the frames to ride in
        self.transmit()

    def close(self, error_code: int = ErrorCode.H3_NO_ERROR, reason: str = "") -> None:
        """CONNECTION_CLOSE."""
        self.quic.close(error_code, reason_phrase=reason)
        self.transmit()

    async def closed(self) -> int:
        """Wait for the end of the connection; its code."""
        await self.until(lambda: self.close_code is not None)
        assert self.close_code is not None
        return self.close_code

    def vanish(self) -> None:
        """Stop without a word, as a machine does that loses its power."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        self._transport = None

    async def move(self, host: str | None = None) -> None:
        """Go on from another port, as after a NAT's rebinding; the server is not told.

        `host` is where from: another one is another network.
        """
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        local = (host or ("::1" if family == socket.AF_INET6 else "127.0.0.1"), 0)
        before = self._transport
        # It has somewhere to send from all the time: a timer may fire meanwhile.
        self._transport, _ = await self._loop.create_datagram_endpoint(
            lambda: self, local_addr=local, family=family
        )
        if before is not None:
            before.abort()

    @property
    def port(self) -> int:
        """The port that we send from."""
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    # Datagrams

    def transmit(self) -> None:
        """Send what QUIC has ready, and set its timer."""
        if self._transport is None:
            return
        for octets, _ in self.quic.datagrams_to_send(self._loop.time()):
            self._transport.sendto(octets, self.address)
        if self._timer is not None:
            self._timer.cancel()
        if (at := self.quic.get_timer()) is not None:
            self._timer = self._loop.call_at(at, self._timer_fired)

    def send_datagram(self, octets: bytes) -> None:
        """A UDP datagram of whatever bytes."""
        assert self._transport is not None
        self._transport.sendto(octets, self.address)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.quic.receive_datagram(data, self.address, self._loop.time())
        self._take_events()

    def error_received(self, exc: Exception) -> None:
        """ICMP says that nobody listens; QUIC finds out by itself."""

    def _timer_fired(self) -> None:
        self._timer = None
        self.quic.handle_timer(self._loop.time())
        self._take_events()

    def _take_events(self) -> None:
        while (event := self.quic.next_event()) is not None:
            self._take_event(event)
        self.transmit()
        self._progress.announce()

    def _take_event(self, event: QuicEvent) -> None:
        if isinstance(event, HandshakeCompleted):
            self.handshaken = True
        elif isinstance(event, PingAcknowledged):
            self._pings = max(self._pings, event.uid)
        elif isinstance(event, ConnectionTerminated):
            self.close_code, self.close_reason = event.error_code, event.reason_phrase
        elif isinstance(event, StreamReset | StopSendingReceived | StreamDataReceived):
            self._take_stream_event(event)
        for h3_event in self.h3.handle_event(event):
            if isinstance(h3_event, HeadersReceived):
                self._take_fields(h3_event)
            elif isinstance(h3_event, DataReceived):
                self.exchanges[h3_event.stream_id].body += h3_event.data

    def _take_stream_event(
        self, event: StreamReset | StopSendingReceived | StreamDataReceived
    ) -> None:
        if event.stream_id & 2:
            if isinstance(event, StreamDataReceived):
                self._control.setdefault(event.stream_id, bytearray()).extend(event.data)
            return
        exchange = self.exchanges[event.stream_id]
        if isinstance(event, StreamReset):
            exchange.reset_code = event.error_code
            exchange.log.append("reset")
        elif isinstance(event, StopSendingReceived):
            exchange.stop_code = event.error_code
            exchange.log.append("stop")
        elif event.end_stream:
            exchange.ended = True
            exchange.log.append("fin")

    def _take_fields(self, event: HeadersReceived) -> None:
        exchange = self.exchanges[event.stream_id]
        fields = [(bytes(name), bytes(value)) for name, value in event.headers]
        if fields[:1] and fields[0][0] == b":status" and fields[0][1].startswith(b"1"):
            exchange.interim.append(fields)
        elif exchange.fields:
            exchange.trailers = fields
        else:
            exchange.fields = fields
