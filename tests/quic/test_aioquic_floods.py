"""What a connection holds under floods of QUIC's own frames: it has a bound, whatever comes.

`tests/conformance/cases/floods.py` has the same floods over UDP, with a neighbour beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aioquic.tls import Epoch

from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.limits import MAX_CONNECTION_IDS
from tests.conformance.octets import varint
from tests.conformance.quic_frames import PING, integers, new_connection_id, path_challenge
from tests.conformance.rogue import Lies
from tests.quic.rogue_client import RogueClient, rogue_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.pair import Pair

PACKETS = 100
RETIRE = b"\x19"


def engine_of(pair: Pair) -> AioquicConnection:
    connection = pair.transport._connection
    assert isinstance(connection, AioquicConnection)
    return connection


async def flooded(payloads: Iterable[bytes], *, at_once: int = 10) -> tuple[Pair, RogueClient]:
    """A pair whose client has sent each of these in a packet of its own."""
    pair, client = await rogue_pair(Lies(issues_ids=False))
    client.rogue._local_active_connection_id_limit = 10_000  # it minds our new ones otherwise
    for number, payload in enumerate(payloads):
        if client.server_close is not None:
            break
        client.inject_octets(payload)
        if number % at_once == at_once - 1:
            await pair.drive(0)
    return pair, client


def challenges(packet: int) -> bytes:
    return b"".join(path_challenge(integers(packet * 50 + each).rjust(8)) for each in range(50))


FLOODS: dict[str, tuple[Callable[[int], bytes], Callable[[AioquicConnection], int], int]] = {
    "PATH_CHALLENGE": (
        challenges,
        lambda engine: sum(len(path.remote_challenges) for path in engine._network_paths),
        32,
    ),
    "NEW_CONNECTION_ID, each retires the one before": (
        lambda packet: new_connection_id(packet + 1, packet + 1),
        lambda engine: (
            len(engine.peer_ids)
            + len(engine._peer_cid_sequence_numbers)
            + len(engine._peer_cid_available)
        ),
        4,
    ),
    "RETIRE_CONNECTION_ID": (
        lambda packet: RETIRE + varint(1 + packet % (MAX_CONNECTION_IDS - 1)),
        lambda engine: len(engine._host_cids),
        MAX_CONNECTION_IDS,
    ),
    "DATA_BLOCKED and STREAMS_BLOCKED": (
        lambda packet: (b"\x14" + varint(packet) + b"\x16" + varint(packet)) * 50,
        lambda engine: len(engine._events) + len(engine._streams),
        3,
    ),
    "PING": (lambda packet: PING * 500, lambda engine: len(engine._events), 0),
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_leaves_no_more_than_its_bound(flood: str) -> None:
    payload, held, bound = FLOODS[flood]
    pair, client = await flooded(map(payload, range(PACKETS)))
    assert client.server_close is None
    assert held(engine_of(pair)) <= bound


async def test_ids_that_are_issued_and_retired_leave_no_routes_behind() -> None:
    pair, _ = await flooded(RETIRE + varint(1 + number) for number in range(PACKETS))
    assert len(pair.transport.connection_ids) <= 9
    assert len(pair.endpoint._intake.routes) == len(pair.transport.connection_ids)


async def test_packets_with_gaps_between_their_numbers_leave_few_ranges() -> None:
    pair, client = await rogue_pair()
    for number in range(1000):
        client.inject_octets(PING, number=client.rogue._packet_number + 1)
        if number % 50 == 49:
            await pair.drive(0)
    space = engine_of(pair)._spaces[Epoch.ONE_RTT]
    assert len(space.ack_queue) <= 64
    assert len(space.received_packets._received) <= 256
    assert client.server_close is None


async def test_pings_are_answered_by_one_packet_for_many() -> None:
    pair, client = await rogue_pair()
    before = len(pair.to_client)
    for _ in range(200):
        client.inject_octets(PING)
    await pair.drive()
    assert len(pair.to_client) - before <= 200 // 64 + 1


async def test_challenges_beyond_what_is_held_are_not_answered() -> None:
    """So that one packet of ours answers one of theirs."""
    pair, client = await rogue_pair()
    before = sum(map(len, pair.to_client))
    for packet in range(10):
        client.inject_octets(challenges(packet).ljust(1100, b"\0"))
    await pair.drive()
    assert sum(map(len, pair.to_client)) - before < 10 * 1100


async def test_packets_from_many_addresses_leave_few_paths() -> None:
    pair, client = await rogue_pair()
    for number in range(200):
        pair._to_server(client.rogue.seal(PING), ("192.0.2.9", 1024 + number))
        await pair.drive(0)
    assert len(engine_of(pair)._network_paths) <= 8
