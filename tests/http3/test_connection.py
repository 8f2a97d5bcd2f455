"""One connection: our streams, theirs, what a broken rule costs, and a graceful end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.config import Config
from h3producer.http3.connection import Http3Connection
from h3producer.wire.frames import encode_frame, encode_goaway
from tests.fakes import FakeTransport
from tests.http3.harness import (
    CONFIG,
    CONTROL,
    DECODER,
    ENCODER,
    GET,
    OK,
    POST,
    Client,
    Received,
    data,
    echo,
    hello,
    request,
    section,
)

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream
    from tests.http3.conftest import Connect

NO_ERROR = 0x100
LARGEST_REQUEST_ID = (1 << 62) - 4


class Gate:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.seen: list[int] = []

    async def __call__(self, stream: Http3Stream) -> None:
        self.seen.append(stream.stream_id)
        await self.open.wait()
        await hello(stream)


HELLO = Received(fields=OK, body=b"hello", ended=True)
REJECTED = Received(reset=0x10B, stopped=0x10B)


# Our streams


def test_our_control_stream_begins_with_our_settings() -> None:
    """04: SETTINGS; 01 and 07: no dynamic table, nothing blocked; 06: 16 KiB of fields; 08:
    extended CONNECT; 40: one that is reserved to mean nothing, as RFC 9114 §7.2.4.1 asks for."""
    client = Client(hello)
    settings = "0100 0700 0680004000 0801 404000"
    assert client.transport.sent(CONTROL) == bytes.fromhex("00 04 0e" + settings)
    assert client.transport.sent(ENCODER) == b"\x02"
    assert client.transport.sent(DECODER) == b"\x03"


def test_the_settings_are_those_of_the_configuration() -> None:
    client = Client(hello, config=Config(max_field_section_size=1000))
    assert client.transport.sent(CONTROL)[3:].startswith(bytes.fromhex("0100 0700 0643e8"))


async def test_three_unidirectional_streams_are_all_we_ever_open(connect: Connect) -> None:
    client = connect(hello)
    client.send(GET, end=True)
    await client.idle()
    opened = [call for call in client.transport.calls if call[0] == "open_uni_stream"]
    assert opened == [("open_uni_stream", stream_id) for stream_id in (CONTROL, ENCODER, DECODER)]


def test_a_connection_says_how_it_stands() -> None:
    client = Client(hello)
    client.send(GET[:1])
    assert repr(client.connection) == "<Http3Connection 1 streams>"


async def test_datagrams_are_dropped(connect: Connect) -> None:
    client = connect(hello)
    client.connection.datagram_received(b"\x00hello")
    assert client.close_code is None


# Their streams


async def test_a_request_before_the_clients_settings_is_served(connect: Connect) -> None:
    client = connect(hello)
    client.send(GET, end=True)
    client.send(bytes.fromhex("00 0400"), on=2)
    await client.idle()
    assert client.received() == HELLO


async def test_a_hundred_requests_at_the_same_time(connect: Connect) -> None:
    client = connect(echo)
    ids = range(0, 400, 4)
    for stream_id in ids:
        client.send(POST, on=stream_id)
    for stream_id in ids:
        client.send(data(b"%d" % stream_id), on=stream_id, end=True)
    await client.idle()
    assert [client.received(i).body for i in ids] == [b"%d" % i for i in ids]
    assert client.is_clean


async def test_streams_may_arrive_out_of_order(connect: Connect) -> None:
    client = connect(hello)
    for stream_id in (8, 0, 12, 4):
        client.send(GET, on=stream_id, end=True)
    await client.idle()
    assert [client.received(stream_id) for stream_id in (0, 4, 8, 12)] == [HELLO] * 4
    assert client.connection._ids._skipped == set()


async def test_what_comes_late_for_a_finished_stream_is_ignored_and_credited(
    connect: Connect,
) -> None:
    client = connect(hello)
    client.send(GET, end=True)
    await client.idle()
    client.connection.stream_data_received(0, b"late", False)
    client.reset()
    client.connection.stop_sending_received(0, 0x10C)
    await client.idle()
    assert client.received() == HELLO
    assert client.transport.calls[-1] == ("grant", 0, 4)
    client._delivered[0] += 4


async def test_streams_that_were_skipped_are_remembered_up_to_what_a_client_may_have_open() -> None:
    client = Client(hello, config=Config(max_concurrent_streams=3))
    client.send(GET, on=12, end=True)
    await client.idle()
    assert client.connection._ids._skipped == {0, 4, 8}
    client.reset(on=20)
    assert client.close_code == 0x107


async def test_ten_thousand_requests_leave_nothing_behind() -> None:
    client = Client(hello)
    for stream_id in range(0, 40_000, 4):
        client.send(GET, on=stream_id, end=True)
        if stream_id % 400 == 0:
            await client.idle()
    await client.idle()
    assert client.is_clean
    assert client.connection._ids._skipped == set()


async def test_a_stream_error_leaves_the_other_streams_alone(connect: Connect) -> None:
    client = connect(echo)
    client.send(POST, on=4)
    client.send(section((b":method", b"GET")), on=0)
    client.send(data(b"hello"), on=4, end=True)
    await client.idle()
    assert client.received(0) == Received(reset=0x10E, stopped=0x10E)
    assert client.received(4) == HELLO


async def test_a_slow_response_does_not_hold_up_the_others(connect: Connect) -> None:
    client = connect(hello)
    client.transport.block(0)
    client.send(GET, end=True, on=0)
    client.send(GET, end=True, on=4)
    await client.idle()
    assert client.received(4) == HELLO


# Broken rules


async def test_a_connection_error_closes_once_with_its_code_and_reason(connect: Connect) -> None:
    client = connect(hello)
    client.send(data(b"x"))
    client.connection.stop_sending_received(CONTROL, 0x100)
    closes = [call for call in client.transport.calls if call[0] == "close"]
    assert closes == [
        ("close", 0x105, "DATA frame in state AWAITING_HEADERS (H3_FRAME_UNEXPECTED)", False)
    ]


async def test_after_a_connection_error_nothing_is_read_any_more(connect: Connect) -> None:
    """Packets that were on their way arrive at streams that stopped in the middle of a frame."""
    gate = Gate()
    client = connect(gate)
    client.send(POST, on=0)
    await client.idle()
    client.connection.stream_data_received(0, b"\x04\x00" + data(b"x"), False)
    assert client.close_code == 0x105
    client.connection.stream_data_received(0, data(b"more"), True)
    client.connection.stream_data_received(4, GET, True)
    client.connection.stream_data_received(2, b"\x01", False)
    client.connection.stream_reset(0, 0x10C)
    client.connection.stop_sending_received(0, 0x10C)
    await client.idle()
    assert gate.seen == [0]
    assert sorted(client.connection.streams) == [0]
    assert client.connection.streams[0].error_code is None


async def test_a_connection_error_reaches_every_application_with_the_end(connect: Connect) -> None:
    outcomes = []

    async def application(stream: Http3Stream) -> None:
        await stream.wait_closed()
        outcomes.append((stream.stream_id, stream.error_code))

    client = connect(application)
    client.send(POST, on=0)
    client.send(POST, on=4)
    await client.idle()
    client.send(b"\x01", on=2)
    client.transport.settle()
    await client.idle()
    assert outcomes == [(0, 0x103), (4, 0x103)]
    assert client.is_clean


# The end of the connection


async def test_the_end_of_the_connection_ends_every_exchange(connect: Connect) -> None:
    client = connect(echo)
    client.send(GET[:3], on=0)
    client.send(POST, on=4)
    client.send(POST, data(b"x"), on=8)
    await client.idle()
    client.lose()
    await client.idle()
    assert client.is_clean


async def test_after_the_end_a_shutdown_does_nothing(connect: Connect) -> None:
    client = connect(hello)
    client.lose()
    client.connection.shutdown()
    assert [call for call in client.transport.calls if call[0] == "close"] == []


# Graceful shutdown


def goaways(client: Client) -> list[int]:
    """The ids of our GOAWAY frames, in order."""
    sent = client.transport.sent(CONTROL)
    ids = {encode_goaway(i): i for i in (*range(0, 4096, 4), LARGEST_REQUEST_ID)}
    tail = sent[3 + sent[2] :]  # behind the stream's type and SETTINGS
    found = []
    while tail:
        length = 2 + tail[1]
        found.append(ids[tail[:length]])
        tail = tail[length:]
    return found


@pytest.mark.parametrize(("requests", "goaway"), [(0, 0), (1, 4), (111, 444), (512, 2048)])
async def test_an_idle_connection_says_where_it_ends_and_closes_when_all_is_delivered(
    requests: int, goaway: int
) -> None:
    """Upstream: GOAWAY_GracefulServerShutdown_SendsGoAway(0→0, 1→4, 111→444, 512→2048), where the
    first of the two GOAWAYs is only for connections with requests under way."""
    client = Client(hello)
    for stream_id in range(0, 4 * requests, 4):
        client.send(GET, on=stream_id, end=True)
        await asyncio.sleep(0)
    await client.idle()
    client.connection.shutdown()
    assert goaways(client) == [LARGEST_REQUEST_ID, goaway]
    assert client.transport.calls[-1] == ("close", NO_ERROR, "", True)


async def test_a_shutdown_lets_what_was_accepted_finish_and_rejects_what_comes_later(
    connect: Connect,
) -> None:
    """Upstream: GOAWAY_GracefulServerShutdownWithActiveRequest_SendsMultipleGoAways."""
    gate = Gate()
    client = connect(gate)
    client.send(GET, on=0, end=True)
    await client.idle()
    client.connection.shutdown()
    client.connection.shutdown()
    client.send(GET, on=4, end=True)
    await client.idle()
    assert goaways(client) == [LARGEST_REQUEST_ID]
    assert client.received(4) == REJECTED
    assert client.close_code is None

    gate.open.set()
    await client.idle()
    assert client.received(0) == HELLO
    assert goaways(client) == [LARGEST_REQUEST_ID, 4]
    assert client.transport.calls[-1] == ("close", NO_ERROR, "", True)
    assert gate.seen == [0]


async def test_a_shutdown_that_is_announced_serves_what_was_sent_before_it_was_heard(
    connect: Connect,
) -> None:
    client = connect(hello)
    client.connection.announce_shutdown()
    client.connection.announce_shutdown()
    client.send(GET, on=0, end=True)
    await client.idle()
    assert client.received(0) == HELLO
    assert goaways(client) == [LARGEST_REQUEST_ID]

    client.connection.shutdown()
    assert goaways(client) == [LARGEST_REQUEST_ID, 4], "the first is not said twice"
    assert client.transport.calls[-1] == ("close", NO_ERROR, "", True)


async def test_after_the_end_nothing_is_announced(connect: Connect) -> None:
    client = connect(hello)
    client.transport.lose(NO_ERROR, "")
    client.connection.announce_shutdown()
    assert goaways(client) == []


async def test_a_request_that_comes_after_the_final_goaway_is_rejected(connect: Connect) -> None:
    client = connect(hello)
    client.connection.shutdown()
    client.send(GET, on=0, end=True)
    await client.idle()
    assert client.received(0) == REJECTED
    assert goaways(client) == [LARGEST_REQUEST_ID, 0]


async def test_a_request_whose_stream_was_skipped_before_the_shutdown_is_rejected(
    connect: Connect,
) -> None:
    gate = Gate()
    client = connect(gate)
    client.send(GET, on=4, end=True)
    await client.idle()
    client.connection.shutdown()
    client.send(GET, on=0, end=True)
    gate.open.set()
    await client.idle()
    assert client.received(0) == REJECTED
    assert goaways(client) == [LARGEST_REQUEST_ID, 8]


async def test_a_shutdown_waits_for_the_last_of_several(connect: Connect) -> None:
    client = connect(echo)
    client.send(POST, on=0)
    client.send(POST, on=4)
    await client.idle()
    client.connection.shutdown()
    client.send(data(b"hello"), on=0, end=True)
    await client.idle()
    assert client.received(0) == HELLO
    assert client.close_code is None
    client.send(data(b"hello"), on=4, end=True)
    await client.idle()
    assert client.received(4) == HELLO
    assert client.close_code == NO_ERROR


async def test_an_upload_goes_on_during_a_shutdown(connect: Connect) -> None:
    client = connect(echo)
    client.send(POST, data(b"hel"))
    await client.idle()
    client.connection.shutdown()
    client.send(data(b"lo"), end=True)
    await client.idle()
    assert client.received() == HELLO
    assert client.close_code == NO_ERROR


@pytest.mark.parametrize("how", ["reset", "stop", "malformed", "incomplete"])
async def test_a_shutdown_ends_when_the_last_exchange_does_however_it_ends(
    connect: Connect, how: str
) -> None:
    client = connect(echo)
    client.send(GET[:3] if how == "incomplete" else POST)
    await client.idle()
    client.connection.shutdown()
    if how == "stop":
        client.stop()
    elif how == "malformed":
        client.send(section((b":path", b"/")), end=True)
    else:
        client.reset()
    await client.idle()
    assert client.close_code == NO_ERROR
    assert len(goaways(client)) == 2


async def test_a_431_that_has_no_room_ends_a_shutdown_once(connect: Connect) -> None:
    client = connect(hello, config=Config(max_field_section_size=256))
    client.connection.peer._encoder.peer_max_section_size = 0
    client.send(GET[:1])
    client.connection.shutdown()
    client.send(request(b"GET", (b"cookie", b"\xff" * 300))[1:])
    assert client.close_code == NO_ERROR
    assert len([call for call in client.transport.calls if call[0] == "close"]) == 1


async def test_a_rule_that_is_broken_during_a_shutdown_closes_at_once(connect: Connect) -> None:
    gate = Gate()
    client = connect(gate)
    client.send(GET, end=True)
    await client.idle()
    client.connection.shutdown()
    client.send(b"\x01", on=2)
    assert client.close_code == 0x103
    client.transport.settle()
    gate.open.set()
    await client.idle()
    assert goaways(client) == [LARGEST_REQUEST_ID]
    assert len([call for call in client.transport.calls if call[0] == "close"]) == 1


# Whatever a client sends


CHUNKS = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [GET, POST, data(b"x"), data(b""), encode_frame(0x21, b"y"), section((b"a", b"b"))]
    ),
)
EVENTS = st.tuples(
    st.sampled_from(["data", "fin", "reset", "stop", "idle", "unblock", "shutdown"]),
    st.sampled_from([0, 4, 8, 2, 6, 10]),
    CHUNKS,
)


@given(st.lists(EVENTS, max_size=12))
def test_no_input_ever_raises_and_every_exchange_has_one_end(
    events: list[tuple[str, int, bytes]],
) -> None:
    asyncio.run(play(events))


async def play(events: list[tuple[str, int, bytes]]) -> None:
    client = Client(echo)
    ended = set()
    for kind, stream_id, chunk in events:
        if kind == "idle":
            await client.idle()
        elif kind == "unblock":
            client.transport.unblock(stream_id)
        elif kind == "shutdown":
            client.connection.shutdown()
        elif kind == "stop" and not stream_id & 2:
            client.stop(on=stream_id)
        elif stream_id in ended or client.transport.is_lost:
            continue
        elif kind == "reset":
            ended.add(stream_id)
            client.reset(on=stream_id)
        else:
            ended |= {stream_id} if kind == "fin" else set()
            client.send(chunk, on=stream_id, end=kind == "fin")
    await client.check()


def test_a_connection_can_be_made_without_a_loop() -> None:
    """The streams of ours are opened in the constructor; nothing waits."""
    transport = FakeTransport()
    Http3Connection(transport, hello, CONFIG)
    assert [call[0] for call in transport.calls].count("send") == 3
