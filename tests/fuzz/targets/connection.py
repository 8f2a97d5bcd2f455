"""Any inputs, in any order, to any handlers → each exchange ends once, and nothing is left over.

Covers the whole core on the fake transport: requests in any pieces, resets, stops, ends, room that
comes and goes, time that goes by, shutdown, loss. Every bound is small enough to be met. The client
keeps what QUIC itself would see to: nothing follows an end, and no more comes than there is credit
for. What must hold, beside `Client.check`:

- no input raises, no task is left, nothing is logged that the handlers are not to blame for;
- a response that may not leave holds no more than one write beyond the mark;
- unread content stays within the stream's window;
- whoever asks afterwards, on a stream of its own, is served;
- when the client has left its streams, the server forgets them without being forced to;
- a connection that shuts down closes with H3_NO_ERROR when the last exchange has ended.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h3producer.config import Config
from h3producer.errors import ErrorCode
from h3producer.http3.frame_writer import MAX_DATA_PAYLOAD
from h3producer.wire.frames import encode_frame
from h3producer.wire.settings import Setting, encode_settings
from tests.fuzz.choices import Choices, chunk, cut
from tests.fuzz.handlers import FAILING, HANDLERS
from tests.fuzz.world import play
from tests.http3.harness import (
    GET,
    HEAD,
    OK,
    POST,
    Client,
    Received,
    data,
    hello,
    request,
    section,
    trailers,
)
from tests.virtual import settle

if TYPE_CHECKING:
    from h3producer.http3.stream import Handler, Http3Stream

__all__ = ["SEEDS", "fuzz"]

WINDOW = 2048
CONFIG = Config(
    date_header=False,
    server_header=None,
    request_buffer=WINDOW,
    max_field_section_size=256,
    max_decoded_field_section_size=512,
    max_fields=8,
    max_request_body_size=1500,
    max_control_payload=64,
    max_concurrent_streams=16,
    request_head_timeout=3.0,
    keep_alive_timeout=20.0,
    data_rate_grace=2.0,
    max_resets_per_second=1,
    max_unknown_frames_per_second=1,
    max_unknown_streams_per_second=1,
    max_empty_data_frames_per_second=1,
    max_control_frames_per_second=1,
    max_qpack_instructions_per_second=1,
)
MAX_STEPS = 60
ONE_WRITE = MAX_DATA_PAYLOAD + 512
"""Bytes of a DATA frame with the HEADERS before it or behind it."""

REQUESTS = (0, 4, 8, 12, 56)
"""Request streams; the last one skips others."""
STREAMS = (*REQUESTS, 2, 6, 10)
LAST = 60
SECONDS = (1, 4, 7, 30)

TOO_LARGE = encode_frame(0x01, bytes(300))
SETTINGS = encode_frame(0x04, b"")
CONTROL = b"\0" + SETTINGS
SMALL_CONTROL = b"\0" + encode_frame(0x04, encode_settings({Setting.MAX_FIELD_SECTION_SIZE: 40}))
"""A client that has no room for the smallest response: `:status` alone counts 42 bytes."""
GOAWAY = encode_frame(0x07, b"\0")
FRAMES = (
    *(GET, POST, HEAD, data(b"hello"), data(bytes(1000)), data(b""), trailers((b"checksum", b"1"))),
    request(b"POST", (b"content-length", b"5"), (b"expect", b"100-continue")),
    request(b"GET", (b"te", b"trailers")),
    request(b"CONNECT"),
    request(b"POST", (b"content-length", b"2000")),
    request(b"GET", *[(b"x", b"y")] * 5),
    section((b":method", b"GET")),
    encode_frame(0x01, b"\x00\x00\xff\xff\xff"),
    TOO_LARGE,
    encode_frame(0x21, b"grease"),
    SETTINGS,
    *(CONTROL, SMALL_CONTROL, b"\x02", b"\x03", b"\x21", GOAWAY),
    request(b"CONNECT", (b":protocol", b"websocket")),
    section((b":method", b"CONNECT"), (b":authority", b"h3.example:443")),
)

SEND, SEND_RAW, FIN, RESET, STOP, BLOCK, UNBLOCK, PASS, IDLE, SHUTDOWN, LOSE, TIME = range(12)


def handlers(*chosen: Handler) -> bytes:
    """Which handler each of the `REQUESTS` gets, and that bytes come as they are sent."""
    numbers = [HANDLERS.index(handler) for handler in chosen]
    return bytes((*numbers, *(0,) * (len(REQUESTS) - len(numbers)), 0))


def send(frame: bytes, on: int = 0) -> bytes:
    return bytes((SEND, STREAMS.index(on), FRAMES.index(frame)))


def end(frame: bytes, on: int = 0) -> bytes:
    return bytes((FIN, STREAMS.index(on), FRAMES.index(frame)))


def do(kind: int, on: int = 0) -> bytes:
    return bytes((kind, STREAMS.index(on)))


def time(seconds: int) -> bytes:
    return bytes((TIME, 0, seconds))


ALL = b"".join(end(GET, on=stream_id) for stream_id in REQUESTS)

SEEDS = {
    "one of each handler, 1": handlers(*HANDLERS[:5]) + ALL,
    "one of each handler, 2": handlers(*HANDLERS[5:10]) + ALL,
    "one of each handler, 3": handlers(*HANDLERS[10:15]) + ALL,
    "one of each handler, 4": handlers(*HANDLERS[15:]) + ALL,
    "an upload": handlers(HANDLERS[1])
    + send(POST)
    + send(data(b"hello"))
    + do(IDLE)
    + send(data(bytes(1000)))
    + end(trailers((b"checksum", b"1"))),
    "100-continue": handlers(HANDLERS[1]) + send(FRAMES[7]) + do(IDLE) + end(data(b"hello")),
    "a slow reader that stops": handlers(HANDLERS[4])
    + do(BLOCK)
    + end(GET)
    + do(IDLE)
    + do(STOP)
    + do(PASS),
    "a slow reader that resumes": handlers(HANDLERS[4])
    + do(BLOCK)
    + end(GET)
    + do(IDLE)
    + do(UNBLOCK),
    "a reset in the middle": handlers(HANDLERS[1]) + send(POST) + do(IDLE) + do(RESET),
    "a shutdown with work under way": handlers(HANDLERS[1])
    + send(POST)
    + do(IDLE)
    + do(SHUTDOWN)
    + end(GET, on=4)
    + end(data(b"hello")),
    "a loss with a full stream": handlers(HANDLERS[4]) + do(BLOCK) + end(GET) + do(PASS) + do(LOSE),
    "a section that is too large": handlers(*HANDLERS[:2]) + send(TOO_LARGE) + end(GET, on=4),
    "a frame on the wrong stream": handlers() + end(GET) + send(SETTINGS, on=4),
    "a control stream": handlers() + send(CONTROL, on=2) + send(GOAWAY, on=2) + end(GET),
    "a head that does not come": handlers() + bytes((SEND_RAW, 0)) + chunk(GET[:5]) + time(2),
    "a body that does not come": handlers(HANDLERS[1]) + send(POST) + do(IDLE) + time(3),
    "a response that nobody takes": handlers(HANDLERS[4])
    + do(BLOCK)
    + end(GET)
    + do(IDLE)
    + time(3),
    "a complete response that nobody takes": handlers() + do(BLOCK) + end(GET) + do(IDLE) + time(3),
    "a body that is announced as too large": handlers(HANDLERS[1]) + send(FRAMES[10]),
    "an extended CONNECT": handlers(HANDLERS[1])
    + send(FRAMES[-2])
    + send(data(b"hello"))
    + do(IDLE)
    + do(SHUTDOWN)
    + end(data(b"hello")),
    "a tunnel of which nothing is taken": handlers(HANDLERS[1])
    + send(FRAMES[-1])
    + do(BLOCK)
    + send(data(b"hello"))
    + do(IDLE)
    + time(3),
    "a body that gets too large": handlers(HANDLERS[1])
    + send(POST)
    + send(data(bytes(1000)))
    + do(IDLE)
    + send(data(bytes(1000))),
    "nothing for long": handlers() + end(GET) + do(IDLE) + time(3) + end(GET, on=4),
    "a client without room": handlers(*HANDLERS[:5]) + send(SMALL_CONTROL, on=2) + ALL,
    "a client without room for a refusal": handlers()
    + send(SMALL_CONTROL, on=2)
    + send(TOO_LARGE)
    + send(FRAMES[10], on=4),
    "raw bytes": handlers() + bytes((SEND_RAW, 0)) + chunk(GET[:7]) + bytes((FIN, 0, 13)),
}


def fuzz(data: bytes) -> None:
    scenario = Scenario(Choices(data))
    for record in play(scenario.run()):
        assert scenario.may_fail, f"The log says: {record.getMessage()}"


class Scenario:
    """One connection and the client that plays with it."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.handlers = {stream_id: choices.pick(HANDLERS) for stream_id in REQUESTS}
        self.sizes = choices.sizes()
        self.ended: set[int] = set()
        self.blocked: dict[int, int] = {}
        self.may_fail = any(handler in FAILING for handler in self.handlers.values())

    async def handle(self, stream: Http3Stream) -> None:
        await self.handlers.get(stream.stream_id, hello)(stream)

    async def run(self) -> None:
        self.client = Client(self.handle, config=CONFIG)
        for _ in range(MAX_STEPS):
            if not self.choices or self.client.transport.is_lost:
                break
            await self.step()
            self.check_bounds()
        await self.finish()
        await self.client.check()

    async def step(self) -> None:
        client, kind = self.client, self.choices.below(12)
        stream_id = self.choices.pick(STREAMS)
        if kind in (SEND, FIN):
            self.send(stream_id, self.choices.pick(FRAMES), end=kind == FIN)
        elif kind == SEND_RAW:
            self.send(stream_id, self.choices.chunk(), end=False)
        elif kind == PASS:
            await asyncio.sleep(0)
        elif kind == IDLE:
            await settle()
        elif kind == SHUTDOWN:
            client.connection.shutdown()
        elif kind == LOSE:
            client.lose()
        elif kind == TIME:
            client.pass_time(self.choices.pick(SECONDS))
        elif stream_id in REQUESTS:
            self.act(kind, stream_id)

    @property
    def is_shut_down(self) -> bool:
        """By the server, or since there was no request for long."""
        return self.client.connection._is_shutting_down

    def act(self, kind: int, stream_id: int) -> None:
        client = self.client
        if kind == BLOCK:
            client.transport.block(stream_id)
            self.blocked.setdefault(stream_id, len(client.transport.sent(stream_id)))
        elif kind == UNBLOCK:
            client.transport.unblock(stream_id)
            self.blocked.pop(stream_id, None)
        elif kind == STOP:
            client.stop(on=stream_id)
        elif stream_id not in self.ended:
            self.ended.add(stream_id)
            client.reset(on=stream_id)

    def send(self, stream_id: int, octets: bytes, *, end: bool) -> None:
        client = self.client
        credit = WINDOW + client.transport.granted[stream_id] - client._delivered[stream_id]
        if stream_id in self.ended or len(octets) > credit:
            return
        if end:
            self.ended.add(stream_id)
        client.send(*cut(octets, self.sizes), on=stream_id, end=end)

    def check_bounds(self) -> None:
        client = self.client
        for stream_id, before in self.blocked.items():
            assert len(client.transport.sent(stream_id)) <= before + 2 * ONE_WRITE
        for stream in client.connection.streams.values():
            if stream._task is not None:
                assert stream.body._unconsumed <= WINDOW
            frames = stream._reader._frames
            assert frames is None or len(frames._held) <= CONFIG.max_field_section_size

    async def finish(self) -> None:
        """Leave all streams as a client would, and see that the server ends them too."""
        client = self.client
        for stream_id in REQUESTS:
            client.transport.unblock(stream_id)
        await settle()
        if not client.transport.is_lost:
            await self.check_neighbour()
        for stream_id in set(REQUESTS) & set(client._delivered):
            if stream_id not in self.ended:
                client.reset(on=stream_id)
            if not client.endings(stream_id):
                client.stop(on=stream_id)
        if client.transport.is_lost:
            client.transport.settle()
        await settle()
        assert client.is_clean, f"They do not end: {client.connection.streams}"
        if self.is_shut_down and not client.transport.is_lost:
            assert client.close_code == ErrorCode.H3_NO_ERROR

    async def check_neighbour(self) -> None:
        self.client.send(GET, on=LAST, end=True)
        await settle()
        settings = self.client.connection.peer.settings or {}
        if self.is_shut_down:
            assert self.client.received(LAST).reset == ErrorCode.H3_REQUEST_REJECTED
        elif settings.get(Setting.MAX_FIELD_SECTION_SIZE, 42) < 42:
            assert self.client.received(LAST) == Received(reset=ErrorCode.H3_INTERNAL_ERROR)
        else:
            assert self.client.received(LAST) == Received(fields=OK, body=b"hello", ended=True)
