"""HTTP Datagrams between a client and a handler (RFC 9297): queues, bounds, ends and errors."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from h3producer.errors import ErrorCode, LocalProtocolError, RequestAborted
from h3producer.http3.datagrams import MAX_EARLY, MAX_WAITING
from h3producer.wire.datagrams import encode_datagram
from h3producer.wire.frames import encode_frame
from tests.http3.harness import CONFIG, CONTROL, GET, Client, hello, request, section

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream

TAKING = replace(CONFIG, http_datagrams=True, max_received_datagrams=3)

TUNNEL = request(b"CONNECT", (b":protocol", b"connect-udp"))

CLIENT_CONTROL = 2
SETTINGS = b"\x00" + encode_frame(0x04, bytes.fromhex("33 01"))
"""A client's control stream: it takes datagrams."""


class Tunnel:
    """A handler that accepts, and leaves when the test has it leave."""

    def __init__(self) -> None:
        self.stream: Http3Stream | None = None
        self.leave = asyncio.Event()

    async def __call__(self, stream: Http3Stream) -> None:
        self.stream = stream
        stream.response.start(200)
        await stream.response.flush()
        await self.leave.wait()
        await stream.response.complete()


async def accepted(client: Client, tunnel: Tunnel) -> Http3Stream:
    """A tunnel that is open both ways, and its client has said that it takes datagrams."""
    client.send(SETTINGS, on=CLIENT_CONTROL)
    client.send(TUNNEL)
    await client.idle()
    assert tunnel.stream is not None
    return tunnel.stream


def datagram(client: Client, payload: bytes, on: int = 0) -> None:
    client.connection.datagram_received(encode_datagram(on, payload))


@pytest.fixture
def tunnel() -> Tunnel:
    return Tunnel()


@pytest.fixture
def client(tunnel: Tunnel) -> Client:
    return Client(tunnel, config=TAKING)


# Both ways


def test_it_is_said_in_settings_that_datagrams_are_taken(client: Client) -> None:
    assert bytes.fromhex("3301") in client.transport.sent(CONTROL)
    assert bytes.fromhex("3301") not in Client(hello).transport.sent(CONTROL)


async def test_a_datagram_that_came_is_received(client: Client, tunnel: Tunnel) -> None:
    stream = await accepted(client, tunnel)
    datagram(client, b"ping")
    assert await stream.datagrams.receive() == b"ping"


async def test_who_waits_gets_the_next_one(client: Client, tunnel: Tunnel) -> None:
    stream = await accepted(client, tunnel)
    waiting = asyncio.create_task(stream.datagrams.receive())
    await client.idle()
    datagram(client, b"ping")
    await client.idle()
    assert waiting.result() == b"ping"


async def test_a_datagram_is_sent_with_its_quarter_id(client: Client, tunnel: Tunnel) -> None:
    stream = await accepted(client, tunnel)
    assert stream.datagrams.send(b"pong")
    assert client.transport.datagrams == [b"\x00pong"]


async def test_two_cannot_wait_at_once(client: Client, tunnel: Tunnel) -> None:
    stream = await accepted(client, tunnel)
    waiting = asyncio.create_task(stream.datagrams.receive())
    await client.idle()
    with pytest.raises(LocalProtocolError, match="already"):
        await stream.datagrams.receive()
    waiting.cancel()
    await client.idle()
    datagram(client, b"ping")
    assert await stream.datagrams.receive() == b"ping"


# Bounds


async def test_the_oldest_makes_room_and_is_counted(client: Client, tunnel: Tunnel) -> None:
    stream = await accepted(client, tunnel)
    for number in range(5):
        datagram(client, b"%d" % number)
    assert [stream.datagrams.try_receive() for _ in range(4)] == [b"2", b"3", b"4", None]
    assert stream.datagrams.dropped == 2


