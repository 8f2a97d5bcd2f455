"""qh3: a Rust core behind aioquic's interface, with rustls. Driven as QUIC, so it can do all that
the protocol can."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qh3.asyncio.client import connect
from qh3.asyncio.protocol import QuicConnectionProtocol
from qh3.h3.connection import H3_ALPN, ErrorCode, H3Connection
from qh3.h3.events import (
    DataReceived,
    GoawayReceived,
    HeadersReceived,
    InformationalHeadersReceived,
)
from qh3.quic.configuration import QuicConfiguration
from qh3.quic.connection import QuicConnectionError
from qh3.quic.events import ConnectionTerminated
from qh3.quic.packet import QuicProtocolVersion
from qh3.tls import CipherSuite

from tests.interop.clients.background_loop import BackgroundLoop
from tests.interop.clients.program import Answer, GivenUp, Request, Wishes, main

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qh3.h3.connection import H3Event
    from qh3.quic.events import QuicEvent
    from qh3.tls import SessionTicket


class Response:
    """What has come of one."""

    def __init__(self, enough: int | None) -> None:
        self.heads: list[dict[str, str]] = []
        self.interim: list[int] = []
        self.body = bytearray()
        self.done = asyncio.Event()
        self.is_whole = False
        self._enough = enough

    def add(self, event: H3Event) -> None:
        if isinstance(event, DataReceived):
            self.body += event.data
        else:
            fields = {name.decode(): value.decode() for name, value in event.headers}
            if isinstance(event, InformationalHeadersReceived):
                self.interim.append(int(fields[":status"]))
            else:
                self.heads.append(fields)
        has_enough = self._enough is not None and len(self.body) >= self._enough
        if has_enough or getattr(event, "stream_ended", False):
            self.is_whole = True
            self.done.set()

    def answer(self) -> Answer:
        head, *trailers = self.heads or [{":status": "0"}]
        return Answer.of(
            int(head[":status"]),
            True,
            head,
            bytes(self.body),
            trailers=trailers[0] if trailers else {},
            interim=self.interim,
        )


class Protocol(QuicConnectionProtocol):  # type: ignore[misc]  # qh3 is not typed for us
    """One connection."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.h3 = H3Connection(self._quic)
        self.quic = self._quic
        self.responses: dict[int, Response] = {}
        self.is_over = False
        """Another request would not be answered."""

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ConnectionTerminated):
            self.is_over = True
            for waiting in self.responses.values():
                waiting.done.set()
        for each in self.h3.handle_event(event):
            if isinstance(each, GoawayReceived):
                self.is_over = True
            if isinstance(each, HeadersReceived | InformationalHeadersReceived | DataReceived):
                response = self.responses.get(each.stream_id)
                if response is not None:
                    response.add(each)

    def is_usable(self) -> bool:
        """The end of a connection is told only when it has drained, but known at once."""
        try:
            self._quic.send_ping(0)
        except QuicConnectionError:
            return False
        return not self.is_over

    async def move(self) -> None:
        """To a socket of its own, whose port is another; the old one is heard no more."""
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", 0))
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, sock=sock)
        self.change_connection_id()


class Qh3:
    def __init__(self, origin: str, cafile: str, wishes: Wishes) -> None:
        self._url = urlsplit(origin)
        self._cafile = cafile
        self._wishes = wishes
        self._loop = BackgroundLoop()
        self._stack = AsyncExitStack()
        self._protocol: Protocol | None = None
        self._ticket: SessionTicket | None = None

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        return self._loop.run(self._exchange(requests))

    def move(self) -> None:
        assert self._protocol is not None
        self._loop.run(self._protocol.move())

    def update_keys(self) -> None:
        self._loop.run(self._update_keys())

    async def _update_keys(self) -> None:
        assert self._protocol is not None
        self._protocol.request_key_update()

    async def _exchange(self, requests: Sequence[Request]) -> list[Answer]:
        if self._protocol is None or not self._protocol.is_usable():
            self._protocol = await self._connect()
        return await asyncio.gather(*(self._one(self._protocol, each) for each in requests))

    async def _connect(self) -> Protocol:
        configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN)
        configuration.load_verify_locations(cafile=self._cafile)
        configuration.session_ticket = self._ticket
        wishes = self._wishes
        if wishes.version == 2:
            v2 = QuicProtocolVersion.VERSION_2
            configuration.original_version = v2
            configuration.supported_versions = [v2, QuicProtocolVersion.VERSION_1]
        if wishes.cipher == "chacha20":
            configuration.cipher_suites = [CipherSuite.CHACHA20_POLY1305_SHA256]
        if wishes.window:
            configuration.max_data = configuration.max_stream_data = wishes.window
        connecting = connect(
            self._url.hostname,
            self._url.port,
            configuration=configuration,
            create_protocol=Protocol,
            session_ticket_handler=self._keep,
            wait_connected=not wishes.early or self._ticket is None,
        )
        return await self._stack.enter_async_context(connecting)

    def _keep(self, ticket: SessionTicket) -> None:
        self._ticket = ticket

    async def _one(self, protocol: Protocol, request: Request) -> Answer:
        quic, h3 = protocol.quic, protocol.h3
        stream_id = quic.get_next_available_stream_id()
        response = protocol.responses[stream_id] = Response(
            None if request.size else request.gives_up_after
        )
        body = request.body
        h3.send_headers(stream_id, self._head(request), end_stream=body is None)
        if request.streams:
            if not await self._stream_up(protocol, stream_id, request):
                return response.answer()
        elif body is not None:
            h3.send_data(stream_id, body, end_stream=True)
        protocol.transmit()
        await response.done.wait()
        if protocol.is_over and not response.is_whole:
            raise ConnectionError("The connection has ended.")
        if request.gives_up_after is not None:
            quic.stop_stream(stream_id, ErrorCode.H3_REQUEST_CANCELLED)
            protocol.transmit()
        return response.answer()

    def _head(self, request: Request) -> list[tuple[bytes, bytes]]:
        fields = {
            ":method": request.method,
            ":scheme": "https",
            ":authority": self._url.netloc,
            ":path": request.path,
            **request.fields,
        }
        if request.size is not None and not request.streams:
            fields["content-length"] = str(request.size)
        return [(name.encode(), value.encode()) for name, value in fields.items()]

    async def _stream_up(self, protocol: Protocol, stream_id: int, request: Request) -> bool:
        """Whether all of it went."""
        pieces = request.pieces()
        try:
            while piece := await asyncio.to_thread(next, pieces, b""):
                protocol.h3.send_data(stream_id, piece, end_stream=False)
                protocol.transmit()
        except GivenUp:
            protocol.quic.reset_stream(stream_id, ErrorCode.H3_REQUEST_CANCELLED)
            protocol.transmit()
            return False
        protocol.h3.send_data(stream_id, b"", end_stream=True)
        return True


if __name__ == "__main__":
    main(Qh3)
