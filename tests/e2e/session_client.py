"""A client with one session of WebTransport, on the raw client's QUIC.

This file knows the bytes that a session consists of, and writes down what comes back. It refuses
to judge it. aioquic's own HTTP/3 sees the CONNECT alone: it takes answers on a client's streams for
frames.

    async with SessionClient.opened(address, files.certfile) as client:
        client.send(client.open_stream(), b"hello", end=True)
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aioquic.quic.events import (
    DatagramFrameReceived,
    StopSendingReceived,
    StreamDataReceived,
    StreamReset,
)

from h3producer.wire.capsules import CapsuleReader, CapsuleType, encode_capsule
from h3producer.wire.datagrams import encode_datagram
from h3producer.wire.webtransport import encode_close, encode_stream_head, parse_close
from tests.e2e.observed import PATIENCE
from tests.e2e.raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aioquic.quic.events import QuicEvent

    from tests.e2e.exchange import Exchange
    from tests.e2e.raw_client import Address

__all__ = ["DataStream", "SessionClient"]

_OF_HTTP3 = (3, 7, 11)
"""The server's streams that are not a session's."""


@dataclass
class DataStream:
    """What has come on one stream; of a server's, with its head."""

    data: bytearray = field(default_factory=bytearray)
    ended: bool = False
    reset_code: int | None = None
    stop_code: int | None = None


class SessionClient(RawClient):
    """A raw client whose first request was a session."""

    offers_webtransport = True
    session: Exchange

    def __init__(self, *arguments: object, **more: object) -> None:
        super().__init__(*arguments, **more)  # type: ignore[arg-type]  # those of the raw client
        self.streams: dict[int, DataStream] = {}
        self.datagrams: list[bytes] = []

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        address: Address,
        cafile: Path,
        path: str = "/echo",
        /,
        *,
        gives_credit: bool = True,
        patience: float = PATIENCE,
        **settings: int,
    ) -> AsyncIterator[SessionClient]:
        """A client whose session was accepted."""
        settings = {"max_datagram_frame_size": 65536, **settings}
        connected = cls.connected(
            address, cafile=cafile, gives_credit=gives_credit, patience=patience, **settings
        )
        async with connected as client:
            assert isinstance(client, SessionClient)
            client.session = client.open_stream_of_http()
            fields = [
                (b":method", b"CONNECT"),
                (b":protocol", b"webtransport"),
                (b":scheme", b"https"),
                (b":authority", b"localhost"),
                (b":path", path.encode()),
            ]
            client.h3.send_headers(client.session.stream_id, fields)
            client.transmit()
            await client.until(lambda: bool(client.session.fields) or client.session.is_over)
            assert client.session.status == 200, client.session
            yield client

    def open_stream_of_http(self) -> Exchange:
        """A request stream, as every client has them."""
        return super().open_stream()

    def begin_stream(self, *, bidirectional: bool = True) -> int:
        """Open a stream of the session; its id."""
        stream_id = self.quic.get_next_available_stream_id(is_unidirectional=not bidirectional)
        self.streams[stream_id] = DataStream()
        self.send(stream_id, encode_stream_head(stream_id, self.session.stream_id))
        return stream_id

    def send(self, stream_id: int, data: bytes, *, end: bool = False) -> None:
        """Bytes on a stream of the session."""
        self.quic.send_stream_data(stream_id, data, end)
        self.transmit()

    def say(self, capsule_type: int, value: bytes = b"", *, end: bool = False) -> None:
        """A capsule."""
        self.session.send(encode_capsule(capsule_type, value), end=end)

    def end_session(self, code: int, reason: str) -> None:
        """Close the session, not the connection."""
        self.say(CapsuleType.CLOSE_WEBTRANSPORT_SESSION, encode_close(code, reason), end=True)

    def send_payload(self, payload: bytes) -> None:
        """A datagram of the session."""
        self.quic.send_datagram_frame(encode_datagram(self.session.stream_id, payload))
        self.transmit()

    def opened_by_server(self) -> list[int]:
        """Streams of the session that the server opened."""
        return [each for each in self.streams if each & 1]

    @property
    def capsules(self) -> list[int]:
        """The types of the capsules that came."""
        return [
            capsule_type for capsule_type, _ in CapsuleReader({}).feed(bytes(self.session.body))
        ]

    @property
    def last_words(self) -> tuple[int, str] | None:
        """Code and reason with which the server ended the session."""
        reader = CapsuleReader({CapsuleType.CLOSE_WEBTRANSPORT_SESSION: 2000})
        for capsule_type, value in reader.feed(bytes(self.session.body)):
            if capsule_type == CapsuleType.CLOSE_WEBTRANSPORT_SESSION:
                return parse_close(value)
        return None

    def _take_event(self, event: QuicEvent) -> None:
        if isinstance(event, DatagramFrameReceived):
            self.datagrams.append(event.data)
        elif isinstance(event, StreamDataReceived | StreamReset | StopSendingReceived):
            stream_id = event.stream_id
            if stream_id & 1 and stream_id not in _OF_HTTP3:
                self.streams.setdefault(stream_id, DataStream())
            stream = self.streams.get(stream_id)
            if stream is None:
                super()._take_event(event)
            else:
                _note(stream, event)
        else:
            super()._take_event(event)


def _note(
    stream: DataStream, event: StreamDataReceived | StreamReset | StopSendingReceived
) -> None:
    if isinstance(event, StreamDataReceived):
        stream.data += event.data
        stream.ended = event.end_stream
    elif isinstance(event, StreamReset):
        stream.reset_code = event.error_code
    else:
        stream.stop_code = event.error_code
