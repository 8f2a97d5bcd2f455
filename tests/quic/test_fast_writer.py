"""Our own packets, read by aioquic: which flushes are ours, and what its recovery is told.

The client of each pair is aioquic itself, so all that arrives has been read by somebody else.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import pytest
from aioquic.tls import CipherSuite, Epoch

from h3producer.config import Config
from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.flight import FlightPacket
from h3producer.quic.aioquic.pacing import BURST, MAX_BURST
from h3producer.quic.packets import VERSION_2
from tests.pair import Client, Pair

if TYPE_CHECKING:
    from types import FrameType

    from aioquic.quic.recovery import QuicPacketSpace

FAST = Config(fast_path=True)
MIB = 1 << 20


async def connected(client: Client | None = None, *, delay: float = 0.0) -> Pair:
    pair = Pair(config=FAST, client=client, delay=delay)
    await pair.connect()
    return pair


def engine_of(pair: Pair) -> AioquicConnection:
    connection = pair.transport._connection
    assert isinstance(connection, AioquicConnection)
    return connection


def space_of(pair: Pair) -> QuicPacketSpace:
    return engine_of(pair)._spaces[Epoch.ONE_RTT]


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


async def ask(pair: Pair) -> int:
    """A request that is whole."""
    stream_id = pair.client.open()
    pair.client.send(stream_id, b"GET", end_stream=True)
    await pair.drive()
    return stream_id


async def write_unheard(pair: Pair, stream_id: int, size: int = 100) -> list[bool]:
    """Send something that gets lost; return of each packet since whether it was ours."""
    first = engine_of(pair)._packet_number
    loses = pair.loses_to_client
    pair.loses_to_client = lambda number: True
    pair.transport.send(stream_id, bytes(size))
    await pair.drive(0)
    pair.loses_to_client = loses
    packets = space_of(pair).sent_packets
    return [isinstance(packets[number], FlightPacket) for number in packets if number >= first]


# What arrives


@pytest.mark.parametrize("size", [0, 1, 1100, 1143, 1144, 1200, 16_383, 16_384, 70_000, MIB])
async def test_aioquic_reads_what_we_wrote(size: int) -> None:
    pair = await connected()
    stream_id = await ask(pair)
    pair.transport.send(stream_id, content(size), end_stream=True)
    await pair.drive()
    assert pair.client.received(stream_id) == content(size)
    assert pair.client.fins == {stream_id}


@pytest.mark.parametrize(
    "cipher_suite",
    [CipherSuite.AES_256_GCM_SHA384, CipherSuite.CHACHA20_POLY1305_SHA256],
)
async def test_with_other_ciphers_too(cipher_suite: CipherSuite) -> None:
    client = Client()
    client.quic.configuration.cipher_suites = [cipher_suite]
    pair = await connected(client)
    stream_id = await ask(pair)
    pair.transport.send(stream_id, content(20_000), end_stream=True)
    await pair.drive()
    assert pair.client.received(stream_id) == content(20_000)
    assert engine_of(pair).tls.key_schedule.cipher_suite is cipher_suite  # type: ignore[union-attr]


async def test_in_quic_version_2_too() -> None:
    pair = await connected(Client(versions=[VERSION_2]))
    stream_id = await ask(pair)
    pair.transport.send(stream_id, content(20_000), end_stream=True)
    await pair.drive()
    assert pair.client.received(stream_id) == content(20_000)


async def test_losses_are_made_good() -> None:
    pair = await connected(delay=0.01)
    dice = random.Random(4)
    pair.loses_to_client = lambda number: dice.random() < 0.1
    pair.loses_to_server = lambda number: dice.random() < 0.1
    streams = [await ask(pair) for _ in range(3)]
    for stream_id in streams:
        pair.transport.send(stream_id, content(200_000 + stream_id), end_stream=True)
    await pair.drive(30.0)
    assert pair.client.fins == set(streams)
    for stream_id in streams:
        assert pair.client.received(stream_id) == content(200_000 + stream_id)


async def test_keys_change_in_the_middle_of_a_download() -> None:
    pair = await connected(delay=0.01)
    stream_id = await ask(pair)
    pair.transport.send(stream_id, content(300_000), end_stream=True)
    await pair.drive(0.05)
    pair.client.quic.request_key_update()
    pair.client.quic.send_ping(0)
    await pair.drive(0.05)
    engine_of(pair).request_key_update()
    await pair.drive(5.0)
    assert pair.client.received(stream_id) == content(300_000)


async def test_a_client_moves_in_the_middle_of_a_download() -> None:
    pair = await connected(delay=0.01)
    stream_id = await ask(pair)
    pair.transport.send(stream_id, content(300_000), end_stream=True)
    await pair.drive(0.05)
    pair.move(pair.client, ("198.51.100.9", 40000))
    pair.client.quic.send_ping(0)
    await pair.drive(5.0)
    assert pair.client.received(stream_id) == content(300_000)
    assert pair.transport.peer_address == ("198.51.100.9", 40000)


async def test_a_window_that_closes_and_opens_again() -> None:
    pair = await connected(Client(max_stream_data=10_000))
    stream_id = await ask(pair)
    pair.client.stop_reading()
    pair.transport.send(stream_id, content(50_000), end_stream=True)
    await pair.drive(1.0)
    assert len(pair.client.received(stream_id)) == 10_000
    pair.client.resume_reading()
    pair.client.quic.send_ping(0)
    await pair.drive()
    assert pair.client.received(stream_id) == content(50_000)


async def test_a_connections_window_that_closes_and_opens_again() -> None:
    pair = await connected(Client(max_data=30_000))
    streams = [await ask(pair) for _ in range(3)]
    pair.client.stop_reading()
    for stream_id in streams:
        pair.transport.send(stream_id, content(20_000), end_stream=True)
    await pair.drive(1.0)
    assert sum(len(pair.client.received(each)) for each in streams) == 30_000
    pair.client.resume_reading()
    pair.client.quic.send_ping(0)
    await pair.drive()
    assert all(pair.client.received(each) == content(20_000) for each in streams)


async def test_a_reset_and_a_stop_reach_the_client_though_lost_once() -> None:
    pair = await connected()
    stream_id = pair.client.open()
    pair.client.send(stream_id, b"half a request")
    await pair.drive()
    pair.loses_to_client = lambda number: True
    pair.transport.reset(stream_id, 0x10C)
    pair.transport.stop_sending(stream_id, 0x100)
    await pair.drive(0.01)
    pair.loses_to_client = lambda number: False
    await pair.drive()
    assert pair.client.resets == {stream_id: 0x10C}
    assert pair.client.stops == {stream_id: 0x100}


async def test_credit_reaches_the_client_though_lost_once() -> None:
    pair = await connected()
    stream_id = pair.client.open()
    pair.client.send(stream_id, bytes(FAST.request_buffer + 1000))
    await pair.drive()
    pair.loses_to_client = lambda number: True
    pair.transport.grant(stream_id, FAST.request_buffer)
    await pair.drive(0.01)
    pair.loses_to_client = lambda number: False
    await pair.drive()
    assert len(pair.recorded.received(stream_id)) == FAST.request_buffer + 1000


async def test_a_client_may_open_a_stream_for_each_that_ends() -> None:
    """RFC 9000 §4.6, MAX_STREAMS."""
    pair = await connected()
    for _ in range(3 * FAST.max_concurrent_streams):
        stream_id = await ask(pair)
        pair.transport.send(stream_id, b"response", end_stream=True)
        await pair.drive()
    assert pair.client.received(stream_id) == b"response"


async def test_what_is_over_is_forgotten() -> None:
    pair = await connected()
    for _ in range(10):
        stream_id = await ask(pair)
        pair.transport.send(stream_id, b"response", end_stream=True)
        await pair.drive()
    engine = engine_of(pair)
    assert (len(engine._streams), len(engine._streams_queue)) == (0, 0)
    assert (len(engine.queue), engine.over, engine.notices, engine.starved) == (0, [], {}, {})


async def test_an_upload_that_ends_after_its_response_is_forgotten_too() -> None:
    pair = await connected()
    stream_id = pair.client.open()
    pair.client.send(stream_id, b"half a request")
    await pair.drive()
    pair.transport.send(stream_id, b"response", end_stream=True)
    await pair.drive()
    pair.client.send(stream_id, b"", end_stream=True)
    await pair.drive()
    assert len(engine_of(pair)._streams) == 0


async def test_datagrams_arrive_in_order_beside_a_response() -> None:
    pair = await connected()
    stream_id = await ask(pair)
    datagrams = [bytes((number,)) * size for number, size in enumerate((0, 1, 600, 700, 1150))]
    for datagram in datagrams:
        pair.transport.send_datagram(datagram)
    pair.transport.send(stream_id, content(5000), end_stream=True)
    await pair.drive()
    assert pair.client.datagrams == datagrams
    assert pair.client.received(stream_id) == content(5000)


async def test_a_datagram_that_is_lost_is_lost() -> None:
    pair = await connected()
    pair.loses_to_client = lambda number: True
    pair.transport.send_datagram(b"datagram")
    await pair.drive(0)
    pair.loses_to_client = lambda number: False
    await pair.drive()
    assert pair.client.datagrams == []


# Which flushes are ours


async def test_everyday_packets_are_ours() -> None:
    pair = await connected()
    stream_id = await ask(pair)
    assert await write_unheard(pair, stream_id, 3000) == [True] * 3


async def test_without_the_fast_path_none_is() -> None:
    pair = Pair(config=Config(fast_path=False))
    await pair.connect()
    stream_id = await ask(pair)
    assert await write_unheard(pair, stream_id, 3000) == [False] * 3


async def test_a_ping_is_aioquics_and_the_next_flush_is_ours() -> None:
    pair = await connected()
    stream_id = await ask(pair)
    engine_of(pair).send_ping(1)
    assert await write_unheard(pair, stream_id) == [False]
    assert await write_unheard(pair, stream_id) == [True]


async def test_a_key_update_of_ours_begins_with_a_packet_of_aioquics() -> None:
    pair = await connected()
    stream_id = await ask(pair)
    engine_of(pair).request_key_update()
    assert await write_unheard(pair, stream_id) == [False]
    assert await write_unheard(pair, stream_id) == [True]


async def test_probes_are_aioquics() -> None:
    pair = await connected()
    stream_id = await ask(pair)
    engine_of(pair)._probe_pending = True
    assert await write_unheard(pair, stream_id) == [False]


async def test_answers_to_a_path_challenge_are_aioquics() -> None:
    pair = await connected()
    stream_id = await ask(pair)
    engine_of(pair)._network_paths[0].remote_challenges.append(bytes(8))
    assert await write_unheard(pair, stream_id) == [False]


async def test_a_path_that_is_not_proven_is_aioquics() -> None:
    pair = await connected()
    stream_id = await ask(pair)
    path = engine_of(pair)._network_paths[0]
    path.is_validated, path.bytes_received, path.bytes_sent = False, 10_000, 0
    assert await write_unheard(pair, stream_id) == [False]


async def test_what_aioquic_wrote_and_lost_is_sent_again() -> None:
    """Its packets announce nothing, so their loss makes us look around."""
    pair = await connected()
    stream_id = await ask(pair)
    engine_of(pair).send_ping(1)
    await write_unheard(pair, stream_id, 700)
    for _ in range(4):
        pair.transport.send(stream_id, bytes(700))
        await pair.drive(0.002)
    assert len(pair.client.received(stream_id)) == 5 * 700


async def test_who_ends_in_a_packet_of_aioquics_is_forgotten() -> None:
    pair = await connected()
    stream_id = await ask(pair)
    pair.transport.send(stream_id, b"response", end_stream=True)
    engine_of(pair).send_ping(1)
    await pair.drive()
    assert len(engine_of(pair)._streams) == 0


async def test_an_acknowledgement_comes_along_with_data_before_it_is_due() -> None:
    pair, engine, _ = await downloading()
    space = space_of(pair)
    space.ack_at = pair.loop.now + 0.001
    assert engine.datagrams_to_send(pair.loop.now)
    assert space.ack_at is None


async def test_an_acknowledgement_waits_where_there_is_no_data() -> None:
    pair = await connected()
    await ask(pair)
    engine, space = engine_of(pair), space_of(pair)
    space.ack_at = pair.loop.now + 0.001
    assert engine.datagrams_to_send(pair.loop.now) == []
    assert len(engine.datagrams_to_send(space.ack_at)) == 1


# What recovery is told


async def test_what_is_in_flight_is_counted_as_aioquic_counts() -> None:
    pair = await connected()
    stream_id = await ask(pair)
    await write_unheard(pair, stream_id, 3000)
    packets = [each for each in space_of(pair).sent_packets.values() if each.in_flight]
    assert engine_of(pair)._loss.bytes_in_flight == sum(each.sent_bytes for each in packets)
    assert space_of(pair).ack_eliciting_in_flight == len(packets) == 3


async def test_an_ack_alone_is_not_counted() -> None:
    pair = await connected()
    await ask(pair)  # answered by nothing but an acknowledgement
    assert engine_of(pair)._loss.bytes_in_flight == 0
    assert space_of(pair).ack_eliciting_in_flight == 0


async def test_no_more_is_in_flight_than_the_window_allows() -> None:
    pair = await connected()
    stream_id = await ask(pair)
    loss = engine_of(pair)._loss
    await write_unheard(pair, stream_id, 100_000)
    pair.loses_to_client = lambda number: True
    await pair.drive(0.01)  # the pacer lets the rest out, before anything counts as lost
    assert loss.congestion_window - 1200 < loss.bytes_in_flight <= loss.congestion_window


async def test_the_first_packet_after_a_silence_starts_the_idle_timer() -> None:
    pair = await connected()
    stream_id = await ask(pair)
    await pair.advance(20)
    await write_unheard(pair, stream_id)
    engine = engine_of(pair)
    assert engine._close_at == pytest.approx(pair.loop.now + engine._idle_timeout(), abs=0.01)


async def test_bytes_on_the_path_are_counted() -> None:
    pair = await connected()
    stream_id = await ask(pair)
    path = engine_of(pair)._network_paths[0]
    before, datagrams = path.bytes_sent, len(pair.to_client)
    pair.transport.send(stream_id, bytes(5000))
    await pair.drive()
    assert path.bytes_sent - before == sum(map(len, pair.to_client[datagrams:]))


# Who goes ahead


async def downloading() -> tuple[Pair, AioquicConnection, int]:
    """A client in the middle of a download, whose window lets more out than a burst; and the stream
    of another request."""
    pair = await connected(Client(max_data=8 * MIB, max_stream_data=8 * MIB), delay=0.0005)
    stream_id, other_id = await ask(pair), await ask(pair)
    pair.transport.send(stream_id, bytes(8 * MIB))
    await pair.drive(0.01)
    engine = engine_of(pair)
    assert engine.unsent(stream_id) > MIB
    pair.loop.now += 0.1
    return pair, engine, other_id


async def test_a_small_response_leaves_without_waiting_for_a_downloads_packets() -> None:
    pair, engine, stream_id = await downloading()
    engine.send(stream_id, b"small", end_stream=True)
    assert len(engine.datagrams_to_send(pair.loop.now)) == 1
    assert engine.next_timer() == pair.loop.now  # for the download, which goes on at once
    assert len(engine.datagrams_to_send(pair.loop.now)) > 1


async def test_where_a_response_went_ahead_bursts_are_short_for_a_while() -> None:
    pair, engine, _ = await downloading()
    assert engine._loss.congestion_window > 2 * MAX_BURST * 1200
    engine.haste_until = pair.loop.now + 0.001
    assert len(engine.datagrams_to_send(pair.loop.now)) == BURST
    assert engine.datagrams_to_send(pair.loop.now) == []
    pair.loop.now += 0.1
    assert len(engine.datagrams_to_send(pair.loop.now)) > BURST


async def test_small_responses_of_any_urgency_share_a_packet() -> None:
    pair = await connected()
    streams = [await ask(pair) for _ in range(8)]
    for urgency, stream_id in enumerate(streams):
        pair.transport.set_priority(stream_id, urgency, False)
        pair.transport.send(stream_id, b"small", end_stream=True)
    before = len(pair.to_client)
    await pair.drive(0)
    assert len(pair.to_client) - before == 1


async def test_an_urgent_response_is_whole_before_a_less_urgent_one_goes_on() -> None:
    """RFC 9218 §10, end to end."""
    pair = await connected(delay=0.001)
    images, page = await ask(pair), await ask(pair)
    pair.transport.set_priority(images, 5, False)
    pair.transport.send(images, bytes(MIB), end_stream=True)
    await pair.drive(0.01)
    pair.transport.set_priority(page, 0, False)
    pair.transport.send(page, bytes(30_000), end_stream=True)
    while page not in pair.client.fins:
        await pair.drive(0.001)
    assert images not in pair.client.fins
    assert len(pair.client.received(images)) < MIB // 2


# What it costs


class Calls:
    """Counts calls of Python functions."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Calls:
        sys.setprofile(self._called)
        return self

    def __exit__(self, *args: object) -> None:
        sys.setprofile(None)

    def _called(self, frame: FrameType, event: str, argument: object) -> None:
        self.count += event == "call"


async def calls_of_a_flush(*, stalled: int) -> int:
    """Function calls to build a response, beside downloads that their client has stalled."""
    pair = await connected(Client(max_stream_data=1000))
    pair.client.stop_reading()
    for _ in range(stalled):
        stream_id = await ask(pair)
        pair.transport.send(stream_id, bytes(2000))
        await pair.drive()
    engine = engine_of(pair)
    stream_id = await ask(pair)
    engine.send(stream_id, bytes(500), end_stream=True)
    with Calls() as calls:
        datagrams = engine.datagrams_to_send(pair.loop.now)
    assert len(datagrams) == 1
    return calls.count


async def test_a_hundred_stalled_downloads_cost_nothing() -> None:
    assert await calls_of_a_flush(stalled=100) == await calls_of_a_flush(stalled=0)
