"""Which streams are a session's, and that all others are HTTP/3's as if nobody had looked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from h3producer.errors import ErrorCode, LocalProtocolError
from h3producer.http3.connection import Http3Connection
from h3producer.http3.webtransport.connection import WebTransportConnection, connection_class
from h3producer.http3.webtransport.events import StreamData
from h3producer.http3.webtransport.sessions import MAX_EARLY_STREAMS, MAX_OPENED
from h3producer.wire.frames import encode_frame
from tests.http3.harness import CONFIG, CONTROL, GET, POST, Client, data, echo, hello, request
from tests.http3.webtransport.harness import (
    CONNECT,
    GONE,
    REJECTED,
    WEBTRANSPORT,
    Host,
    SessionClient,
    opened,
)

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream

BIDI, UNI = 4, 6
TICK = 32
"""Seconds that are longer than what a head may take."""


# What is offered


def test_each_generation_finds_its_setting() -> None:
    octets = Client(hello, config=WEBTRANSPORT).transport.sent(CONTROL)
    for setting in ("0801", "3301", "80ffd27701", "ab60374201", "c0000000c671706a10", "94e9cd2901"):
        assert bytes.fromhex(setting) in octets


def test_nothing_is_offered_unless_it_is_asked_for() -> None:
    octets = Client(hello).transport.sent(CONTROL)
    for setting in ("3301", "80ffd27701", "ab60374201", "c0000000c671706a10", "94e9cd2901"):
        assert bytes.fromhex(setting) not in octets
    assert connection_class(CONFIG) is Http3Connection
    assert connection_class(WEBTRANSPORT) is WebTransportConnection


# Requests beside sessions


@pytest.mark.parametrize("split", [False, True], ids=["whole", "bytewise"])
async def test_requests_are_answered_as_ever(split: bool) -> None:
    client = Client(echo, config=WEBTRANSPORT, split=split)
    client.send(GET, on=4, end=True)
    client.send(POST, data(b"ping"), on=0, end=True)
    await client.idle()
    assert client.received(4).status == 200
    assert client.received(0).body == b"ping"
    await client.check()


async def test_another_protocol_is_the_handlers_to_refuse() -> None:
    async def refuse(stream: Http3Stream) -> None:
        assert getattr(stream, "session", None) is None
        stream.response.start(501)
        await stream.response.complete()

    client = Client(refuse, config=WEBTRANSPORT)
    client.send(request(b"CONNECT", (b":protocol", b"connect-udp")))
    await client.idle()
    assert client.received().status == 501


async def test_a_stream_that_ends_in_its_head_is_a_truncated_frame(client: SessionClient) -> None:
    client.send(client.head(BIDI)[:2], on=BIDI, end=True)
    assert client.close_code == ErrorCode.H3_FRAME_ERROR


async def test_a_unidirectional_stream_that_ends_in_its_head_is_ignored(
    client: SessionClient,
) -> None:
    client.send(client.head(UNI)[:2], on=UNI, end=True)
    assert client.close_code is None


@pytest.mark.parametrize("stream_id", [BIDI, UNI])
@pytest.mark.parametrize("size", [1, 2])
async def test_a_stream_that_is_reset_in_its_head_is_nothing(
    client: SessionClient, stream_id: int, size: int
) -> None:
    client.send(client.head(stream_id)[:size], on=stream_id)
    client.reset(on=stream_id)
    assert client.close_code is None
    assert client.data_streams == set()


async def test_a_stream_that_is_stopped_in_its_head_is_a_request_that_is_given_up(
    client: SessionClient,
) -> None:
    client.send(client.head(BIDI)[:1], on=BIDI)
    client.stop(on=BIDI)
    client.send(client.head(BIDI)[1:], b"more", on=BIDI)
    assert client.close_code is None
    assert client.data_streams == set()


@pytest.mark.parametrize("size", [1, 2])
async def test_a_head_that_does_not_come_is_waited_for_as_a_requests_is(
    client: SessionClient, size: int
) -> None:
    client.send(client.head(BIDI)[:size], on=BIDI)
    client.pass_time(TICK)
    client.pass_time(TICK)
    assert client.received(BIDI).stopped == ErrorCode.H3_REQUEST_REJECTED


async def test_the_signal_of_a_stream_behind_its_beginning_costs_the_connection(
    client: SessionClient,
) -> None:
    client.send(POST, client.head(BIDI), on=BIDI)
    assert client.close_code == ErrorCode.H3_FRAME_ERROR


async def test_where_there_are_no_sessions_the_signal_is_an_unknown_frame() -> None:
    client = Client(echo)
    client.send(POST, encode_frame(0x41, b"whatever"), data(b"hello"), end=True)
    await client.idle()
    assert client.received().body == b"hello"


# Whose a stream is


async def test_two_sessions_share_a_connection(client: SessionClient, host: Host) -> None:
    client.send(CONNECT, on=4)
    await client.idle()
    first, second = host.sessions
    client.send(client.head(8, session_id=4), b"to the second", on=8)
    client.send(client.head(6, session_id=0), b"to the first", on=6)
    assert await first.receive() == StreamData(6, b"to the first", False)
    assert await second.receive() == StreamData(8, b"to the second", False)
    await second.close()
    client.send(b", again", on=6)
    assert await first.receive() == StreamData(6, b", again", False)


async def test_a_client_that_was_cut_off_leaves_the_other_session_alone(
    client: SessionClient, host: Host
) -> None:
    client.send(CONNECT, on=4)
    await client.idle()
    client.send(client.head(6, session_id=0), b"to the first", on=6)
    client.reset(on=4)
    assert await host.sessions[0].receive() == StreamData(6, b"to the first", False)
    assert client.fate(6) == (None, None)


@pytest.mark.parametrize("session_id", [1, 2, 3, 4 * 1000])
async def test_a_session_that_cannot_be_costs_the_connection(
    client: SessionClient, session_id: int
) -> None:
    client.send(client.head(UNI, session_id), b"hello", on=UNI)
    assert client.close_code == ErrorCode.H3_ID_ERROR


async def test_more_sessions_than_are_allowed_are_rejected() -> None:
    host = Host()
    client = await opened(host, config=replace(WEBTRANSPORT, max_webtransport_sessions=1))
    client.send(CONNECT, on=4)
    await client.idle()
    assert client.received(4).reset == ErrorCode.H3_REQUEST_REJECTED
    assert len(host.sessions) == 1
    await client.end()


async def test_a_stream_for_a_plain_request_is_refused(client: SessionClient) -> None:
    client.send(GET, on=4)
    client.send(client.head(UNI, session_id=4), b"hello", on=UNI)
    assert client.fate(UNI) == (None, GONE)


async def test_a_stream_for_a_request_that_is_over_is_refused(
    client: SessionClient, host: Host
) -> None:
    host.leave.set()
    client.send(GET, on=4)
    await client.idle()
    client.send(client.head(UNI, session_id=4), b"hello", on=UNI)
    assert client.fate(UNI) == (None, GONE)


async def test_bytes_of_a_stream_of_ours_that_is_over_are_dropped(
    client: SessionClient, host: Host
) -> None:
    stream = host.session.open_stream()
    stream.reset()
    stream.stop()
    client.connection.stream_data_received(stream.stream_id, b"late", False)
    client.connection.stream_reset(stream.stream_id, 0)
    client.connection.stop_sending_received(stream.stream_id, 0)
    assert client.close_code is None


async def test_a_stop_of_a_critical_stream_still_costs_the_connection(
    client: SessionClient,
) -> None:
    client.stop(on=CONTROL)
    assert client.close_code == ErrorCode.H3_CLOSED_CRITICAL_STREAM


# Too early


async def test_streams_that_come_before_their_session_are_kept_for_it(host: Host) -> None:
    client = SessionClient(host)
    client.send(client.head(UNI), b"early", on=UNI)
    client.send(client.head(BIDI), b"early, too", on=BIDI, end=True)
    client.send(CONNECT)
    await client.idle()
    assert await host.session.receive() == StreamData(UNI, b"early", False)
    assert await host.session.receive() == StreamData(BIDI, b"early, too", True)
    await client.end()


async def test_a_stream_that_ends_before_its_session_begins_is_forgotten(host: Host) -> None:
    client = SessionClient(host)
    client.send(client.head(UNI), b"early", on=UNI)
    client.reset(7, on=UNI)
    client.send(CONNECT)
    await client.idle()
    assert client.data_streams == set()
    assert host.session.streams == {}
    await client.end()


async def test_so_many_wait_and_no_more(host: Host) -> None:
    client = SessionClient(host)
    ids = [UNI + 4 * number for number in range(MAX_EARLY_STREAMS + 1)]
    for stream_id in ids:
        client.send(client.head(stream_id), b"early", on=stream_id)
    assert [each for each in ids if client.fate(each)[1] is not None] == ids[-1:]
    assert client.fate(ids[-1]) == (None, REJECTED)
    await client.end()


async def test_a_session_that_does_not_come_is_not_waited_for_for_ever(host: Host) -> None:
    client = SessionClient(host)
    client.send(client.head(BIDI), b"early", on=BIDI)
    client.pass_time(TICK)
    assert client.fate(BIDI) == (REJECTED, REJECTED)
    assert client.data_streams == set()
    assert client.transport.granted[BIDI] == len(client.head(BIDI)) + len(b"early")
    await client.end()


async def test_streams_of_a_request_that_turns_out_to_be_none_are_refused() -> None:
    client = Client(hello, config=WEBTRANSPORT)
    client.send(SessionClient.head(UNI), b"early", on=UNI)
    client.send(GET, end=True)
    await client.idle()
    assert client.received().body == b"hello"
    assert client.transport.stops[UNI] == GONE


# Bounds


async def test_so_many_streams_of_ours_and_no_more(client: SessionClient, host: Host) -> None:
    streams = [host.session.open_stream(bidirectional=False) for _ in range(MAX_OPENED)]
    with pytest.raises(LocalProtocolError, match="streams of ours are open"):
        host.session.open_stream()
    await streams[0].send(b"", end_stream=True)
    host.session.open_stream()


async def test_streams_with_unsent_bytes_count_though_they_are_over(
    client: SessionClient, host: Host
) -> None:
    for _ in range(MAX_OPENED):
        stream = host.session.open_stream(bidirectional=False)
        client.transport.block(stream.stream_id)
        await stream.send(b"all of it", end_stream=True)
    assert client.data_streams == set()
    with pytest.raises(LocalProtocolError, match="streams of ours are open"):
        host.session.open_stream()


async def test_who_does_not_take_a_streams_bytes_loses_the_stream(
    client: SessionClient, host: Host
) -> None:
    client.send(client.head(BIDI), b"hello", on=BIDI)
    await host.session.receive()
    stream = host.session.streams[BIDI]
    client.transport.block(BIDI)
    client.transport.send(BIDI, bytes(1000))
    client.pass_time(10)
    assert client.fate(BIDI)[0] == ErrorCode.H3_REQUEST_CANCELLED
    assert not await stream.send(b"late")
    assert client.close_code is None


async def test_who_takes_them_slowly_keeps_it(client: SessionClient, host: Host) -> None:
    stream = host.session.open_stream()
    client.transport.block(stream.stream_id)
    client.transport.send(stream.stream_id, bytes(1_000_000))
    for _ in range(60):
        client.transport.take(stream.stream_id, 1000)
        client.pass_time(1)
    assert client.fate(stream.stream_id) == (None, None)
