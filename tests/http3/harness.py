"""A client without a network: bytes go in by hand, and what came out is read as a client would.

    client = connect(hello)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello", ended=True)

`Client` is both ends of the link: it keeps the promises of the QUIC transport that no fake can
keep alone (what comes on a stopped stream is dropped), and `check` holds every connection of
the tests to what is true of every connection. The `connect` fixture makes clients and checks them.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from h3producer.config import Config
from h3producer.http3.webtransport.connection import connection_class
from h3producer.wire.frames import FrameReader, FrameType, encode_frame
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder
from tests.fakes import FakeTransport, RecordingWatch

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from h3producer.http3.stream import Handler, Http3Stream
    from h3producer.wire.fields import Fields

__all__ = [
    "CONFIG",
    "CONTROL",
    "DECODER",
    "ENCODER",
    "GET",
    "HEAD",
    "OK",
    "POST",
    "Client",
    "Received",
    "data",
    "echo",
    "hello",
    "is_legal",
    "kind_of",
    "never",
    "request",
    "run_now",
    "run_soon",
    "section",
    "trailers",
]

T = TypeVar("T")

CONFIG = Config(date_header=False, server_header=None)
"""No field that a test did not ask for."""

# A HEADERS frame: type 01, length, the QPACK prefix 0000, then static table entries (d1 is
# ":method: GET", d7 ":scheme: https", c1 ":path: /") and ":authority" as a literal.
GET = bytes.fromhex("01 11 0000 d1 d7 c1 500a") + b"h3.example"
HEAD = bytes.fromhex("01 11 0000 d2 d7 c1 500a") + b"h3.example"
POST = bytes.fromhex("01 11 0000 d4 d7 c1 500a") + b"h3.example"

OK: Fields = [(b":status", b"200")]

CONTROL, ENCODER, DECODER = 3, 7, 11
"""Our unidirectional streams, in the order in which they are opened."""


def section(*fields: tuple[bytes, bytes]) -> bytes:
    """A HEADERS frame with these fields."""
    return encode_frame(FrameType.HEADERS, FieldSectionEncoder().encode(list(fields)))


def request(method: bytes = b"GET", *fields: tuple[bytes, bytes], path: bytes = b"/") -> bytes:
    """The HEADERS frame of a request with more than a method."""
    return section(
        (b":method", method),
        (b":scheme", b"https"),
        (b":authority", b"h3.example"),
        (b":path", path),
        *fields,
    )


trailers = section


def data(payload: bytes) -> bytes:
    """A DATA frame."""
    return encode_frame(FrameType.DATA, payload)


async def hello(stream: Http3Stream) -> None:
    """The smallest application."""
    stream.response.start(200)
    await stream.response.complete(b"hello")


async def never(stream: Http3Stream) -> None:  # pragma: no cover
    """An application that must not be called."""
    raise AssertionError("No application should have been started.")


async def echo(stream: Http3Stream) -> None:
    """Answers with the request body, as it comes."""
    stream.response.start(200)
    while chunk := await stream.body.read_chunk():
        await stream.response.write(chunk)
    await stream.response.complete()


def run_now(coroutine: Coroutine[object, None, T]) -> T:
    """Run a coroutine that must not wait: no loop, no future, no task switch."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()  # pragma: no cover
    raise AssertionError("It waited.")  # pragma: no cover


def run_soon(coroutine: Coroutine[object, None, T]) -> T:
    """Run a coroutine that may let a loop pass go by, and waits for nothing else."""
    while True:
        try:
            waits_for: object = coroutine.send(None)
        except StopIteration as stop:
            result: T = stop.value
            return result
        assert waits_for is None, f"It waits for {waits_for!r}."


@dataclass(frozen=True, kw_only=True)
class Received:
    """What a client got on one stream."""

    interim: list[Fields] = field(default_factory=list)
    fields: Fields = field(default_factory=list)
    body: bytes = b""
    trailers: Fields | None = None
    ended: bool = False
    """FIN."""
    reset: int | None = None
    """The code of RESET_STREAM."""
    stopped: int | None = None
    """The code of STOP_SENDING."""

    @property
    def status(self) -> int | None:
        return int(self.fields[0][1]) if self.fields else None


