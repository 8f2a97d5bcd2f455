"""Streams of a session: bytes both ways, back-pressure, and how each half ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from h3producer.errors import LocalProtocolError
from h3producer.http3.webtransport.events import StreamData, StreamReset, StreamStopped
from h3producer.http3.webtransport.stream import Half
from h3producer.wire.webtransport import error_code_of

if TYPE_CHECKING:
    from tests.http3.webtransport.harness import Host, SessionClient

BIDI, UNI = 4, 6
"""The first streams of a client behind its CONNECT and control streams."""


async def heard(host: Host, count: int) -> list[object]:
    return [await host.session.receive() for _ in range(count)]


async def all_of(host: Host) -> bytes:
    """All bytes of one stream, to its end."""
    received = b""
    while True:
        event = await host.session.receive()
        assert isinstance(event, StreamData)
        received += event.data
        if event.end_stream:
            return received


# From the client


@pytest.mark.parametrize("stream_id", [BIDI, UNI])
async def test_what_a_client_sends_is_received(
    client: SessionClient, host: Host, stream_id: int
) -> None:
    client.send(client.head(stream_id), b"hello", on=stream_id, end=True)
    assert await all_of(host) == b"hello"


async def test_what_has_come_together_is_told_together(client: SessionClient, host: Host) -> None:
    client.send(client.head(UNI), b"hel", b"lo", on=UNI)
    assert await heard(host, 1) == [StreamData(UNI, b"hello", False)]


async def test_an_end_that_comes_alone_is_told(client: SessionClient, host: Host) -> None:
    client.send(client.head(UNI), b"hello", on=UNI)
    await heard(host, 1)
    client.send(on=UNI, end=True)
    assert await heard(host, 1) == [StreamData(UNI, b"", True)]


async def test_a_stream_may_be_empty(client: SessionClient, host: Host) -> None:
    client.send(client.head(UNI), on=UNI, end=True)
    assert await heard(host, 1) == [StreamData(UNI, b"", True)]


async def test_streams_take_turns(client: SessionClient, host: Host) -> None:
    client.send(client.head(UNI), b"a", on=UNI)
    client.send(client.head(UNI + 4), b"b", on=UNI + 4)
    client.send(b"c", on=UNI)
    assert await heard(host, 2) == [
        StreamData(UNI, b"ac", False),
        StreamData(UNI + 4, b"b", False),
    ]


async def test_credit_follows_what_the_application_takes(client: SessionClient, host: Host) -> None:
    head = client.head(UNI)
    client.send(head, bytes(1000), on=UNI)
    assert client.transport.granted[UNI] == len(head)
    await heard(host, 1)
    assert client.transport.granted[UNI] == len(head) + 1000


async def test_a_stream_that_was_taken_whole_is_forgotten(
    client: SessionClient, host: Host
) -> None:
    client.send(client.head(UNI), b"hello", on=UNI, end=True)
    assert client.data_streams == {UNI}
    await all_of(host)
    assert client.data_streams == set()


async def test_a_reset_is_told_with_its_code(client: SessionClient, host: Host) -> None:
    client.send(client.head(UNI), b"hello", on=UNI)
    await heard(host, 1)
    client.reset(error_code_of(7), on=UNI)
    assert await heard(host, 1) == [StreamReset(UNI, 7)]
    assert client.data_streams == set()


async def test_a_reset_without_an_applications_code_has_none(
    client: SessionClient, host: Host
) -> None:
    client.send(client.head(UNI), b"hello", on=UNI)
    await heard(host, 1)
    client.reset(0x10C, on=UNI)
    assert await heard(host, 1) == [StreamReset(UNI, None)]


async def test_bytes_behind_which_a_reset_came_are_not_told_but_granted(
    client: SessionClient, host: Host
) -> None:
    client.send(client.head(UNI), b"hello", on=UNI)
    await heard(host, 1)
    client.send(b"lost", on=UNI)
    client.reset(error_code_of(7), on=UNI)
    assert await heard(host, 1) == [StreamReset(UNI, 7)]
    assert client.transport.granted[UNI] == len(client.head(UNI)) + len(b"hellolost")


async def test_a_stream_that_was_reset_before_anybody_heard_of_it_never_was(
    client: SessionClient, host: Host
) -> None:
    client.send(client.head(UNI), b"hello", on=UNI)
    client.reset(error_code_of(7), on=UNI)
    client.send(client.head(UNI + 4), b"other", on=UNI + 4)
    assert await heard(host, 1) == [StreamData(UNI + 4, b"other", False)]


async def test_streams_that_are_reset_unheard_of_leave_nothing_behind(
    client: SessionClient, host: Host
) -> None:
    for stream_id in range(UNI, UNI + 4 * 2000, 4):
        client.send(client.head(stream_id), b"hello", on=stream_id)
        client.reset(error_code_of(7), on=stream_id)
        client.pass_time(1)
    assert len(host.session._inbox) == 0


async def test_an_answer_to_a_stream_that_was_reset_unheard_of_is_not_waited_for(
    client: SessionClient, host: Host
) -> None:
    client.send(client.head(BIDI), b"hello", on=BIDI)
    client.reset(error_code_of(7), on=BIDI)
    assert client.fate(BIDI) == (error_code_of(0), None)
    assert client.data_streams == set()


async def test_a_reset_behind_the_end_changes_nothing(client: SessionClient, host: Host) -> None:
    client.send(client.head(UNI), b"hello", on=UNI, end=True)
    client.reset(error_code_of(7), on=UNI)
    assert await all_of(host) == b"hello"


# To the client


async def test_an_answer_goes_back_on_the_same_stream(client: SessionClient, host: Host) -> None:
    client.send(client.head(BIDI), b"ping", on=BIDI, end=True)
    await all_of(host)
    assert await host.session.streams[BIDI].send(b"pong", end_stream=True)
    assert client.transport.sent(BIDI) == b"pong"
    assert client.transport.fin(BIDI)
    assert client.data_streams == set()


@pytest.mark.parametrize(
    ("bidirectional", "stream_id", "head"), [(True, 1, "404100"), (False, 15, "405400")]
)
async def test_a_stream_of_ours_begins_with_its_head(
    client: SessionClient, host: Host, bidirectional: bool, stream_id: int, head: str
) -> None:
    stream = host.session.open_stream(bidirectional=bidirectional)
    await stream.send(b"hello", end_stream=True)
    assert stream.stream_id == stream_id
    assert client.transport.sent(stream_id) == bytes.fromhex(head) + b"hello"
    assert client.transport.fin(stream_id)


async def test_a_client_answers_on_a_stream_of_ours(client: SessionClient, host: Host) -> None:
    stream = host.session.open_stream()
    client.send(b"answer", on=stream.stream_id, end=True)
    assert await all_of(host) == b"answer"


async def test_who_sends_waits_for_room(client: SessionClient, host: Host) -> None:
    stream = host.session.open_stream()
    client.transport.block(stream.stream_id)
    sending = asyncio.create_task(stream.send(bytes(100_000)))
    await client.idle()
    assert len(client.transport.sent(stream.stream_id)) < 20_000
    assert not sending.done()
    client.transport.unblock(stream.stream_id)
    await client.idle()
    assert sending.result() is True
    assert len(client.transport.sent(stream.stream_id)) == 3 + 100_000


async def test_two_who_send_at_once_take_turns(client: SessionClient, host: Host) -> None:
    stream = host.session.open_stream()
    client.transport.block(stream.stream_id)
    first = asyncio.create_task(stream.send(b"a" * 20_000))
    await client.idle()
    second = asyncio.create_task(stream.send(b"b", end_stream=True))
    await client.idle()
    client.transport.unblock(stream.stream_id)
    await client.idle()
    assert (first.result(), second.result()) == (True, True)
    assert client.transport.sent(stream.stream_id)[3:] == b"a" * 20_000 + b"b"


async def test_a_stop_is_told_with_its_code_and_wakes_who_waits(
    client: SessionClient, host: Host
) -> None:
    stream = host.session.open_stream()
    client.transport.block(stream.stream_id)
    sending = asyncio.create_task(stream.send(bytes(100_000)))
    await client.idle()
    client.stop(error_code_of(9), on=stream.stream_id)
    await client.idle()
    assert sending.result() is False
    assert await heard(host, 1) == [StreamStopped(stream.stream_id, 9)]


async def test_what_is_sent_on_a_stopped_stream_is_dropped(
    client: SessionClient, host: Host
) -> None:
    stream = host.session.open_stream()
    client.stop(error_code_of(9), on=stream.stream_id)
    assert not await stream.send(b"late", end_stream=True)


async def test_a_stop_is_told_behind_the_first_bytes_of_its_stream(
    client: SessionClient, host: Host
) -> None:
    client.send(client.head(BIDI), b"hello", on=BIDI)
    client.stop(error_code_of(9), on=BIDI)
    assert await heard(host, 2) == [StreamData(BIDI, b"hello", False), StreamStopped(BIDI, 9)]


async def test_a_stop_that_comes_behind_our_end_is_nothing(
    client: SessionClient, host: Host
) -> None:
    stream = host.session.open_stream(bidirectional=False)
    await stream.send(b"all", end_stream=True)
    client.stop(error_code_of(9), on=stream.stream_id)
    assert client.close_code is None


# Ended by the application


async def test_the_application_resets_with_a_code(client: SessionClient, host: Host) -> None:
    stream = host.session.open_stream()
    stream.reset(5)
    assert client.fate(stream.stream_id) == (error_code_of(5), None)
    assert stream.receiving is Half.OPEN
    assert not await stream.send(b"late")


async def test_the_application_stops_with_a_code(client: SessionClient, host: Host) -> None:
    client.send(client.head(UNI), b"hello", on=UNI)
    await heard(host, 1)
    client.send(b"more", on=UNI)
    host.session.streams[UNI].stop(5)
    assert client.fate(UNI) == (None, error_code_of(5))
    assert client.data_streams == set()
    assert client.transport.granted[UNI] == len(client.head(UNI)) + len(b"hellomore")


async def test_bytes_that_were_on_their_way_when_it_stopped_are_granted(
    client: SessionClient, host: Host
) -> None:
    stream = host.session.open_stream()
    stream.stop(5)
    client.connection.stream_data_received(stream.stream_id, b"late", False)
    assert client.transport.granted[stream.stream_id] == len(b"late")


async def test_a_stream_says_how_far_each_half_has_got(client: SessionClient, host: Host) -> None:
    stream = host.session.open_stream()
    assert stream.is_bidirectional
    await stream.send(b"", end_stream=True)
    assert repr(stream) == f"<WebTransportStream {stream.stream_id} OPEN/ENDED>"
    assert repr(host.session) == "<WebTransportSession 0 open 1 streams>"


async def test_both_halves_of_a_stream_end_on_their_own(client: SessionClient, host: Host) -> None:
    stream = host.session.open_stream()
    stream.stop(1)
    assert await stream.send(b"still", end_stream=True)
    assert client.fate(stream.stream_id) == (None, error_code_of(1))


@pytest.mark.parametrize("code", [-1, 1 << 32])
async def test_a_code_has_32_bits(client: SessionClient, host: Host, code: int) -> None:
    stream = host.session.open_stream()
    with pytest.raises(ValueError, match="32 bits"):
        stream.reset(code)
    with pytest.raises(ValueError, match="32 bits"):
        stream.stop(code)
    assert client.fate(stream.stream_id) == (None, None)


async def test_nothing_is_sent_behind_our_own_end(client: SessionClient, host: Host) -> None:
    stream = host.session.open_stream()
    await stream.send(b"", end_stream=True)
    with pytest.raises(LocalProtocolError, match="ended"):
        await stream.send(b"more")
    stream.reset(1)
    assert client.fate(stream.stream_id) == (None, None)


async def test_nothing_is_sent_where_the_client_alone_sends(
    client: SessionClient, host: Host
) -> None:
    client.send(client.head(UNI), b"hello", on=UNI)
    await heard(host, 1)
    with pytest.raises(LocalProtocolError, match="not there"):
        await host.session.streams[UNI].send(b"more")
