"""Any inputs, in any order, to any sessions → each stream ends once, and nothing is left over.

Covers `http3/webtransport/` over the core on the fake transport: sessions, their streams and
datagrams, capsules, heads in any pieces, plain requests between them, room that comes and goes,
time, shutdown, loss. The client keeps what QUIC itself would see to: nothing follows an end, and no
more comes than there is credit for. What must hold:

- no input raises, no task is left, nothing is logged that the hosts are not to blame for;
- on no stream anything follows our FIN or our reset, and none ends twice;
- in the end there is no session and no stream, and everything that came was granted.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from h3producer.errors import LocalProtocolError
from h3producer.http3.webtransport.connection import WebTransportConnection
from h3producer.http3.webtransport.events import DatagramReceived, SessionClosed, StreamData
from h3producer.http3.webtransport.exchange import SessionExchange
from h3producer.wire.capsules import CapsuleType, encode_capsule
from h3producer.wire.datagrams import encode_datagram
from h3producer.wire.frames import encode_frame
from h3producer.wire.webtransport import encode_close, encode_stream_head, error_code_of
from tests.fuzz.choices import Choices, chunk, cut
from tests.fuzz.world import play
from tests.http3.harness import GET, Client, data, hello, request
from tests.http3.webtransport.harness import CONNECT, SETTINGS, WEBTRANSPORT
from tests.virtual import settle

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream
    from h3producer.http3.webtransport.session import WebTransportSession

__all__ = ["SEEDS", "fuzz"]

WINDOW = 2048
CONFIG = replace(
    WEBTRANSPORT,
    request_buffer=WINDOW,
    max_concurrent_streams=16,
    max_received_datagrams=2,
    max_webtransport_sessions=2,
    request_head_timeout=3.0,
    data_rate_grace=2.0,
    max_resets_per_second=1,
    max_unknown_frames_per_second=1,
    max_unknown_streams_per_second=1,
)
MAX_STEPS = 60

CLIENTS = (0, 4, 8, 12, 6, 10, 14)
"""Streams of the client: requests or data, and three that go one way."""
OURS = (1, 5, 15, 19)
STREAMS = (*CLIENTS, *OURS)
SECONDS = (1, 4, 7)
CODES = (error_code_of(0), error_code_of(7), 0x10C, 0)
CLOSE = CapsuleType.CLOSE_WEBTRANSPORT_SESSION

PIECES = (
    CONNECT,
    b"data",
    bytes(1000),
    encode_stream_head(4, 0),
    encode_stream_head(6, 0),
    encode_stream_head(4, 4),
    encode_stream_head(6, 8),
    encode_stream_head(6, 0) + b"data",
    encode_stream_head(4, 0) + b"data",
    GET,
    data(encode_capsule(CLOSE, encode_close(7, "bye"))),
    data(encode_capsule(CLOSE, b"")),
    data(encode_capsule(CapsuleType.DRAIN_WEBTRANSPORT_SESSION)),
    data(encode_capsule(CapsuleType.DATAGRAM, b"datagram")),
    data(encode_capsule(0x21, bytes(9)) * 3),
    data(encode_capsule(CLOSE, b"cut")[:-1]),
    encode_frame(0x41, b""),
    encode_stream_head(6, 3),
    request(b"CONNECT", (b":protocol", b"connect-udp")),
)

SEND, FIN, RAW, RESET, STOP, DATAGRAM, BLOCK, UNBLOCK, PASS, IDLE, TIME, SHUTDOWN, LOSE = range(13)


async def echo(session: WebTransportSession) -> None:
    """Gives back what comes, what comes one way on a stream of ours."""
    await session.accept()
    while not isinstance(event := await session.receive(), SessionClosed):
        if isinstance(event, DatagramReceived):
            session.send_datagram(event.data)
        elif isinstance(event, StreamData):
            if (stream := session.streams.get(event.stream_id)) and stream.is_bidirectional:
                await stream.send(event.data, end_stream=event.end_stream)
            elif session.closed is None:
                await session.open_stream(bidirectional=False).send(event.data, end_stream=True)


async def ask(session: WebTransportSession) -> None:
    """Opens streams and sends much on them."""
    await session.accept()
    if session.closed is None:
        for bidirectional in (True, False):
            await session.open_stream(bidirectional=bidirectional).send(bytes(40_000))
            if session.closed is not None:
                return
    while not isinstance(await session.receive(), SessionClosed):
        pass


async def cut_off(session: WebTransportSession) -> None:
    """Resets and stops whatever comes, and closes in the end."""
    await session.accept()
    while isinstance(event := await session.receive(), StreamData):
        if stream := session.streams.get(event.stream_id):
            stream.reset(1)
            stream.stop(2)
    await session.close(3, "enough")


async def deaf(session: WebTransportSession) -> None:
    """Accepts and does not listen."""
    await session.accept()
    await session._exchange.wait_closed()


async def leave(session: WebTransportSession) -> None:
    """Accepts, asks for the end, and is gone."""
    await session.accept()
    await session.drain()


async def reject(session: WebTransportSession) -> None:
    await session.reject(403)


async def fail(session: WebTransportSession) -> None:
    await session.accept()
    await session.receive()
    raise ArithmeticError("a bug in an application")


async def ignore(session: WebTransportSession) -> None:
    """Leaves without an answer."""


HOSTS = (echo, ask, cut_off, deaf, leave, reject, fail, ignore)
FAILING = (fail, ignore)


def host(name: object) -> bytes:
    """That every session gets, and bytes come as they are sent."""
    return bytes((HOSTS.index(name), 0))


def send(piece: bytes, on: int = 0) -> bytes:
    return bytes((SEND, STREAMS.index(on), PIECES.index(piece)))


def end(piece: bytes, on: int = 0) -> bytes:
    return bytes((FIN, STREAMS.index(on), PIECES.index(piece)))


def do(kind: int, on: int = 0, what: int = 0) -> bytes:
    return bytes((kind, STREAMS.index(on), what))


IDLY = bytes((IDLE, 0))
OPEN = send(CONNECT) + IDLY
UNI, BIDI = PIECES[7], PIECES[8]

SEEDS = {
    **{
        f"a session that {each.__name__}s": host(each)
        + OPEN
        + send(UNI, on=6)
        + IDLY
        + end(BIDI, on=4)
        + IDLY
        + bytes((DATAGRAM, 0, 0))
        + IDLY
        + end(PIECES[10])
        for each in HOSTS
    },
    "everything too early": host(echo)
    + send(UNI, on=6)
    + end(BIDI, on=4)
    + bytes((DATAGRAM, 0, 0))
    + OPEN,
    "never": host(echo) + send(UNI, on=6) + bytes((TIME, 0, 2)),
    "a stop and a reset": host(echo) + OPEN + send(BIDI, on=4) + do(STOP, 4, 1) + do(RESET, 4, 1),
    "no room": host(ask) + bytes((BLOCK, 7)) + OPEN + bytes((TIME, 0, 2)) + IDLY + IDLY,
    "a shutdown": host(cut_off) + OPEN + bytes((SHUTDOWN, 0)) + IDLY,
    "two sessions and a third": host(echo) + OPEN + send(CONNECT, on=4) + send(CONNECT, on=8),
    "a plain request": host(echo) + OPEN + end(GET, on=4) + send(PIECES[5], on=8) + IDLY,
    "no session": host(echo) + OPEN + send(PIECES[17], on=6),
    "a reset of the session": host(echo) + OPEN + send(UNI, on=6) + do(RESET, 0, 2),
    "raw bytes": host(echo) + OPEN + bytes((RAW, 1)) + chunk(b"\x40\x41\x00ab"),
}


def fuzz(data: bytes) -> None:
    scenario = Scenario(Choices(data))
    for record in play(scenario.run()):
        assert scenario.may_fail, f"The log says: {record.getMessage()}"


class Scenario:
    """One connection and the client that plays with it."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.host = choices.pick(HOSTS)
        self.sizes = choices.sizes()
        self.ended: set[int] = set()
        self.opened = {2}
        self.may_fail = self.host in FAILING

    async def handle(self, stream: Http3Stream) -> None:
        assert isinstance(stream, SessionExchange)
        if stream.session is None:
            await hello(stream)
            return
        try:
            await self.host(stream.session)
        except LocalProtocolError:
            if stream.session.closed is None:
                raise  # what it did was right, then
            await stream.session.receive()

    async def run(self) -> None:
        self.client = Client(self.handle, config=CONFIG)
        self.client.send(SETTINGS, on=2)
        for _ in range(MAX_STEPS):
            if not self.choices or self.client.transport.is_lost:
                break
            await self.step()
        await self.finish()

    async def step(self) -> None:
        client, kind = self.client, self.choices.below(13)
        stream_id = self.choices.pick(STREAMS)
        if kind in (SEND, FIN):
            self.send(stream_id, self.choices.pick(PIECES), end=kind == FIN)
        elif kind == RAW:
            self.send(stream_id, self.choices.chunk(), end=False)
        elif kind == DATAGRAM:
            session_id = self.choices.pick((0, 4, 8, 400))
            client.connection.datagram_received(encode_datagram(session_id, b"datagram"))
        elif kind == PASS:
            await asyncio.sleep(0)
        elif kind == IDLE:
            await settle()
        elif kind == TIME:
            client.pass_time(self.choices.pick(SECONDS))
        elif kind == SHUTDOWN:
            client.connection.shutdown()
        elif kind == LOSE:
            client.lose()
        else:
            self.act(kind, stream_id)

    def act(self, kind: int, stream_id: int) -> None:
        client = self.client
        is_ours = stream_id in OURS
        if is_ours and not client.transport.sent(stream_id):
            return  # QUIC would not let it
        code = self.choices.pick(CODES)
        if kind == BLOCK:
            client.transport.block(stream_id)
        elif kind == UNBLOCK:
            client.transport.unblock(stream_id)
        elif kind == STOP and not (stream_id & 2 and not is_ours):
            client.stop(code, on=stream_id)
        elif kind == RESET and not (stream_id & 2 and is_ours) and stream_id not in self.ended:
            self.ended.add(stream_id)
            client.reset(code, on=stream_id)

    def send(self, stream_id: int, octets: bytes, *, end: bool) -> None:
        client = self.client
        if stream_id in OURS and (stream_id & 2 or not client.transport.sent(stream_id)):
            return
        credit = WINDOW + client.transport.granted[stream_id] - client._delivered[stream_id]
        if stream_id in self.ended or len(octets) > credit:
            return
        if end:
            self.ended.add(stream_id)
        client.send(*cut(octets, self.sizes), on=stream_id, end=end)

    async def finish(self) -> None:
        """Take everything, and leave; then look at what is left."""
        client = self.client
        for stream_id in STREAMS:
            client.transport.unblock(stream_id)
        await settle()
        was_lost = client.transport.is_lost or client._forgets_credit
        if not was_lost:
            for stream_id in CLIENTS:
                if stream_id in client._delivered and stream_id not in self.ended:
                    client.reset(on=stream_id)
            await settle()
            client.pass_time(5)  # who came too early has waited in vain
            await settle()
            was_lost = client.transport.is_lost
        client.lose()
        client.transport.settle()
        await settle()
        self.check(was_lost)

    def check(self, was_lost: bool) -> None:
        client, connection = self.client, self.client.connection
        assert isinstance(connection, WebTransportConnection)
        sessions = connection._sessions
        assert client.is_clean
        assert not sessions.streams, f"Streams are left: {sessions.streams}"
        assert not sessions._sessions
        assert not sessions._early
        for stream_id in {
            int(str(call[1])) for call in client.transport.calls if call[0] == "send"
        }:
            fate = [call for call in client.transport.calls if call[1:2] == (stream_id,)]
            names = [call[0] for call in fate]
            if "reset" in names:
                assert "send" not in names[names.index("reset") :], "Something follows a reset."
            fins = [call[0] == "send" and bool(call[3]) for call in fate]
            if any(fins):
                rest = names[fins.index(True) + 1 :]
                assert "send" not in rest, "Something follows a FIN."
        if not was_lost:
            for stream_id, delivered in client._delivered.items():
                granted = client.transport.granted[stream_id]
                is_stopped = stream_id in client.transport.stops
                assert granted == delivered or is_stopped, f"Stream {stream_id} owes credit."
