"""Time on one connection: who is held to it, what a connection that stalls costs, and how an idle
one ends. What each exchange is held to is in `test_exchange.py`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from h3producer.errors import ErrorCode
from h3producer.http3.patience import LONGEST_TICK
from tests.http3.harness import CONFIG, CONTROL, GET, Received, hello, never
from tests.http3.test_exchange import streams_for_ever

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream
    from tests.http3.conftest import Connect


async def test_a_server_that_was_busy_does_not_blame_the_client(connect: Connect) -> None:
    """Upstream: overlong ticks extend the deadline."""
    client = connect(never, config=replace(CONFIG, request_head_timeout=5))
    client.send(GET[:5])
    client.pass_time(1)
    client.now += 60
    client.connection.tick(client.now)
    assert client.received() == Received()
    client.pass_time(5 - LONGEST_TICK)
    assert client.received() == Received()
    client.pass_time(1)
    assert client.received().reset == ErrorCode.H3_REQUEST_REJECTED


async def test_one_slow_response_costs_itself_and_no_other(connect: Connect) -> None:
    client = connect(streams_for_ever)
    client.transport.block(0)
    client.send(GET, end=True)
    client.send(GET, end=True, on=4)
    client.transport.block(4)
    await client.idle()
    for _ in range(8):
        client.transport.unblock(4)
        client.transport.block(4)
        await client.idle()
        client.pass_time(1)
    assert client.received(0).reset == ErrorCode.H3_REQUEST_CANCELLED
    assert client.received(4).reset is None
    assert client.close_code is None


async def test_a_connection_on_which_nothing_is_taken_stalls_and_is_closed(
    connect: Connect,
) -> None:
    client = connect(streams_for_ever)
    for stream_id in (0, 4, 8):
        client.transport.block(stream_id)
        client.send(GET, end=True, on=stream_id)
    await client.idle()
    client.pass_time(6)
    assert client.close_code is None
    client.pass_time(1)
    assert client.close_code == ErrorCode.H3_EXCESSIVE_LOAD


async def test_responses_that_were_handed_over_count_for_a_stall_as_well(connect: Connect) -> None:
    client = connect(hello)
    for stream_id in (0, 4):
        client.transport.block(stream_id)
        client.send(GET, end=True, on=stream_id)
    await client.idle()
    client.pass_time(7)
    assert client.close_code == ErrorCode.H3_EXCESSIVE_LOAD


# An idle connection


def goaway_count(sent: bytes) -> int:
    """GOAWAY frames (type 7, length 1 or 8) behind the SETTINGS of a control stream."""
    return sent.count(b"\x07\x08") + sent.count(b"\x07\x01")


async def test_a_connection_without_a_request_ends_well(connect: Connect) -> None:
    client = connect(hello, config=replace(CONFIG, keep_alive_timeout=10))
    client.pass_time(10)
    assert client.close_code is None
    client.pass_time(1)
    assert client.close_code == ErrorCode.H3_NO_ERROR
    assert goaway_count(client.transport.sent(CONTROL)) == 2


async def test_every_request_begins_its_time_anew(connect: Connect) -> None:
    client = connect(hello, config=replace(CONFIG, keep_alive_timeout=10))
    for number in range(5):
        client.pass_time(9)
        client.send(GET, end=True, on=4 * number)
        await client.idle()
    assert client.close_code is None
    client.pass_time(12)
    assert client.close_code == ErrorCode.H3_NO_ERROR


@pytest.mark.parametrize("blocked", [False, True])
async def test_a_request_under_way_keeps_its_connection(connect: Connect, blocked: bool) -> None:
    async def application(stream: Http3Stream) -> None:
        if not blocked:
            await asyncio.get_running_loop().create_future()
        await hello(stream)

    config = replace(CONFIG, keep_alive_timeout=10, min_response_data_rate=None)
    client = connect(application, config=config)
    if blocked:
        client.transport.block(0)
    client.send(GET, end=True)
    await client.idle()
    client.pass_time(100)
    assert client.close_code is None


# Unidirectional streams


async def test_a_unidirectional_stream_that_does_not_say_its_type_is_stopped(
    connect: Connect,
) -> None:
    """Upstream: the stream gets STREAM_CREATION_ERROR, the connection lives."""
    client = connect(hello, config=replace(CONFIG, request_head_timeout=5))
    client.send(b"\x40", on=2)
    client.send(b"\x00\x04\x00", on=6)
    client.pass_time(6)
    assert client.endings(2) == []
    client.pass_time(1)
    assert client.endings(2) == ["stop 0x103"]
    assert client.endings(6) == []
    client.pass_time(100)
    assert client.endings(2) == ["stop 0x103"]
    assert client.close_code is None