class Client:
    """One connection to `handler`. `split` gives the server its bytes one at a time; `early` lets
    it begin with early data; `watch` hears of exchanges."""

    def __init__(
        self,
        handler: Handler,
        *,
        config: Config = CONFIG,
        split: bool = False,
        early: bool = False,
        watch: RecordingWatch | None = None,
    ) -> None:
        self.watch = watch
        self.transport = FakeTransport()
        self.transport.is_early = early
        self.connection = connection_class(config)(self.transport, handler, config, watch=watch)
        self.transport.inputs = self.connection
        self._split = split
        self.now = 1000.0
        self.connection.tick(self.now)
        self._delivered: dict[int, int] = defaultdict(int)
        self._forgets_credit = False

    # What the client does

    def send(self, *chunks: bytes, end: bool = False, on: int = 0) -> None:
        """Bytes on a stream, each chunk a packet of its own; FIN with the last if `end`."""
        if self._split:
            whole = b"".join(chunks)
            chunks = tuple(whole[i : i + 1] for i in range(len(whole))) or (b"",)
        for number, chunk in enumerate(chunks or (b"",), 1):
            self._deliver(on, chunk, end=end and number == max(1, len(chunks)))

    def complete_handshake(self) -> None:
        """What came so far was early data, what comes now is not."""
        self.transport.is_early = False
        self.connection.handshake_completed()

    def reset(self, error_code: int = 0x10C, *, on: int = 0) -> None:
        """RESET_STREAM: abandon the request."""
        self.connection.stream_reset(on, error_code)

    def stop(self, error_code: int = 0x10C, *, on: int = 0) -> None:
        """STOP_SENDING: refuse the rest of the response."""
        self.transport.stop(on, error_code)

    def lose(self, error_code: int = 0x100, reason: str = "") -> None:
        """The connection is gone."""
        self._forgets_credit = True
        self.transport.lose(error_code, reason)

    def pass_time(self, seconds: float) -> None:
        """Let a time go by, a tick a second."""
        for _ in range(math.ceil(seconds)):
            self.now += min(1.0, seconds)
            seconds -= 1.0
            self.connection.tick(self.now)
        if self.transport.is_lost:
            self._forgets_credit = True

    async def idle(self) -> None:
        """Loop passes until every task waits for the client; no time goes by."""
        for _ in range(20):
            await asyncio.sleep(0)

    # What the client sees

    def received(self, on: int = 0) -> Received:
        """All that came on a request stream, decoded."""
        sections: list[Fields] = []
        body = b""
        for frame_type, payload in self.frames(on):
            if frame_type == FrameType.DATA:
                body += payload
            else:
                sections.append(FieldSectionDecoder().decode(on, payload))
        interim = [s for s in sections if s and s[0][0] == b":status" and s[0][1][:1] == b"1"]
        rest = sections[len(interim) :]
        return Received(
            interim=interim,
            fields=rest[0] if rest else [],
            body=body,
            trailers=rest[1] if len(rest) > 1 else None,
            ended=self.transport.fin(on),
            reset=self.transport.resets.get(on),
            stopped=self.transport.stops.get(on),
        )

    def frames(self, on: int = 0) -> list[tuple[int, bytes]]:
        """The frames on a request stream; a piece of a cut one counts as one."""
        whole = (FrameType.HEADERS, FrameType.DATA)
        reader = FrameReader(whole, max_payload=1 << 30)
        frames = []
        for frame_type, payload in reader.feed(self.transport.sent(on)):
            assert payload is not None, f"A frame of type {frame_type:#x} in a response."
            frames.append((frame_type, payload))
        return frames

    def sends(self, on: int = 0) -> list[tuple[bytes, bool]]:
        """Each write to the transport on a stream: bytes, and whether FIN was with them."""
        return [
            (bytes_, end)
            for name, stream_id, *rest in self.transport.calls
            if name == "send" and stream_id == on
            for bytes_, end in [(_bytes(rest[0]), bool(rest[1]))]
        ]

    def endings(self, on: int = 0) -> list[str]:
        """What was done to end the stream, in order: "fin", "reset 0x…", "stop 0x…"."""
        endings = []
        for name, *arguments in self.transport.calls:
            if arguments[0] != on:
                continue
            if name == "send" and arguments[2]:
                endings.append("fin")
            elif name in ("reset", "stop_sending"):
                endings.append(f"{str(name).partition('_')[0]} {int(str(arguments[1])):#x}")
        return endings

    @property
    def close_code(self) -> int | None:
        """The code that we closed the connection with."""
        return None if self.transport.closed is None else self.transport.closed[0]

    @property
    def is_clean(self) -> bool:
        """Whether the server has forgotten every exchange."""
        return not self.connection.streams

    # What is true of every connection

    async def check(self) -> None:
        """Called after each test; ends what the test left running."""
        await self.idle()
        for stream_id in sorted(self._delivered):
            if stream_id & 2:
                if not self._forgets_credit:
                    assert self.transport.granted[stream_id] == self._delivered[stream_id]
                continue
            self._check_order(stream_id)
            self._check_frames(stream_id)
            if stream_id not in self.connection.streams and not self._forgets_credit:
                self._check_forgotten(stream_id)
        for critical in (CONTROL, ENCODER, DECODER):
            assert not self.endings(critical), "A critical stream of ours was closed."
        await self._end()

    def _check_order(self, stream_id: int) -> None:
        endings = [e for e in self.endings(stream_id) if not e.startswith("stop")]
        if endings[:1] == ["fin"] and not self.transport.fin(stream_id):
            del endings[0]  # it was taken back, unsent
        assert len(endings) < 2, f"Stream {stream_id} ended twice: {endings}."
        fate = [name for name, *rest in self.transport.calls if rest[0] == stream_id]
        if "reset" in fate:
            assert "send" not in fate[fate.index("reset") :], "A frame came after the reset."
        ends = [end for _, end in self.sends(stream_id)]
        assert not any(ends[:-1]), "A frame came after the end."

    def _check_frames(self, stream_id: int) -> None:
        kinds = ""
        for frame_type, payload in self.frames(stream_id):
            if frame_type == FrameType.DATA:
                assert 0 < len(payload) <= 16384
                kinds += "D"
            else:
                fields = FieldSectionDecoder().decode(0, payload)
                kinds += kind_of(fields)
        assert is_legal(kinds), f"Frames of stream {stream_id} in the order {kinds}."
        if self.transport.fin(stream_id):
            assert "F" in kinds, f"Stream {stream_id} ended without a response: {kinds}."

    def _check_forgotten(self, stream_id: int) -> None:
        assert self.endings(stream_id), f"Stream {stream_id} was forgotten and left open."
        assert self.transport.granted[stream_id] == self._delivered[stream_id]

    async def _end(self) -> None:
        self.lose()
        await self.idle()
        for stream in self.connection.streams.values():
            assert stream._task is not None
            stream._task.cancel()
        await self.idle()
        assert self.is_clean, "A stream outlives its connection and its application."
        if self.watch is not None:
            begun, ended = self.watch.begun, self.watch.ended
            assert sorted(begun, key=id) == sorted(ended, key=id), "A record did not end once."

    # The rest of the link

    def _deliver(self, stream_id: int, chunk: bytes, *, end: bool) -> None:
        transport = self.transport
        if stream_id in transport.stops or transport.is_lost:
            return  # dropped, and counted as consumed, by the transport
        self._delivered[stream_id] += len(chunk)
        self.connection.stream_data_received(stream_id, chunk, end)
        if transport.is_lost:
            self._forgets_credit = True


def is_legal(kinds: str) -> bool:
    """Interim responses, then one final one, then DATA, then trailers (RFC 9114 §4.1)."""
    return re.fullmatch("I*(FD*T?)?", kinds) is not None


def kind_of(fields: Fields) -> str:
    """I: an interim response, F: a final one, T: trailers."""
    if not fields or fields[0][0] != b":status":
        return "T"
    return "I" if fields[0][1][:1] == b"1" else "F"


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value
