"""Packet numbers: what is skipped, what may be acknowledged, and when keys are changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.tls import Epoch
from hypothesis import given
from hypothesis.strategies import integers, sets

from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.internals import Buffer
from h3producer.quic.aioquic.numbers import (
    ACKS_PER_PACKET,
    FIRST_SKIP,
    KEY_LIFETIME,
    MAX_SKIP,
    skip_ack,
)
from tests.conformance.quic_frames import HANDSHAKE_DONE, ack
from tests.quic.rogue_client import RogueClient, rogue_pair

if TYPE_CHECKING:
    from tests.pair import Pair

VIOLATION = "transport close PROTOCOL_VIOLATION"


def engine_of(pair: Pair) -> AioquicConnection:
    connection = pair.transport._connection
    assert isinstance(connection, AioquicConnection)
    return connection


async def download(pair: Pair, client: RogueClient, packets: int) -> None:
    """Have the server send so many packets or a few more."""
    stream_id = client.open()
    client.send(stream_id, b"a request", end_stream=True)
    await pair.drive()
    pair.transport.send(stream_id, bytes(1150 * packets), end_stream=True)
    await pair.drive(30)
    assert len(client.received(stream_id)) == 1150 * packets


async def test_an_ack_of_the_next_packet_is_a_violation() -> None:
    pair, client = await rogue_pair()
    client.inject_octets(ack(engine_of(pair)._packet_number))
    await pair.drive()
    assert str(client.server_close) == VIOLATION


async def test_an_ack_of_the_last_packet_is_fine() -> None:
    pair, client = await rogue_pair()
    client.inject_octets(ack(engine_of(pair)._packet_number - 1))
    await pair.drive()
    assert client.server_close is None


async def test_a_download_skips_a_number_and_a_client_that_acks_what_came_does_not_mind() -> None:
    pair, client = await rogue_pair(max_data=1 << 24, max_stream_data=1 << 24)
    await download(pair, client, 4 * FIRST_SKIP)
    assert engine_of(pair).skipped >= FIRST_SKIP
    assert client.server_close is None


@pytest.mark.parametrize(
    ("first_range", "ranges"),
    [(5, ()), (2, ((0, 1),)), (0, ((0, 0), (0, 1)))],
    ids=["in the first range", "in the second range", "in the third range"],
)
async def test_an_ack_of_a_skipped_number_is_a_violation(
    first_range: int, ranges: tuple[tuple[int, int], ...]
) -> None:
    pair, client = await rogue_pair()
    engine = engine_of(pair)
    engine.next_count = 0
    await download(pair, client, 5)
    client.inject_octets(ack(engine.skipped + 4, first_range, *ranges))
    await pair.drive()
    assert str(client.server_close) == VIOLATION


async def test_an_ack_around_a_skipped_number_is_fine() -> None:
    pair, client = await rogue_pair()
    engine = engine_of(pair)
    engine.next_count = 0
    await download(pair, client, 5)
    client.inject_octets(ack(engine.skipped + 3, 2, (0, 1)))
    await pair.drive()
    assert client.server_close is None


def ack_of(numbers: set[int]) -> bytes:
    """An ACK frame for exactly these."""
    runs: list[tuple[int, int]] = []  # lowest and highest, from the top down
    for number in sorted(numbers, reverse=True):
        if runs and runs[-1][0] == number + 1:
            runs[-1] = (number, runs[-1][1])
        else:
            runs.append((number, number))
    (low, high), *others = runs
    ranges = []
    for lower, upper in others:
        ranges.append((low - upper - 2, upper - lower))
        low = lower
    return ack(high, high - runs[0][0], *ranges)


@given(numbers=sets(integers(0, 40), min_size=1), skipped=integers(0, 40))
def test_a_skipped_number_is_found_in_whatever_range_it_is(numbers: set[int], skipped: int) -> None:
    connection = AioquicConnection(QuicConfiguration())
    connection.skipped = skipped
    buf = Buffer(data=ack_of(numbers))
    frame_type = buf.pull_uint_var()
    start = buf.tell()
    assert connection.acknowledges_skipped(buf) is (skipped in numbers)
    assert buf.tell() == start
    skip_ack(frame_type, buf)
    assert buf.eof()


async def test_numbers_are_skipped_ever_more_rarely() -> None:
    """Each gap makes the client's ACK frames longer for a while."""
    pair, _ = await rogue_pair()
    engine = engine_of(pair)
    distances = []
    for _ in range(16):
        engine._packet_number = engine.next_count
        engine.count()
        distances.append(engine.next_count - engine._packet_number)
    assert FIRST_SKIP <= distances[0] < 2 * FIRST_SKIP
    assert MAX_SKIP // 2 <= distances[-1] < MAX_SKIP


async def test_keys_are_changed_before_they_are_worn_out() -> None:
    """RFC 9001 §6.6: 2^23 packets with AES-GCM."""
    pair, client = await rogue_pair()
    engine = engine_of(pair)
    phase = client.rogue._cryptos[Epoch.ONE_RTT].recv.key_phase
    engine.next_keys = engine.next_count = engine._packet_number
    await download(pair, client, 5)
    assert client.rogue._cryptos[Epoch.ONE_RTT].recv.key_phase != phase
    assert KEY_LIFETIME < engine.next_keys < 2 * KEY_LIFETIME
    await download(pair, client, 5)


async def test_keys_are_not_changed_again_before_the_client_has_shown_that_it_has_them() -> None:
    """RFC 9001 §6.1: packets under keys that it could not follow to would be noise to it."""
    pair, client = await rogue_pair()
    engine = engine_of(pair)
    keys = engine._cryptos[Epoch.ONE_RTT]
    pair.loses_to_client = lambda number: True
    for _ in range(2):
        engine.request_key_update()
        assert keys.key_phase == 1
        engine.send_ping(1)
        await pair.drive(0.0)
    pair.loses_to_client = lambda number: False
    await download(pair, client, 5)
    engine.request_key_update()
    assert keys.key_phase == 0
    await download(pair, client, 5)


@pytest.mark.parametrize(
    ("before", "counts"), [(ACKS_PER_PACKET - 1, True), (ACKS_PER_PACKET, False)]
)
async def test_so_many_acks_of_a_packet_count(before: int, counts: bool) -> None:
    pair, client = await rogue_pair()
    pair.loses_to_client = lambda number: True
    pair.transport.send(pair.transport.open_uni_stream(), b"in flight")
    await pair.drive(0)
    sent = engine_of(pair)._spaces[Epoch.ONE_RTT].sent_packets
    client.inject_octets(ack(0) * before + ack(max(sent)))
    in_flight = len(sent)
    await pair.drive(0)
    assert (len(sent) < in_flight) is counts


@pytest.mark.parametrize(
    "acknowledgement",
    [ack(3), ack(9, 1, (0, 0), (1, 1)), b"\x03" + ack(9, 0, (0, 0))[1:] + bytes(3)],
    ids=["one range", "three ranges", "with ECN counts"],
)
async def test_what_stands_behind_an_ack_that_does_not_count_is_read(
    acknowledgement: bytes,
) -> None:
    pair, client = await rogue_pair()
    engine_of(pair)._packet_number = 10
    client.inject_octets(ack(0) * ACKS_PER_PACKET + acknowledgement + HANDSHAKE_DONE)
    await pair.drive()
    assert client.server_close is not None
    assert client.server_close.reason == "Clients must not send HANDSHAKE_DONE frames"
