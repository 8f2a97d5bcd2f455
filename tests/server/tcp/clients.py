"""Clients of HTTP/1.1 and HTTP/2 that a test drives: h11 and h2 on asyncio's streams, over TLS.

    client = await Http2Client.connected(server)
    answer = await client.get("/hello")
    assert (answer.status, answer.body) == (200, b"hello")

This file knows how a request is made and what of its answer has come. It refuses to judge: `Answer`
says how it ended. Its one rule: every wait is for something the server did, and is bounded.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
import h11

from tests.e2e.observed import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from h3producer.server.server import Server

__all__ = ["Answer", "Client", "Http1Client", "Http2Client", "tls"]

Field = tuple[bytes, bytes]


def tls(*protocols: str) -> ssl.SSLContext:
    """A client's side of TLS that believes every certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    return context


@dataclass
class Answer:
    """What has come of a response so far."""

    status: int | None = None
    headers: dict[bytes, bytes] = field(default_factory=dict)
    interim: list[int] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    trailers: list[Field] = field(default_factory=list)
    ended: bool = False
    """It came to its proper end."""
    reset_code: int | None = None
    """Over HTTP/2: it was cut, with this code. Before its end, or of the request behind it."""
    broken: bool = False
    """The connection ended before it did."""

    @property
    def over(self) -> bool:
        return self.ended or self.broken or self.reset_code is not None