async def test_all_tunnels_of_a_connection_have_a_bound_together() -> None:
    client = Client(hello, config=replace(TAKING, max_received_datagrams=128))
    for stream_id in range(0, 4 * 100, 4):
        client.send(TUNNEL[:5], on=stream_id)  # nobody knows yet what it will be
        for _ in range(128):
            datagram(client, b"ping", on=stream_id)
    queues = [stream._datagrams for stream in client.connection.streams.values()]
    assert sum(len(queue) for queue in queues if queue is not None) == MAX_WAITING
    assert [len(queue) for queue in queues if queue is not None][-1] == 0
    client.lose()


async def test_who_has_some_gets_the_newest_when_others_fill_the_connection() -> None:
    client = Client(hello, config=replace(TAKING, max_received_datagrams=MAX_WAITING - 1))
    client.send(TUNNEL[:5], on=0)
    datagram(client, b"old", on=0)
    client.send(TUNNEL[:5], on=4)
    for _ in range(MAX_WAITING):
        datagram(client, b"flood", on=4)
    datagram(client, b"new", on=0)
    mine, _ = [stream._datagrams for stream in client.connection.streams.values()]
    assert mine is not None
    assert (mine.try_receive(), mine.try_receive(), mine.dropped) == (b"new", None, 1)
    client.lose()


@pytest.mark.parametrize("way", ["received", "left", "cut"])
async def test_what_does_not_wait_any_more_makes_room(
    client: Client, tunnel: Tunnel, way: str
) -> None:
    stream = await accepted(client, tunnel)
    datagrams = stream.datagrams
    for _ in range(3):
        datagram(client, b"ping")
    assert datagrams.connection.waiting == 3
    if way == "received":
        for _ in range(3):
            await datagrams.receive()
    elif way == "cut":
        client.reset()
    tunnel.leave.set()
    await client.idle()
    assert datagrams.connection.waiting == 0


async def test_what_comes_before_its_request_is_kept(client: Client, tunnel: Tunnel) -> None:
    datagram(client, b"early")
    datagram(client, b"for another", on=4)
    stream = await accepted(client, tunnel)
    assert stream.datagrams.try_receive() == b"early"
    assert len(stream.datagrams) == 0


async def test_so_many_are_kept_and_no_more(client: Client, tunnel: Tunnel) -> None:
    for number in range(MAX_EARLY):
        datagram(client, b"%d" % number, on=4)
    datagram(client, b"early")
    stream = await accepted(client, tunnel)
    assert len(stream.datagrams) == 1
    assert client.connection._context.datagrams is not None
    assert len(client.connection._context.datagrams.take(4)) == MAX_EARLY - 1


async def test_the_largest_payload_leaves_room_for_any_id(client: Client, tunnel: Tunnel) -> None:
    stream = await accepted(client, tunnel)
    size = stream.datagrams.max_size
    assert size == client.transport.max_datagram - 8
    assert stream.datagrams.send(bytes(size))
    with pytest.raises(LocalProtocolError, match=f"at most {size} bytes"):
        stream.datagrams.send(bytes(size + 1))


async def test_a_transport_that_is_full_takes_none(client: Client, tunnel: Tunnel) -> None:
    stream = await accepted(client, tunnel)
    client.transport.is_full = True
    assert not stream.datagrams.send(b"pong")


@pytest.mark.parametrize("settings", [None, b"\x00\x04\x00", b"\x00\x04\x02\x33\x00"])
async def test_none_is_sent_to_a_client_that_has_not_said_it_takes_any(
    client: Client, tunnel: Tunnel, settings: bytes | None
) -> None:
    if settings is not None:
        client.send(settings, on=CLIENT_CONTROL)
    client.send(TUNNEL)
    await client.idle()
    assert tunnel.stream is not None
    assert tunnel.stream.datagrams.max_size == 0
    assert not tunnel.stream.datagrams.send(b"pong")
    assert client.transport.datagrams == []


# Ends


async def test_who_waits_hears_of_the_end(client: Client, tunnel: Tunnel) -> None:
    stream = await accepted(client, tunnel)
    waiting = asyncio.create_task(stream.datagrams.receive())
    await client.idle()
    client.reset(0x10C)
    await client.idle()
    error = waiting.exception()
    assert isinstance(error, RequestAborted)
    assert error.error_code == 0x10C
    assert not stream.datagrams.send(b"late")


