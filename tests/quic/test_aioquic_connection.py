"""What we changed in aioquic, seen from a client's end and from inside."""

from __future__ import annotations

import gc
import random
import weakref
from typing import TYPE_CHECKING

import pytest
from aioquic.buffer import encode_uint_var
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import QuicPacketType
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.tls import Epoch

from h3producer.config import Config
from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.holding import SLACK
from h3producer.quic.limits import MAX_REASON, MAX_UNI_STREAMS
from h3producer.quic.packets import VERSION_1
from h3producer.quic.phase import Phase
from h3producer.quic.transport import EngineTransport
from tests.fakes import RecordingInputs
from tests.pair import Client, Frame, Pair, stream_frame

if TYPE_CHECKING:
    from h3producer.http3.transport import QuicTransport

KIB = 1024
WINDOW = 256 * KIB
CONNECTION_WINDOW = 1024 * KIB


def engine_of(pair: Pair) -> AioquicConnection:
    """The server's connection, from inside."""
    connection = pair.transport._connection
    assert isinstance(connection, AioquicConnection)
    return connection


async def connected(
    config: Config | None = None, client: Client | None = None, *, delay: float = 0.0
) -> Pair:
    pair = Pair(config=config, client=client, delay=delay)
    await pair.connect()
    return pair


def held(pair: Pair) -> int:
    """Bytes that the server holds for data that it cannot deliver yet."""
    streams = engine_of(pair)._streams.values()
    return sum(len(stream.receiver._buffer) for stream in streams)


def upload(pair: Pair, size: int, *, end_stream: bool = False) -> int:
    stream_id = pair.client.open()
    pair.client.send(stream_id, bytes(size), end_stream=end_stream)
    return stream_id


# Priorities


async def test_the_priority_of_a_stream_is_forgotten_with_it() -> None:
    pair = await connected()
    stream_id = upload(pair, 1, end_stream=True)
    await pair.drive()
    pair.transport.set_priority(stream_id, 1, True)
    pair.transport.send(stream_id, b"response", end_stream=True)
    await pair.drive()
    assert not engine_of(pair).priorities


async def test_a_stream_that_is_gone_has_no_priority() -> None:
    pair = await connected()
    pair.transport.set_priority(0, 1, True)
    assert not engine_of(pair).priorities


# Credit


async def test_an_upload_that_nobody_reads_stops_exactly_at_its_window() -> None:
    pair = await connected()
    stream_id = upload(pair, 2 * WINDOW)
    await pair.drive()
    assert len(pair.recorded.received(stream_id)) == WINDOW
    await pair.advance(5)
    assert len(pair.recorded.received(stream_id)) == WINDOW


