"""A WebSocket client without a network, over the real adapter and core on a `FakeTransport`.

    peer = Peer(app)
    await peer.opened()
    peer.text("hello")
    assert await peer.frames() == [text("hello")]

What leaves are bytes that a test can write by hand; what comes back is read by wsproto's client
side, or looked at as bytes. Nothing is a fake but the QUIC connection and the client.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING

from wsproto.connection import CLIENT, Connection
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.config import Config
from h3producer.http3.connection import Http3Connection
from h3producer.wire.frames import FrameReader, FrameType, encode_frame
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder
from tests.fakes import FakeTransport, RecordingWatch

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp
    from h3producer.asgi.websocket.options import WebSocketOptions
    from h3producer.wire.fields import Fields

__all__ = ["BINARY", "CLOSE", "CONTINUATION", "PING", "PONG", "TEXT", "Peer", "frame", "mask"]

CONFIG = Config(date_header=False, server_header=None)
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MASK = bytes.fromhex("37fa213d")
"""That of the examples in RFC 6455 §5.7."""


def mask(payload: bytes) -> bytes:
    return bytes(octet ^ MASK[i % 4] for i, octet in enumerate(payload))


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    """A client's frame, masked (RFC 6455 §5.2)."""
    first = fin << 7 | rsv << 4 | opcode
    if len(payload) < 126:
        head = bytes([first, 0x80 | len(payload)])
    elif len(payload) < 1 << 16:
        head = bytes([first, 0x80 | 126]) + struct.pack("!H", len(payload))
    else:
        head = bytes([first, 0x80 | 127]) + struct.pack("!Q", len(payload))
    return head + MASK + mask(payload)


def close(code: int | None = None, reason: bytes = b"") -> bytes:
    """A client's close."""
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