async def test_what_came_before_the_end_is_still_received(client: Client, tunnel: Tunnel) -> None:
    stream = await accepted(client, tunnel)
    datagram(client, b"last words")
    client.lose()
    assert await stream.datagrams.receive() == b"last words"
    with pytest.raises(RequestAborted):
        await stream.datagrams.receive()


async def test_behind_the_end_of_the_clients_half_datagrams_are_dropped(
    client: Client, tunnel: Tunnel
) -> None:
    stream = await accepted(client, tunnel)
    client.send(end=True)
    datagram(client, b"late")
    assert len(stream.datagrams) == 0


async def test_datagrams_of_an_exchange_that_is_over_are_dropped(
    client: Client, tunnel: Tunnel
) -> None:
    await accepted(client, tunnel)
    tunnel.leave.set()
    await client.idle()
    datagram(client, b"late")
    assert client.close_code is None
    assert client.connection._context.datagrams is not None
    assert client.connection._context.datagrams.take(0) == []


async def test_none_is_sent_behind_the_end_of_the_response(client: Client, tunnel: Tunnel) -> None:
    stream = await accepted(client, tunnel)
    assert stream.datagrams.max_size
    await stream.response.complete()
    assert not stream.datagrams.send(b"late")
    tunnel.leave.set()
    await client.idle()


async def test_who_asks_for_them_too_late_hears_of_the_end(client: Client, tunnel: Tunnel) -> None:
    stream = await accepted(client, tunnel)
    client.reset(0x10C)
    with pytest.raises(RequestAborted):
        await stream.datagrams.receive()


# Errors


async def test_a_plain_request_with_datagrams_is_reset() -> None:
    never_ends = asyncio.Event()

    async def wait(stream: Http3Stream) -> None:
        with pytest.raises(LocalProtocolError, match="A GET has no datagrams"):
            assert stream.datagrams
        await never_ends.wait()

    client = Client(wait, config=TAKING)
    client.send(GET)
    await client.idle()
    datagram(client, b"ping")
    assert client.received().reset == ErrorCode.H3_DATAGRAM_ERROR
    assert client.close_code is None
    never_ends.set()
    await client.idle()


async def test_without_the_setting_datagrams_are_dropped_and_not_to_be_had() -> None:
    async def ask(stream: Http3Stream) -> None:
        with pytest.raises(LocalProtocolError, match=r"Config\.http_datagrams"):
            assert stream.datagrams
        await hello(stream)

    client = Client(ask)
    datagram(client, b"ping")
    client.send(TUNNEL)
    await client.idle()
    assert client.received().body == b"hello"


@pytest.mark.parametrize(
    ("data", "error_code"),
    [
        (b"", ErrorCode.H3_DATAGRAM_ERROR),
        (b"\x40", ErrorCode.H3_DATAGRAM_ERROR),
        (b"\xd0" + bytes(7), ErrorCode.H3_DATAGRAM_ERROR),
        (encode_datagram(4 * 128, b""), ErrorCode.H3_ID_ERROR),
    ],
    ids=["nothing", "a cut id", "an id of no stream", "an id beyond the stream limit"],
)
def test_a_datagram_that_no_client_may_send_costs_the_connection(
    client: Client, data: bytes, error_code: ErrorCode
) -> None:
    client.connection.datagram_received(data)
    assert client.close_code == error_code


async def test_nothing_is_received_behind_a_close(client: Client) -> None:
    client.connection.datagram_received(b"")
    client.connection.datagram_received(b"")
    assert [call[0] for call in client.transport.calls].count("close") == 1


def test_the_head_of_a_tunnel_may_come_behind_its_datagrams(client: Client) -> None:
    client.send(section((b":method", b"CONNECT"))[:3])
    datagram(client, b"early")
    assert client.close_code is None
