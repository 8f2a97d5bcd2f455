"""How a session begins, what goes through it, and how it ends, whoever ends it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from h3producer.errors import ErrorCode, LocalProtocolError
from h3producer.http3.webtransport.events import (
    DatagramReceived,
    SessionClosed,
    SessionDraining,
    StreamData,
)
from h3producer.http3.webtransport.session import MAX_STREAMS
from h3producer.wire.capsules import CapsuleType, encode_capsule
from h3producer.wire.webtransport import encode_close
from tests.http3.harness import data
from tests.http3.webtransport.harness import CONNECT, GONE, Host, SessionClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.http3.conftest import LoggedErrors

CLOSE, DRAIN = CapsuleType.CLOSE_WEBTRANSPORT_SESSION, CapsuleType.DRAIN_WEBTRANSPORT_SESSION
BIDI, UNI = 4, 6


def words(client: SessionClient, on: int = 0) -> bytes:
    """What we said on the CONNECT stream."""
    return client.received(on).body


# Beginning


async def test_a_session_begins_with_a_200(client: SessionClient, host: Host) -> None:
    assert client.received().status == 200
    assert not client.transport.fin(0)
    assert host.session.session_id == 0
    assert host.session.is_accepted


async def test_a_session_is_accepted_once(client: SessionClient, host: Host) -> None:
    with pytest.raises(LocalProtocolError):
        await host.session.accept()
    with pytest.raises(LocalProtocolError):
        await host.session.reject(403)


async def test_headers_go_with_the_200() -> None:
    host = Host(accepts=False)
    client = SessionClient(host)
    client.send(CONNECT)
    await client.idle()
    await host.session.accept([(b"x-chat", b"1")])
    assert (b"x-chat", b"1") in client.received().fields
    await client.end()


async def test_a_session_may_be_rejected() -> None:
    host = Host(accepts=False)
    client = SessionClient(host)
    client.send(CONNECT)
    client.send(client.head(UNI), b"early", on=UNI)
    await client.idle()
    await host.session.reject(403)
    assert client.received().status == 403
    assert client.fate(UNI) == (None, GONE)
    with pytest.raises(LocalProtocolError, match="rejected"):
        await host.session.close()
    await client.end()


async def test_nothing_is_heard_before_the_session_is_accepted() -> None:
    host = Host(accepts=False)
    client = SessionClient(host)
    client.send(CONNECT)
    client.send(client.head(UNI), b"early", on=UNI)
    client.datagram(b"early, too")
    await client.idle()
    hearing = asyncio.create_task(host.session.receive())
    await client.idle()
    assert not hearing.done()
    await host.session.accept()
    heard = [await hearing, await host.session.receive()]
    assert heard == [StreamData(UNI, b"early", False), DatagramReceived(b"early, too")]
    await client.end()


async def test_a_client_that_goes_before_it_was_accepted_is_heard_of() -> None:
    host = Host(accepts=False)
    client = SessionClient(host)
    client.send(CONNECT)
    await client.idle()
    client.reset()
    closed = await host.session.receive()
    assert isinstance(closed, SessionClosed)
    assert closed.code is None
    await client.end()


async def test_a_host_that_leaves_without_an_answer_is_an_error(errors: LoggedErrors) -> None:
    host = Host(accepts=False)
    client = SessionClient(host)
    client.send(CONNECT)
    host.leave.set()
    await client.idle()
    assert client.received().status == 500
    assert len(errors.take()) == 1
    await client.end()


# Datagrams


async def test_datagrams_go_both_ways(client: SessionClient, host: Host) -> None:
    client.datagram(b"ping")
    client.datagram(b"ping again")
    assert await host.session.receive() == DatagramReceived(b"ping")
    assert await host.session.receive() == DatagramReceived(b"ping again")
    assert host.session.send_datagram(b"pong")
    assert client.transport.datagrams == [b"\0pong"]


async def test_datagrams_and_streams_take_turns(client: SessionClient, host: Host) -> None:
    client.datagram(b"1")
    client.datagram(b"2")
    client.send(client.head(UNI), b"hello", on=UNI, end=True)
    kinds = [type(await host.session.receive()) for _ in range(3)]
    assert kinds == [DatagramReceived, StreamData, DatagramReceived]


async def test_the_oldest_datagrams_make_room_and_are_counted(
    client: SessionClient, host: Host
) -> None:
    for number in range(130):
        client.datagram(b"%d" % number)
    assert host.session.dropped_datagrams == 2
    assert await host.session.receive() == DatagramReceived(b"2")


async def test_a_datagram_may_come_as_a_capsule(client: SessionClient, host: Host) -> None:
    client.say(CapsuleType.DATAGRAM, b"ping")
    assert await host.session.receive() == DatagramReceived(b"ping")


async def test_the_size_of_a_datagram_is_known(client: SessionClient, host: Host) -> None:
    size = host.session.max_datagram_size
    assert host.session.send_datagram(bytes(size))
    with pytest.raises(LocalProtocolError, match="at most"):
        host.session.send_datagram(bytes(size + 1))


# Waiting


async def test_two_cannot_wait_for_a_session(client: SessionClient, host: Host) -> None:
    waiting = asyncio.create_task(host.session.receive())
    await client.idle()
    with pytest.raises(LocalProtocolError, match="already"):
        await host.session.receive()
    waiting.cancel()
    await client.idle()
    client.datagram(b"not lost")
    assert await host.session.receive() == DatagramReceived(b"not lost")


# The end, by the client


async def test_a_client_closes_with_code_and_reason(client: SessionClient, host: Host) -> None:
    client.say(CLOSE, encode_close(7, "bye"), end=True)
    assert await host.session.receive() == SessionClosed(7, "bye")
    assert client.transport.fin(0)


async def test_the_end_of_its_stream_is_a_close_without_words(
    client: SessionClient, host: Host
) -> None:
    client.send(end=True)
    assert await host.session.receive() == SessionClosed(0, "")
    assert client.transport.fin(0)


async def test_the_end_is_told_every_time(client: SessionClient, host: Host) -> None:
    client.say(CLOSE, encode_close(7, "bye"))
    assert [await host.session.receive() for _ in range(3)] == [SessionClosed(7, "bye")] * 3


async def test_with_the_session_all_its_streams_are_cut(client: SessionClient, host: Host) -> None:
    client.send(client.head(BIDI), b"hello", on=BIDI)
    client.send(client.head(UNI), b"hello", on=UNI)
    ours = host.session.open_stream().stream_id
    client.say(CLOSE, encode_close(0, ""))
    assert client.fate(BIDI) == (GONE, GONE)
    assert client.fate(UNI) == (None, GONE)
    assert client.fate(ours) == (GONE, GONE)
    assert await host.session.receive() == SessionClosed(0, "")
    assert client.data_streams == set()


async def test_what_came_whole_before_the_end_is_still_told(
    client: SessionClient, host: Host
) -> None:
    client.send(client.head(UNI), b"last words", on=UNI, end=True)
    client.datagram(b"ping")
    client.say(CLOSE, encode_close(7, "bye"))
    heard = [await host.session.receive() for _ in range(3)]
    assert heard[-1] == SessionClosed(7, "bye")
    assert StreamData(UNI, b"last words", True) in heard
    assert DatagramReceived(b"ping") in heard


async def test_behind_the_end_nothing_is_sent(client: SessionClient, host: Host) -> None:
    stream = host.session.open_stream()
    client.say(CLOSE, encode_close(0, ""))
    assert not host.session.send_datagram(b"late")
    assert not await stream.send(b"late")
    with pytest.raises(LocalProtocolError, match="open"):
        host.session.open_stream()
    await host.session.close(1, "too late")
    await host.session.drain()
    assert words(client) == b""


async def test_streams_that_come_behind_the_end_are_refused(
    client: SessionClient, host: Host
) -> None:
    client.say(CLOSE, encode_close(0, ""))
    client.send(client.head(BIDI), b"late", on=BIDI)
    client.send(client.head(UNI), b"late", on=UNI)
    assert client.fate(BIDI) == (GONE, GONE)
    assert client.fate(UNI) == (None, GONE)


@pytest.mark.parametrize(
    "octets",
    [
        encode_capsule(CLOSE, b"\0\0\0"),
        encode_capsule(CLOSE, b"\0\0\0\0\xff"),
        encode_capsule(CLOSE, bytes(4 + 1025)),
        encode_capsule(CLOSE, bytes(4)) + encode_capsule(DRAIN),
    ],
    ids=["no code", "no text", "too long", "something behind it"],
)
async def test_malformed_last_words_cost_the_session(
    client: SessionClient, host: Host, octets: bytes
) -> None:
    client.send(data(octets))
    await client.idle()
    assert client.received().stopped == ErrorCode.H3_MESSAGE_ERROR
    assert isinstance(await host.session.receive(), SessionClosed)
    assert client.close_code is None


async def test_a_stream_that_ends_in_a_capsule_is_malformed(
    client: SessionClient, host: Host
) -> None:
    client.send(data(encode_capsule(CLOSE, bytes(4))[:-1]), end=True)
    assert client.received().reset == ErrorCode.H3_MESSAGE_ERROR
    closed = await host.session.receive()
    assert isinstance(closed, SessionClosed)
    assert closed.code is None


@pytest.mark.parametrize("how", ["reset", "stop", "lose"])
async def test_a_session_that_was_cut_has_no_code(
    client: SessionClient, host: Host, how: str
) -> None:
    client.send(client.head(BIDI), b"hello", on=BIDI)
    await host.session.receive()
    getattr(client, how)()
    closed = await host.session.receive()
    assert isinstance(closed, SessionClosed)
    assert closed.code is None
    if how != "lose":
        assert client.fate(BIDI) == (GONE, GONE)


async def test_unknown_capsules_are_skipped(client: SessionClient, host: Host) -> None:
    client.say(0x21, bytes(100))
    client.say(0x190B4D3F, b"\x10")  # WT_MAX_STREAMS of later drafts
    client.datagram(b"ping")
    assert await host.session.receive() == DatagramReceived(b"ping")


async def test_a_flood_of_capsules_costs_the_session(client: SessionClient, host: Host) -> None:
    capsules = encode_capsule(0x21) * 1000
    for _ in range(11):
        client.send(data(capsules))
    assert client.received().reset == ErrorCode.H3_EXCESSIVE_LOAD
    assert isinstance(await host.session.receive(), SessionClosed)


# The end, by the application


async def test_the_application_closes_with_code_and_reason(
    client: SessionClient, host: Host
) -> None:
    client.send(client.head(BIDI), b"hello", on=BIDI)
    await host.session.close(7, "bye")
    assert words(client) == encode_capsule(CLOSE, encode_close(7, "bye"))
    assert client.transport.fin(0)
    assert client.fate(BIDI) == (GONE, GONE)
    assert await host.session.receive() == SessionClosed(7, "bye")


@pytest.mark.parametrize("code", [-1, 1 << 32])
async def test_a_closing_code_has_32_bits(client: SessionClient, host: Host, code: int) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        await host.session.close(code)
    assert host.session.closed is None


async def test_a_host_that_leaves_has_closed(client: SessionClient, host: Host) -> None:
    host.leave.set()
    await client.idle()
    assert words(client) == encode_capsule(CLOSE, encode_close(0, ""))
    assert client.transport.fin(0)
    assert client.is_clean


async def test_a_host_that_fails_has_not(
    client: SessionClient, host: Host, errors: LoggedErrors
) -> None:
    client.send(client.head(BIDI), b"hello", on=BIDI)
    host.fails_with = RuntimeError("a bug")
    host.leave.set()
    await client.idle()
    assert client.received().reset == ErrorCode.H3_INTERNAL_ERROR
    assert client.fate(BIDI) == (GONE, GONE)
    assert len(errors.take()) == 1


async def test_what_nobody_took_is_granted_in_the_end(client: SessionClient, host: Host) -> None:
    head = client.head(UNI)
    client.send(head, bytes(500), on=UNI, end=True)
    host.leave.set()
    await client.idle()
    assert client.transport.granted[UNI] == len(head) + 500
    assert client.data_streams == set()


# Draining


async def test_a_client_asks_for_the_end_once(client: SessionClient, host: Host) -> None:
    client.say(DRAIN)
    client.say(DRAIN)
    client.datagram(b"still here")
    assert await host.session.receive() == SessionDraining()
    assert await host.session.receive() == DatagramReceived(b"still here")


async def test_the_application_asks_for_the_end(client: SessionClient, host: Host) -> None:
    await host.session.drain()
    assert words(client) == encode_capsule(DRAIN)


async def test_a_server_that_shuts_down_drains_its_sessions(
    client: SessionClient, host: Host
) -> None:
    client.connection.shutdown()
    assert await host.session.receive() == SessionDraining()
    assert words(client) == encode_capsule(DRAIN)
    client.send(client.head(BIDI), b"still works", on=BIDI)
    assert await host.session.receive() == StreamData(BIDI, b"still works", False)
    host.leave.set()
    await client.idle()
    assert client.close_code == ErrorCode.H3_NO_ERROR


async def test_who_does_not_read_is_not_asked(client: SessionClient, host: Host) -> None:
    client.transport.block(0)
    await host.session.drain()
    assert words(client) == b""


# Memory


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What is freed here is freed by itself."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("ending", ["leave", "close", "reset"])
async def test_a_session_that_is_over_is_freed_at_once(
    client: SessionClient, host: Host, ending: str
) -> None:
    freed = weakref.ref(host.session), weakref.ref(client.connection.streams[0])
    client.send(client.head(BIDI), b"hello", on=BIDI)
    await host.session.receive()
    host.session.open_stream()
    client.datagram(b"unheard")
    if ending == "close":
        client.say(CLOSE, encode_close(7, "bye"), end=True)
    elif ending == "reset":
        client.reset()
    host.leave.set()
    host.sessions.clear()
    await client.idle()
    assert [each() for each in freed] == [None, None]


@pytest.mark.usefixtures("no_collector")
async def test_a_stream_that_is_over_is_freed_at_once(client: SessionClient, host: Host) -> None:
    client.send(client.head(BIDI), b"hello", on=BIDI)
    await host.session.receive()
    freed = weakref.ref(host.session.streams[BIDI])
    await host.session.streams[BIDI].send(b"bye", end_stream=True)
    client.send(on=BIDI, end=True)
    await host.session.receive()
    assert freed() is None


# Bounds


async def test_more_streams_than_anybody_reads_cost_the_session(
    client: SessionClient, host: Host
) -> None:
    for number in range(MAX_STREAMS + 1):
        stream_id = UNI + 4 * number
        client.send(client.head(stream_id), on=stream_id, end=True)
    assert client.received().reset == ErrorCode.H3_EXCESSIVE_LOAD
    assert client.close_code is None