async def test_an_upload_goes_on_by_as_much_as_was_read() -> None:
    pair = await connected()
    stream_id = upload(pair, 2 * WINDOW)
    await pair.drive()
    pair.transport.grant(stream_id, WINDOW // 2)
    await pair.drive()
    assert len(pair.recorded.received(stream_id)) == WINDOW + WINDOW // 2


async def test_an_upload_that_is_read_comes_in_whole() -> None:
    def read_all(transport: QuicTransport) -> RecordingInputs:
        class Reader(RecordingInputs):
            def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
                super().stream_data_received(stream_id, data, end_stream)
                transport.grant(stream_id, len(data))

        return Reader()

    pair = Pair(read_all)
    await pair.connect()
    stream_id = upload(pair, 3 * CONNECTION_WINDOW, end_stream=True)
    await pair.drive()
    assert len(pair.recorded.received(stream_id)) == 3 * CONNECTION_WINDOW
    assert pair.recorded.ended(stream_id)


async def test_all_unread_uploads_together_stop_exactly_at_the_connections_window() -> None:
    pair = await connected()
    streams = [upload(pair, WINDOW) for _ in range(6)]
    await pair.drive()
    assert sum(len(pair.recorded.received(each)) for each in streams) == CONNECTION_WINDOW


async def test_granting_more_than_came_gives_no_more_credit() -> None:
    pair = await connected()
    stream_id = upload(pair, 100)
    await pair.drive()
    pair.transport.grant(stream_id, 10 * WINDOW)
    pair.client.send(stream_id, bytes(2 * WINDOW))
    await pair.drive()
    assert len(pair.recorded.received(stream_id)) == WINDOW


async def test_frames_far_ahead_hold_no_more_than_the_connections_window() -> None:
    """reference: nine of these made stock aioquic allocate 268 MB."""
    pair = await connected()
    for _ in range(9):
        for stream_id in range(0, 16, 4):
            pair.client.inject(stream_frame(stream_id, b"x", WINDOW - 1))
        await pair.drive()
    assert held(pair) == CONNECTION_WINDOW
    assert pair.client.terminated is None


async def test_a_frame_ahead_of_the_connections_window_ends_the_connection() -> None:
    """RFC 9000 §4.1: FLOW_CONTROL_ERROR."""
    pair = await connected()
    for stream_id in range(0, 20, 4):
        pair.client.inject(stream_frame(stream_id, b"x", WINDOW - 1))
    await pair.drive()
    assert pair.client.terminated is not None
    assert pair.client.terminated.error_code == 0x3
    assert pair.recorded.named("connection_terminated") == [
        (0x3, "QUIC error 0x3: Over connection data limit")
    ]


async def test_a_frame_ahead_of_its_streams_window_ends_the_connection() -> None:
    pair = await connected()
    pair.client.inject(stream_frame(0, b"x", WINDOW))
    await pair.drive()
    assert pair.client.terminated is not None
    assert pair.client.terminated.error_code == 0x3


async def test_uploads_that_we_stop_do_not_use_up_the_connection() -> None:
    pair = await connected()
    for _ in range(10):
        stream_id = upload(pair, WINDOW)
        await pair.drive()
        assert len(pair.recorded.received(stream_id)) == WINDOW
        pair.transport.stop_sending(stream_id, 0x100)
        pair.transport.send(stream_id, b"", end_stream=True)
        await pair.drive()


async def test_what_comes_on_a_stopped_stream_is_dropped_and_credited() -> None:
    pair = await connected()
    streams = [upload(pair, 1) for _ in range(6)]
    await pair.drive()
    pair.loses_to_client = lambda number: True  # so the client goes on, as if it did not care
    for stream_id in streams:
        pair.transport.stop_sending(stream_id, 0x100)
        for offset in range(1, WINDOW, 1100):
            size = min(1100, WINDOW - offset)
            pair.client.inject(stream_frame(stream_id, bytes(size), offset))
        await pair.drive(0)
        assert pair.recorded.received(stream_id) == b"\0"
    assert pair.recorded.named("connection_terminated") == []


async def test_uploads_that_the_client_resets_do_not_use_up_the_connection() -> None:
    pair = await connected()
    for _ in range(10):
        stream_id = upload(pair, WINDOW)
        await pair.drive()
        pair.client.reset(stream_id, 0x10C)
        await pair.drive()
    assert len(pair.recorded.named("stream_reset")) == 10
    assert pair.client.terminated is None


async def test_a_reset_counts_what_will_never_come() -> None:
    """RFC 9000 §4.5: the final size is charged to the connection, and credited by us."""
    pair = await connected()
    for stream_id in range(0, 40, 4):
        final_size = b"".join(map(encode_uint_var, (stream_id, 0x10C, WINDOW)))
        pair.client.inject((0x04, final_size))
        await pair.drive()
    assert len(pair.recorded.named("stream_reset")) == 10
    assert pair.client.terminated is None


async def test_requests_whose_bodies_are_never_read_do_not_use_up_the_connection() -> None:
    pair = await connected()
    for _ in range(30):
        stream_id = upload(pair, 100 * KIB, end_stream=True)
        await pair.drive()
        assert pair.recorded.ended(stream_id)
        pair.transport.send(stream_id, b"early answer", end_stream=True)
        await pair.drive()


async def test_credit_that_is_lost_on_the_way_is_sent_again() -> None:
    pair = await connected(delay=0.01)
    rng = random.Random(1)
    pair.loses_to_client = lambda number: rng.random() < 0.2
    stream_id = upload(pair, 4 * WINDOW, end_stream=True)
    while not pair.recorded.ended(stream_id):
        before = len(pair.recorded.received(stream_id))
        await pair.drive(10)
        pair.transport.grant(stream_id, WINDOW)
        await pair.drive(10)
        assert len(pair.recorded.received(stream_id)) > before


# Gaps


async def test_a_stream_in_shreds_ends_the_connection() -> None:
    """Each gap makes each further frame dearer: 100,000 of them cost minutes."""
    pair = await connected()
    for start in range(1, 1200, 200):
        frames = [stream_frame(0, b"x", offset) for offset in range(start, start + 200, 2)]
        pair.client.inject(*frames)
    await pair.drive()
    assert pair.client.terminated is not None
    assert pair.client.terminated.reason_phrase == "Too many gaps"


async def test_a_handshake_in_shreds_ends_the_connection() -> None:
    pair = Pair()
    crypto = CryptoPair()
    crypto.setup_initial(cid=b"original", is_client=True, version=VERSION_1)
    for number in range(4):
        pair.socket.inbox.append((shredded_initial(crypto, number), ("192.0.2.1", 1)))
    pair.loop.readers[pair.socket]()
    assert len(pair.endpoint.connections) == 1
    await pair.drive()
    assert pair.endpoint.connections == []


def shredded_initial(crypto: CryptoPair, number: int) -> bytes:
    """An Initial packet with 100 CRYPTO frames of one byte, no two of which touch."""
    builder = QuicPacketBuilder(
        host_cid=b"client",
        peer_cid=b"original",
        version=VERSION_1,
        is_client=True,
        max_datagram_size=1200,
        packet_number=number,
    )
    builder.start_packet(QuicPacketType.INITIAL, crypto)
    for index in range(100):
        body = encode_uint_var(1 + 2 * (100 * number + index)) + b"\x01x"
        builder.start_frame(0x06, capacity=1 + len(body)).push_bytes(body)
    datagrams, _ = builder.flush()
    return datagrams[0]


async def test_frames_out_of_order_are_put_in_order() -> None:
    pair = await connected()
    data = bytes(range(100))
    for offset in (50, 75, 25, 0):
        pair.client.inject(stream_frame(0, data[offset : offset + 25], offset))
    await pair.drive()
    assert pair.recorded.received(0) == data


# Acknowledgements


async def test_an_acknowledgement_rides_with_the_response() -> None:
    def answer(transport: QuicTransport) -> RecordingInputs:
        class Answer(RecordingInputs):
            def stream_data_received(self, stream_id: int, data: bytes, end_stream: bool) -> None:
                transport.send(stream_id, b"response", end_stream=True)

        return Answer()

    pair = Pair(answer)
    await pair.connect()
    before = len(pair.to_client)
    upload(pair, 50, end_stream=True)
    await pair.drive()
    assert len(pair.to_client) - before == 1


async def test_an_acknowledgement_with_nothing_to_ride_with_waits_for_its_time() -> None:
    pair = await connected()
    before = len(pair.to_client)
    upload(pair, 50)
    await pair.drive(0)
    assert len(pair.to_client) == before
    await pair.drive()
    assert len(pair.to_client) - before == 1


async def test_an_acknowledgement_that_the_pacer_holds_back_keeps_its_time() -> None:
    pair = await connected()
    upload(pair, 50)
    await pair.drive(0)
    connection = engine_of(pair)
    space, pacer = connection._spaces[Epoch.ONE_RTT], connection._loss._pacer
    due = space.ack_at
    pacer.packet_time, pacer.bucket_time, pacer.bucket_max = 1.0, 0.0, 0.0
    connection.send(0, b"held back", False)
    assert connection.datagrams_to_send(pair.loop.now) == []
    assert space.ack_at == due is not None


# The end


async def test_the_peers_close_is_told_in_the_pass_in_which_it_arrives() -> None:
    pair = await connected()
    pair.client.close(0x107, "enough")
    await pair.drive(0)
    assert pair.recorded.named("connection_terminated") == [(0x107, "enough")]
    assert pair.endpoint.connections == []


async def test_the_end_is_told_once() -> None:
    pair = await connected()
    connection = engine_of(pair)
    pair.transport.close(0x107)
    await pair.drive(0)
    connection.observer = again = EngineTransport(connection, pair.endpoint, Config())
    connection.handle_timer(pair.loop.now + 60)
    assert connection.is_closed
    assert again.phase is Phase.HANDSHAKE


async def test_a_connection_that_has_ended_needs_no_collector_to_be_freed() -> None:
    pair = await connected()
    connection = engine_of(pair)
    parts = [weakref.ref(each) for each in (connection.tls, connection._loss, connection.credit)]
    del connection
    gc.disable()
    try:
        pair.client.close(0x107)
        await pair.drive(0)
        assert [part() for part in parts] == [None, None, None]
    finally:
        gc.enable()


async def test_data_that_came_with_the_close_is_told_before_it() -> None:
    pair = await connected()
    close = encode_uint_var(0x100) + b"\x00"
    pair.client.inject(stream_frame(0, b"last words"), (0x1D, close))
    await pair.drive(0)
    assert [event[0] for event in pair.recorded.events] == [
        "stream_data_received",
        "connection_terminated",
    ]


async def test_an_idle_connection_ends_without_a_code() -> None:
    pair = await connected(Config(idle_timeout=5))
    await pair.advance(3.9)
    assert pair.recorded.named("connection_terminated") == []
    await pair.advance(1.2)
    assert pair.recorded.named("connection_terminated") == [(0, "Idle timeout")]


async def test_a_long_reason_is_cut_so_that_it_fits_the_packet() -> None:
    pair = await connected()
    pair.transport.close(0x102, "é" * 5000)
    await pair.drive()
    assert pair.client.terminated is not None
    assert pair.client.terminated.reason_phrase == "é" * MAX_REASON


async def test_a_long_reason_fits_before_the_handshake_is_done() -> None:
    pair = Pair()
    pair.loses_to_client = lambda number: True
    await pair.connect()
    (connection,) = pair.endpoint.connections
    pair.loses_to_client = lambda number: False
    connection.close(0x102, "\N{CRAB}" * 5000)
    await pair.drive(0)
    assert pair.client.terminated is not None
    assert pair.client.terminated.error_code == 0x0C  # APPLICATION_ERROR (RFC 9000 §10.2.3)


async def test_a_broken_frame_ends_the_connection() -> None:
    pair = await connected()
    pair.client.inject((0x40, b""))  # no type of any QUIC version
    await pair.drive()
    ((code, reason),) = pair.recorded.named("connection_terminated")
    assert code == 0x7
    assert str(reason).startswith("QUIC error 0x7: ")


# Verbs


async def test_no_verb_raises_on_a_stream_that_is_gone() -> None:
    pair = await connected()
    stream_id = upload(pair, 10, end_stream=True)
    await pair.drive()
    pair.transport.send(stream_id, b"bye", end_stream=True)
    await pair.drive()
    assert stream_id not in engine_of(pair)._streams
    for gone in (stream_id, 400, 401, 402, 403):
        pair.transport.send(gone, b"late", end_stream=True)
        pair.transport.reset(gone, 0x102)
        pair.transport.stop_sending(gone, 0x100)
        pair.transport.grant(gone, 10)
        assert engine_of(pair).unsent(gone) == 0
    await pair.drive()
    assert pair.client.terminated is None


async def test_no_verb_raises_on_half_a_stream() -> None:
    pair = await connected()
    theirs = pair.client.open(is_unidirectional=True)
    pair.client.send(theirs, b"data")
    ours = pair.transport.open_uni_stream()
    await pair.drive()
    pair.transport.send(theirs, b"", end_stream=True)
    pair.transport.reset(theirs, 0x102)
    pair.transport.stop_sending(ours, 0x100)
    pair.transport.grant(ours, 10)
    await pair.drive()
    assert pair.client.terminated is None
    assert pair.client.stops == {}


async def test_a_reset_after_the_end_was_acknowledged_does_nothing() -> None:
    pair = await connected()
    stream_id = upload(pair, 10)
    await pair.drive()
    pair.transport.send(stream_id, b"all", end_stream=True)
    await pair.drive()
    pair.transport.reset(stream_id, 0x102)
    await pair.drive()
    assert pair.client.resets == {}


async def test_stopping_after_the_end_arrived_sends_nothing() -> None:
    pair = await connected()
    stream_id = upload(pair, 10, end_stream=True)
    await pair.drive()
    pair.transport.stop_sending(stream_id, 0x100)
    await pair.drive()
    assert pair.client.stops == {}


async def test_unsent_counts_what_was_never_in_a_packet() -> None:
    pair = await connected(client=Client(max_stream_data=10_000))
    stream_id = upload(pair, 10)
    await pair.drive()
    pair.client.stop_reading()
    pair.transport.send(stream_id, bytes(30_000))
    assert engine_of(pair).unsent(stream_id) == 30_000
    await pair.drive()
    assert engine_of(pair).unsent(stream_id) == 20_000


async def test_bytes_in_flight_are_not_unsent() -> None:
    pair = await connected()
    stream_id = upload(pair, 10)
    await pair.drive()
    pair.loses_to_client = lambda number: True
    pair.transport.send(stream_id, bytes(5000))
    await pair.drive(0.01)
    assert engine_of(pair).unsent(stream_id) == 0
    assert not engine_of(pair).is_delivered


async def test_a_peer_is_answered_when_it_has_acknowledged_the_end_of_each_of_its_streams() -> None:
    pair = await connected()
    answered, reset = upload(pair, 10, end_stream=True), upload(pair, 10, end_stream=True)
    await pair.drive()
    pair.loses_to_client = lambda number: True
    pair.transport.send(answered, b"response", end_stream=True)
    pair.transport.reset(reset, 0x10C)
    await pair.drive(0.01)
    assert not engine_of(pair).is_answered

    pair.loses_to_client = lambda number: False
    await pair.drive()

    assert engine_of(pair).is_answered


async def test_what_we_say_unasked_leaves_a_peer_answered() -> None:
    pair = await connected()
    pair.loses_to_client = lambda number: True
    pair.transport.send(pair.transport.open_uni_stream(), b"GOAWAY")
    await pair.drive(0.01)
    assert engine_of(pair).is_answered
    assert not engine_of(pair).is_delivered


async def test_a_stream_that_is_reset_frees_what_it_was_to_send() -> None:
    pair = await connected(client=Client(max_stream_data=10_000))
    stream_id = upload(pair, 10)
    await pair.drive()
    pair.client.stop_reading()
    pair.transport.send(stream_id, bytes(30_000))
    await pair.drive()
    pair.loses_to_server = lambda number: True  # nothing is acknowledged any more
    pair.transport.reset(stream_id, 0x102)
    assert len(engine_of(pair)._streams[stream_id].sender._buffer) == 0
    assert engine_of(pair).unsent(stream_id) == 0


async def test_a_second_later_a_send_buffer_has_no_more_room_than_it_needs() -> None:
    pair = await connected()
    stream_id = upload(pair, 10)
    await pair.drive()
    sender = engine_of(pair)._streams[stream_id].sender
    sender._buffer += bytes(100_000)
    del sender._buffer[:40_000]  # as when it is acknowledged
    assert sender._buffer.__alloc__() > 60_000 + SLACK
    await pair.advance(2)
    assert sender._buffer == bytes(60_000)
    assert sender._buffer.__alloc__() <= 60_000 + SLACK


async def test_a_stream_that_is_stopped_frees_what_it_was_to_send() -> None:
    pair = await connected(client=Client(max_stream_data=10_000))
    stream_id = upload(pair, 10)
    await pair.drive()
    pair.client.stop_reading()
    pair.transport.send(stream_id, bytes(30_000))
    await pair.drive()
    pair.client.stop_sending(stream_id, 0x10C)
    await pair.drive()
    assert len(engine_of(pair)._streams[stream_id].sender._buffer) == 0


async def test_a_stream_that_the_peer_resets_frees_what_waited_behind_a_gap() -> None:
    pair = await connected()
    pair.client.inject(stream_frame(0, b"x", WINDOW - 1))
    await pair.drive()
    assert held(pair) == WINDOW
    pair.client.inject((0x04, b"".join(map(encode_uint_var, (0, 0x10C, WINDOW)))))
    await pair.drive()
    assert held(pair) == 0
    assert pair.recorded.named("stream_reset") == [(0, 0x10C)]


async def test_a_request_leaves_nothing_behind() -> None:
    pair = await connected()
    for _ in range(20):
        stream_id = upload(pair, 100, end_stream=True)
        await pair.drive()
        pair.transport.grant(stream_id, 40)
        pair.transport.stop_sending(stream_id, 0x100)
        pair.transport.send(stream_id, b"response", end_stream=True)
        await pair.drive()
    connection = engine_of(pair)
    assert connection._streams == {}
    assert connection.credit._streams == {}
    assert connection.credit._stopped == set()


# Counts


async def test_no_more_streams_are_open_at_once_than_we_allow() -> None:
    pair = await connected(Config(max_concurrent_streams=2))
    streams = [upload(pair, 10, end_stream=True) for _ in range(3)]
    await pair.drive()
    assert [pair.recorded.ended(each) for each in streams] == [True, True, False]
    pair.transport.send(streams[0], b"", end_stream=True)
    await pair.drive()
    assert pair.recorded.ended(streams[2])


async def test_a_client_may_open_so_many_unidirectional_streams() -> None:
    pair = await connected()
    for _ in range(MAX_UNI_STREAMS + 1):
        pair.client.send(pair.client.open(is_unidirectional=True), b"x")
    await pair.drive()
    assert len(pair.recorded.named("stream_data_received")) == MAX_UNI_STREAMS


# DATAGRAM frames


async def test_datagrams_go_both_ways() -> None:
    pair = await connected()
    pair.client.quic.send_datagram_frame(b"ping")
    pair.transport.send_datagram(b"pong")
    await pair.drive()
    assert pair.recorded.named("datagram_received") == [(b"ping",)]
    assert pair.client.datagrams == [b"pong"]


async def test_a_datagram_that_fits_no_packet_is_dropped_and_blocks_nothing() -> None:
    pair = await connected()
    pair.transport.send_datagram(bytes(1200))
    pair.transport.send_datagram(b"behind it")
    await pair.drive()
    assert pair.client.datagrams == [b"behind it"]


async def test_the_largest_datagram_that_is_accepted_arrives() -> None:
    pair = await connected()
    queue = engine_of(pair)._datagrams_pending
    size = 1200
    while not queue:
        size -= 1
        pair.transport.send_datagram(bytes(size))
    await pair.drive()
    assert [len(data) for data in pair.client.datagrams] == [size]
    assert size > 1100


async def test_datagrams_to_a_peer_that_takes_none_are_dropped() -> None:
    client = Client()
    client.quic.configuration.max_datagram_frame_size = None
    pair = await connected(client=client)
    assert not pair.transport.send_datagram(b"unwanted")
    assert not pair.transport.send_datagram(b"")
    assert pair.transport.max_datagram == 0
    await pair.drive()
    assert pair.client.datagrams == []
    assert pair.client.terminated is None


async def test_so_many_datagrams_wait_and_no_more() -> None:
    pair = await connected(config=Config(max_pending_datagrams=5))
    taken = [pair.transport.send_datagram(b"x") for _ in range(6)]
    assert taken == [True] * 5 + [False]
    await pair.drive()
    assert len(pair.client.datagrams) == 5


async def test_a_client_answers_on_a_stream_that_we_opened() -> None:
    pair = await connected()
    stream_id = pair.transport.open_bidi_stream()
    pair.transport.send(stream_id, b"question")
    await pair.drive()
    pair.client.send(stream_id, b"answer", end_stream=True)
    await pair.drive()
    assert pair.recorded.received(stream_id) == b"answer"
    assert pair.recorded.ended(stream_id)


async def test_a_stream_beyond_what_the_client_allows_waits_until_it_may() -> None:
    pair = await connected()
    limit = 128  # aioquic's
    ids = [pair.transport.open_bidi_stream() for _ in range(limit + 1)]
    for stream_id in ids:
        pair.transport.send(stream_id, b"x", end_stream=True)
    await pair.drive()
    assert pair.client.received(ids[-1]) == b""
    for stream_id in ids[:limit]:
        pair.client.send(stream_id, b"", end_stream=True)
    await pair.drive()
    assert pair.client.received(ids[-1]) == b"x"


# Loss


@pytest.mark.parametrize("seed", range(3))
async def test_all_arrives_over_a_bad_link(seed: int) -> None:
    pair = await connected(delay=0.02)
    to_server, to_client = random.Random(seed), random.Random(seed + 100)
    pair.loses_to_server = lambda number: to_server.random() < 0.05
    pair.loses_to_client = lambda number: to_client.random() < 0.05
    data = to_server.randbytes(200_000)
    stream_id = pair.client.open()
    pair.client.send(stream_id, data, end_stream=True)
    await pair.drive(60)
    pair.transport.send(stream_id, data, end_stream=True)
    await pair.drive(60)
    assert pair.recorded.received(stream_id) == data
    assert pair.client.received(stream_id) == data
    assert stream_id in pair.client.fins


async def test_a_close_when_delivered_waits_for_flow_control() -> None:
    pair = await connected(client=Client(max_stream_data=10_000))
    stream_id = upload(pair, 10, end_stream=True)
    await pair.drive()
    pair.client.stop_reading()
    pair.transport.send(stream_id, bytes(30_000), end_stream=True)
    pair.transport.close(0x100, when_delivered=True)
    await pair.drive()
    assert pair.recorded.named("connection_terminated") == []
    pair.client.resume_reading()
    await pair.drive()
    assert stream_id in pair.client.fins
    assert pair.recorded.named("connection_terminated") == [(0x100, "")]


async def test_a_close_when_delivered_outlives_loss() -> None:
    pair = await connected(delay=0.02)
    stream_id = upload(pair, 10, end_stream=True)
    await pair.drive()
    losing = iter([True] * 3)
    pair.loses_to_client = lambda number: next(losing, False)
    pair.transport.send(stream_id, bytes(100_000), end_stream=True)
    pair.transport.close(0x100, when_delivered=True)
    await pair.drive(30)
    assert len(pair.client.received(stream_id)) == 100_000
    assert pair.recorded.named("connection_terminated") == [(0x100, "")]


def test_frames_can_be_made_by_hand() -> None:
    frame: Frame = stream_frame(4, b"data", 9, fin=True)
    assert frame == (0x0F, b"\x04\x09\x04data")