class Client:
    """What both have in common: a connection, and news of it."""

    protocol: str

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.progress = Progress()
        self.closed = False
        self._hearing = asyncio.create_task(self._hear())

    @classmethod
    async def connected(cls, to: Server | tuple[str, int]) -> Self:
        host, port = to if isinstance(to, tuple) else to.addresses[0]
        reader, writer = await asyncio.open_connection(host, port, ssl=tls(cls.protocol))
        chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        assert (chosen or "http/1.1") == cls.protocol
        return cls(reader, writer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.vanish()
        await asyncio.wait({self._hearing})

    def vanish(self) -> None:
        """Go, without a word."""
        self.writer.transport.abort()

    @property
    def is_told_to_leave(self) -> bool:
        """The server wants to hear no more on this connection."""
        raise NotImplementedError

    async def until(self, condition: Callable[[], bool]) -> None:
        await self.progress.until(condition, lambda: self.__dict__)

    async def over(self, answer: Answer) -> Answer:
        """Wait for the end of an answer, whichever."""
        await self.until(lambda: answer.over)
        return answer

    async def until_closed(self) -> None:
        await self.until(lambda: self.closed)

    async def _hear(self) -> None:
        try:
            while data := await self.reader.read(65536):
                self.receive(data)
                self.progress.announce()
        except (OSError, EOFError):
            pass
        self.closed = True
        self.lost()
        self.progress.announce()

    def receive(self, data: bytes) -> None:
        raise NotImplementedError

    def lost(self) -> None:
        raise NotImplementedError

    def request(
        self,
        path: str,
        method: str = "GET",
        headers: Sequence[Field] = (),
        content: bytes | None = b"",
    ) -> Answer:
        """Ask; without `content` the request goes on, see `send`."""
        raise NotImplementedError

    def send(self, answer: Answer, piece: bytes, *, ends: bool = False) -> None:
        """More of a request."""
        raise NotImplementedError

    async def get(self, path: str = "/", headers: Sequence[Field] = ()) -> Answer:
        return await self.over(self.request(path, headers=headers))

    async def post(self, path: str, content: bytes, headers: Sequence[Field] = ()) -> Answer:
        return await self.over(self.request(path, "POST", headers, content))


class Http1Client(Client):
    """HTTP/1.1, one request at a time."""

    protocol = "http/1.1"

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connection = h11.Connection(h11.CLIENT)
        self._answer = Answer(ended=True)
        super().__init__(reader, writer)

    @property
    def is_told_to_leave(self) -> bool:
        return self.closed or b"connection" in self._answer.headers

    def request(
        self,
        path: str,
        method: str = "GET",
        headers: Sequence[Field] = (),
        content: bytes | None = b"",
    ) -> Answer:
        assert self._answer.over
        if self._connection.our_state is not h11.IDLE:
            self._connection.start_next_cycle()
        fields = [(b"host", b"example.org"), *headers]
        if content is None or content:
            fields.append((b"transfer-encoding", b"chunked"))
        answer = self._answer = Answer()
        self._write(h11.Request(method=method, target=path, headers=fields))
        if content is not None:
            self.send(answer, content, ends=True)
        return answer

    def send(self, answer: Answer, piece: bytes, *, ends: bool = False) -> None:
        if piece:
            self._write(h11.Data(data=piece))
        if ends:
            self._write(h11.EndOfMessage())

    def _write(self, event: h11.Event) -> None:
        data = self._connection.send(event)
        assert data is not None
        self.writer.write(data)

    def receive(self, data: bytes) -> None:
        self._connection.receive_data(data)
        while (event := self._connection.next_event()) is not h11.NEED_DATA:
            answer = self._answer
            if isinstance(event, h11.InformationalResponse):
                answer.interim.append(event.status_code)
            elif isinstance(event, h11.Response):
                answer.status, answer.headers = event.status_code, dict(event.headers)
            elif isinstance(event, h11.Data):
                answer.body += event.data
            elif isinstance(event, h11.EndOfMessage):
                answer.ended = True
                return

    def lost(self) -> None:
        self._answer.broken = not self._answer.ended


class Http2Client(Client):
    """HTTP/2."""

    protocol = "h2"
    gives_credit = True
    """What came may be followed by as much."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        config = h2.config.H2Configuration(client_side=True, header_encoding=None)
        self._connection = h2.connection.H2Connection(config)
        self._connection.initiate_connection()
        self.answers: dict[int, Answer] = {}
        self._unread = b""
        self.goaways: list[int] = []
        """The last stream ids that the server named."""
        super().__init__(reader, writer)
        self.flush()

    def request(
        self,
        path: str,
        method: str = "GET",
        headers: Sequence[Field] = (),
        content: bytes | None = b"",
    ) -> Answer:
        stream_id = self._connection.get_next_available_stream_id()
        fields: list[Field] = [
            (b":method", method.encode()),
            (b":scheme", b"https"),
            (b":authority", b"example.org"),
            (b":path", path.encode()),
        ]
        answer = self.answers[stream_id] = Answer()
        self._connection.send_headers(stream_id, fields + list(headers), end_stream=content == b"")
        self.flush()
        if content:
            self.send(answer, content, ends=True)
        return answer

    @property
    def is_told_to_leave(self) -> bool:
        return self.closed or bool(self.goaways)

    @property
    def settings(self) -> h2.settings.Settings:
        """The server's."""
        return self._connection.remote_settings

    def connect(self, path: str, headers: Sequence[Field]) -> Answer:
        """Ask for a WebSocket (RFC 8441)."""
        stream_id = self._connection.get_next_available_stream_id()
        fields: list[Field] = [
            (b":method", b"CONNECT"),
            (b":protocol", b"websocket"),
            (b":scheme", b"https"),
            (b":authority", b"example.org"),
            (b":path", path.encode()),
        ]
        answer = self.answers[stream_id] = Answer()
        self._connection.send_headers(stream_id, fields + list(headers))
        self.flush()
        return answer

    def send(self, answer: Answer, piece: bytes, *, ends: bool = False) -> None:
        """All that the server's windows let go now."""
        size = self._connection.max_outbound_frame_size
        pieces = [piece[at : at + size] for at in range(0, len(piece), size)] or [b""]
        for number, each in enumerate(pieces, 1):
            last = ends and number == len(pieces)
            self._connection.send_data(self.id_of(answer), each, end_stream=last)
        self.flush()

    def room(self, answer: Answer) -> int:
        """Bytes that `send` may send."""
        return self._connection.local_flow_control_window(self.id_of(answer))

    def reset(self, answer: Answer) -> None:
        """Cut a request."""
        self._connection.reset_stream(self.id_of(answer), 8)
        self.flush()

    def id_of(self, answer: Answer) -> int:
        return next(number for number, each in self.answers.items() if each is answer)

    def flush(self) -> None:
        self.writer.write(self._connection.data_to_send())

    def receive(self, data: bytes) -> None:
        for event in self._connection.receive_data(self._without_goaway(data)):
            answer = self.answers.get(getattr(event, "stream_id", 0) or 0, Answer())
            if isinstance(event, h2.events.InformationalResponseReceived):
                answer.interim.append(int(dict(event.headers)[b":status"]))
            elif isinstance(event, h2.events.ResponseReceived):
                answer.headers = dict(event.headers)
                answer.status = int(answer.headers[b":status"])
            elif isinstance(event, h2.events.DataReceived):
                answer.body += event.data
                if self.gives_credit:
                    self._connection.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id
                    )
            elif isinstance(event, h2.events.TrailersReceived):
                answer.trailers = list(event.headers)
            elif isinstance(event, h2.events.StreamEnded):
                answer.ended = True
            elif isinstance(event, h2.events.StreamReset):
                answer.reset_code = int(event.error_code)
        self.flush()

    def _without_goaway(self, data: bytes) -> bytes:
        """h2 takes the first GOAWAY for the end, and nothing for what comes behind it; RFC 9113
        §6.8 has that go on. So it does not hear of any."""
        self._unread += data
        frames = b""
        while len(self._unread) >= 9:
            size = 9 + int.from_bytes(self._unread[:3], "big")
            if len(self._unread) < size:
                break
            frame, self._unread = self._unread[:size], self._unread[size:]
            if frame[3] == 7:
                self.goaways.append(int.from_bytes(frame[9:13], "big"))
            else:
                frames += frame
        return frames

    def lost(self) -> None:
        for answer in self.answers.values():
            answer.broken = not (answer.ended or answer.reset_code is not None)
