"""A client of the core with sessions of WebTransport: no sockets, no QUIC, no ASGI.

    client = await opened(host)
    client.send(client.head(4), b"hello", on=4)
    assert await host.session.receive() == StreamData(4, b"hello", False)

The application of these tests is `Host`: it hands its session to the test, which does what an
application would do, and leaves when the test says so.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from h3producer.http3.webtransport.connection import WebTransportConnection
from h3producer.http3.webtransport.exchange import SessionExchange
from h3producer.wire.capsules import encode_capsule
from h3producer.wire.datagrams import encode_datagram
from h3producer.wire.frames import encode_frame
from h3producer.wire.webtransport import encode_stream_head
from tests.http3.harness import CONFIG, Client, data, hello, request

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.http3.stream import Http3Stream
    from h3producer.http3.webtransport.session import WebTransportSession

__all__ = ["CONNECT", "GONE", "REJECTED", "WEBTRANSPORT", "Host", "SessionClient", "opened"]

WEBTRANSPORT = replace(CONFIG, webtransport=True)

CONNECT = request(b"CONNECT", (b":protocol", b"webtransport"), path=b"/chat")

SETTINGS = b"\x00" + encode_frame(0x04, bytes.fromhex("33 01 ab603742 01"))
"""A client's control stream: datagrams, and WebTransport of draft 02."""

GONE = 0x170D7B68
REJECTED = 0x3994BD84


class Host:
    """A handler that hands its sessions to the test, accepted ones unless told otherwise. Whatever
    else it is asked for it answers when it is to leave."""

    def __init__(self, *, accepts: bool = True) -> None:
        self.sessions: list[WebTransportSession] = []
        self.leave = asyncio.Event()
        self.fails_with: Exception | None = None
        self._accepts = accepts

    @property
    def session(self) -> WebTransportSession:
        """The last one."""
        return self.sessions[-1]

    async def __call__(self, stream: Http3Stream) -> None:
        assert isinstance(stream, SessionExchange)
        if stream.session is None:
            await self.leave.wait()
            await hello(stream)
            return
        self.sessions.append(stream.session)
        if self._accepts:
            await stream.session.accept()
        await self.leave.wait()
        if self.fails_with is not None:
            raise self.fails_with


class SessionClient(Client):
    """A client that has sent its SETTINGS."""

    connection: WebTransportConnection

    def __init__(self, host: Host, *, config: Config = WEBTRANSPORT, split: bool = False) -> None:
        super().__init__(host, config=config, split=split)
        assert isinstance(self.connection, WebTransportConnection)
        self.host = host
        self.send(SETTINGS, on=2)

    @staticmethod
    def head(stream_id: int, session_id: int = 0) -> bytes:
        """What a data stream begins with."""
        return encode_stream_head(stream_id, session_id)

    def say(self, capsule_type: int, value: bytes = b"", *, on: int = 0, end: bool = False) -> None:
        """A capsule on a CONNECT stream."""
        self.send(data(encode_capsule(capsule_type, value)), on=on, end=end)

    def datagram(self, payload: bytes, *, session_id: int = 0) -> None:
        """A datagram for a session."""
        self.connection.datagram_received(encode_datagram(session_id, payload))

    def fate(self, stream_id: int) -> tuple[int | None, int | None]:
        """The codes of our RESET_STREAM and STOP_SENDING."""
        return self.transport.resets.get(stream_id), self.transport.stops.get(stream_id)

    @property
    def data_streams(self) -> set[int]:
        """The streams of sessions that the server has not forgotten."""
        return set(self.connection._sessions.streams)

    async def end(self) -> None:
        """What is true of every connection: in the end nothing is left, and nothing is owed."""
        await self.idle()
        self.host.leave.set()
        self.lose()
        await self.idle()
        assert self.is_clean
        assert self.data_streams == set()
        assert not self.connection._sessions._early
        assert not self.connection._sessions._sessions


async def opened(
    host: Host, *, config: Config = WEBTRANSPORT, split: bool = False
) -> SessionClient:
    """A client with a session on stream 0 that was accepted."""
    client = SessionClient(host, config=config, split=split)
    client.send(CONNECT)
    await client.idle()
    return client