class Peer:
    """One WebSocket of a client; begins when it is made. `split` sends bytes one at a time."""

    def __init__(
        self,
        app: AsgiApp | AsgiAdapter,
        *headers: tuple[bytes, bytes],
        options: WebSocketOptions | None = None,
        split: bool = False,
        path: str = "/chat?room=1",
    ) -> None:
        self.transport = FakeTransport()
        if not isinstance(app, AsgiAdapter):
            app = AsgiAdapter(app, websocket=options)
        self.watch = RecordingWatch()
        self.connection = Http3Connection(self.transport, app, CONFIG, watch=self.watch)
        self.transport.inputs = self.connection
        self._split = split
        self._websocket = Connection(CLIENT)
        self._seen = 0
        self.head: Fields = [
            (b":method", b"CONNECT"),
            (b":protocol", b"websocket"),
            (b":scheme", b"https"),
            (b":authority", b"h3.example"),
            (b":path", path.encode()),
            (b"sec-websocket-version", b"13"),
            *headers,
        ]
        self.begin()

    def begin(self, on: int = 0) -> None:
        """Send the CONNECT."""
        head = encode_frame(FrameType.HEADERS, FieldSectionEncoder().encode(self.head))
        self.connection.stream_data_received(on, head, False)
        task = self.connection.streams[on]._task
        assert task is not None
        self.task = task

    # What the client does

    def send(self, *frames: bytes, end: bool = False, on: int = 0) -> None:
        """WebSocket frames, or parts of them, each in a DATA frame of its own."""
        if self._split:
            whole = b"".join(frames)
            frames = tuple(whole[i : i + 1] for i in range(len(whole)))
        for each in frames:
            if each:
                self._feed(encode_frame(FrameType.DATA, each), on)
        if end:
            self.connection.stream_data_received(on, b"", True)

    def text(self, text: str) -> None:
        self.send(frame(TEXT, text.encode()))

    def close(self, code: int | None = 1000, reason: bytes = b"", *, end: bool = True) -> None:
        self.send(close(code, reason), end=end)

    def say(self, event: Event) -> None:
        """What wsproto's client side makes of it."""
        self.send(self._websocket.send(event))

    def compress(self) -> None:
        """Take what the server has answered of permessage-deflate."""
        answer = self.header(b"sec-websocket-extensions")
        assert answer is not None
        extension = PerMessageDeflate()
        extension.finalize(answer.decode())
        self._websocket = Connection(CLIENT, [extension])

    def reset(self, error_code: int = 0x10C) -> None:
        self.connection.stream_reset(0, error_code)

    def stop(self, error_code: int = 0x10C) -> None:
        self.transport.stop(0, error_code)

    def lose(self) -> None:
        self.transport.lose(0x100, "")

    def shutdown(self) -> None:
        self.connection.shutdown()

    async def idle(self) -> None:
        """Loop passes until every task waits for the client; no time goes by."""
        for _ in range(30):
            await asyncio.sleep(0)

    async def opened(self) -> Peer:
        await self.idle()
        assert self.status == 200, self.outcome
        return self

    async def over(self) -> Peer:
        """Wait until the application has left; bounded, since a hang is what we look for."""
        await asyncio.wait({self.task}, timeout=20)
        assert self.task.done(), "it hangs"
        await self.idle()
        return self

    # What the client sees

    @property
    def fields(self) -> Fields:
        """The field section of the response."""
        return self.fields_on(0)

    def fields_on(self, stream_id: int) -> Fields:
        """The field section of another response."""
        for kind, payload in self._http_frames(stream_id):
            if kind == FrameType.HEADERS:
                return FieldSectionDecoder().decode(stream_id, payload)
        return []

    @property
    def status(self) -> int | None:
        return int(self.fields[0][1]) if self.fields else None

    def header(self, name: bytes) -> bytes | None:
        return dict(self.fields).get(name)

    @property
    def body(self) -> bytes:
        """All bytes that came through the tunnel."""
        return b"".join(p for kind, p in self._http_frames() if kind == FrameType.DATA)

    def events(self) -> list[Event]:
        """What came since the last call."""
        body = self.body
        if len(body) > self._seen:
            self._websocket.receive_data(body[self._seen :])
            self._seen = len(body)
        return list(self._websocket.events())

    async def received(self) -> list[object]:
        """What came since the last call, once nothing more comes: messages as they are, the rest
        as tuples."""
        await self.idle()
        return [_plain(event) for event in self.events()]

    @property
    def ended(self) -> bool:
        """FIN."""
        return self.transport.fin(0)

    @property
    def error_code(self) -> int | None:
        """The code of RESET_STREAM."""
        return self.transport.resets.get(0)

    @property
    def outcome(self) -> str:
        """What the client sees in the end, in a phrase."""
        if self.error_code is not None:
            return f"reset {self.error_code:#x}"
        if not self.ended:
            return "a hang"
        if self.status != 200:
            return str(self.status)
        codes = [event.code for event in self.events() if isinstance(event, CloseConnection)]
        return str(*map(int, codes)) if codes else "no close"

    def _feed(self, data: bytes, on: int) -> None:
        if on not in self.transport.stops and not self.transport.is_lost:
            self.connection.stream_data_received(on, data, False)

    def _http_frames(self, stream_id: int = 0) -> list[tuple[int, bytes]]:
        reader = FrameReader((FrameType.HEADERS, FrameType.DATA), max_payload=1 << 30)
        frames = reader.feed(self.transport.sent(stream_id))
        return [(kind, payload or b"") for kind, payload in frames]


def _plain(event: Event) -> object:
    if isinstance(event, TextMessage | BytesMessage):
        return event.data if isinstance(event.data, str) else bytes(event.data)
    if isinstance(event, CloseConnection):
        return ("close", int(event.code), event.reason or "")
    if isinstance(event, Ping):
        return ("ping", bytes(event.payload))
    assert isinstance(event, Pong), event
    return ("pong", bytes(event.payload))
