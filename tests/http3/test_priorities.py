"""Which response is wanted first: RFC 9218, as far as the transport hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.wire.frames import FrameType, encode_frame
from h3producer.wire.varint import encode_varint
from tests.http3.harness import GET, hello, request

if TYPE_CHECKING:
    from h3producer.http3.stream import Handler, Http3Stream
    from tests.http3.conftest import Connect
    from tests.http3.harness import Client

CLIENT_CONTROL = 2
SETTINGS = b"\x00\x04\x00"


def ask(client: Client, *priorities: bytes, on: int = 0) -> None:
    """A request with `priority` fields."""
    client.send(request(b"GET", *[(b"priority", each) for each in priorities]), end=True, on=on)


def update(client: Client, priority: bytes, on: int = 0) -> None:
    """PRIORITY_UPDATE; the first of all opens the control stream."""
    if not client._delivered[CLIENT_CONTROL]:
        client.send(SETTINGS, on=CLIENT_CONTROL)
    payload = encode_varint(on) + priority
    client.send(encode_frame(FrameType.PRIORITY_UPDATE, payload), on=CLIENT_CONTROL)


def told(client: Client, on: int = 0) -> list[tuple[object, ...]]:
    """What the transport was told of a stream, in order."""
    calls = client.transport.calls
    return [call[2:] for call in calls if call[:2] == ("set_priority", on)]


def answering(*priorities: bytes) -> Handler:
    """An application that has an opinion of its own response."""

    async def handler(stream: Http3Stream) -> None:
        stream.response.start(200, [(b"priority", each) for each in priorities])
        await stream.response.complete(b"hello")

    return handler


# The request


@pytest.mark.parametrize(
    ("priority", "expected"),
    [
        (b"u=0", (0, False)),
        (b"u=7, i", (7, True)),
        (b"i", (3, True)),
        (b"", (3, False)),
        (b"u=3", (3, False)),
        (b"u=9, i", (3, True)),
    ],
)
async def test_a_request_says_how_soon_it_wants_its_response(
    connect: Connect, priority: bytes, expected: tuple[int, bool]
) -> None:
    client = connect(hello)
    ask(client, priority)
    assert told(client) == [expected]


async def test_a_request_that_says_nothing_costs_nothing(connect: Connect) -> None:
    client = connect(hello)
    client.send(GET, end=True)
    await client.idle()
    assert told(client) == []
    assert not client.connection._priorities


async def test_a_request_whose_priority_makes_no_sense_says_nothing(connect: Connect) -> None:
    client = connect(hello)
    ask(client, b"u=1,")
    await client.idle()
    assert client.received().status == 200
    assert told(client) == []


async def test_two_field_lines_are_one_field(connect: Connect) -> None:
    client = connect(hello)
    ask(client, b"u=5", b"i")
    assert told(client) == [(5, True)]


# PRIORITY_UPDATE


async def test_an_update_changes_what_the_request_said(connect: Connect) -> None:
    """RFC 9218 §7: it has all parameters, those that it leaves out are the default ones."""
    client = connect(hello)
    ask(client, b"u=5, i")
    update(client, b"u=1")
    assert told(client) == [(5, True), (1, False)]


async def test_an_update_may_come_before_its_request(connect: Connect) -> None:
    client = connect(hello)
    update(client, b"u=1", on=4)
    assert told(client, on=4) == []
    client.send(GET, end=True, on=4)
    assert told(client, on=4) == [(1, False)]


async def test_an_update_that_came_first_overrides_the_request(connect: Connect) -> None:
    client = connect(hello)
    update(client, b"u=1")
    ask(client, b"u=6, i")
    assert told(client) == [(1, False)]


async def test_of_several_early_updates_the_last_counts(connect: Connect) -> None:
    client = connect(hello)
    update(client, b"u=1")
    update(client, b"u=2")
    client.send(GET, end=True)
    assert told(client) == [(2, False)]


async def test_an_update_of_a_skipped_stream_waits_for_it(connect: Connect) -> None:
    client = connect(hello)
    client.send(GET, end=True, on=8)
    update(client, b"u=1", on=4)
    client.send(GET, end=True, on=4)
    assert told(client, on=4) == [(1, False)]


async def test_an_update_of_what_still_waits_to_be_sent_is_passed_on(connect: Connect) -> None:
    client = connect(hello)
    client.send(GET, end=True)
    await client.idle()
    assert client.is_clean
    update(client, b"u=1")
    assert told(client) == [(1, False)]
    assert not client.connection._priorities


async def test_an_update_that_makes_no_sense_changes_nothing(connect: Connect) -> None:
    client = connect(hello)
    ask(client, b"u=5")
    update(client, b"u=1,")
    assert told(client) == [(5, False)]


# The response


async def test_a_response_overrides_what_it_speaks_of(connect: Connect) -> None:
    client = connect(answering(b"u=1"))
    ask(client, b"u=5, i")
    await client.idle()
    assert told(client) == [(5, True), (1, True)]
    assert (b"priority", b"u=1") in client.received().fields


async def test_a_response_may_be_the_only_one_to_speak(connect: Connect) -> None:
    client = connect(answering(b"u=6", b"i"))
    client.send(GET, end=True)
    await client.idle()
    assert told(client) == [(6, True)]


async def test_a_response_whose_priority_makes_no_sense_says_nothing(connect: Connect) -> None:
    client = connect(answering(b"urgent!"))
    client.send(GET, end=True)
    await client.idle()
    assert told(client) == []


async def test_what_a_response_said_outlasts_an_update(connect: Connect) -> None:
    async def handler(stream: Http3Stream) -> None:
        stream.response.start(200, [(b"priority", b"u=6")])
        await stream.response.flush()
        await stream.body.read_chunk()

    client = connect(handler)
    client.send(request(b"POST"))
    await client.idle()
    update(client, b"u=1, i")
    assert told(client)[-1] == (6, True)
    client.reset()


# What it costs


async def test_nothing_is_kept_of_streams_that_are_over(connect: Connect) -> None:
    client = connect(answering(b"u=1"))
    for stream_id in range(0, 40, 4):
        ask(client, b"i", on=stream_id)
    await client.idle()
    assert not client.connection._priorities


async def test_no_more_is_kept_of_streams_to_come_than_may_come(connect: Connect) -> None:
    client = connect(hello, config=Config(max_concurrent_streams=10))
    for _ in range(2):
        for stream_id in range(0, 40, 4):
            update(client, b"u=1", on=stream_id)
    assert len(client.connection._priorities) == 10
    assert client.close_code is None
    update(client, b"u=1", on=40)
    assert client.close_code == 0x108


async def test_a_request_that_is_rejected_leaves_nothing_behind(connect: Connect) -> None:
    async def waits(stream: Http3Stream) -> None:
        await stream.wait_closed()

    client = connect(waits)
    client.send(GET, end=True)
    update(client, b"u=1", on=4)
    client.connection.shutdown()
    client.send(GET, end=True, on=4)
    assert client.transport.resets == {4: 0x10B}
    assert not client.connection._priorities
