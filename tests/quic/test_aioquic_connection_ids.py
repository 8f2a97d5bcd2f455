"""Which connection ids a client may issue, and which of ours it may retire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.connection_ids import PlainIds
from h3producer.quic.keys.stateless_reset import ResetTokens
from h3producer.quic.limits import MAX_CONNECTION_IDS, MAX_PEER_CONNECTION_IDS
from tests.conformance.quic_frames import integers, new_connection_id, path_challenge
from tests.conformance.rogue import Lies
from tests.pair import Pair
from tests.quic.rogue_client import rogue_pair

if TYPE_CHECKING:
    from h3producer.config import RetryMode

SILENT = Lies(issues_ids=False)
VIOLATION = "transport close PROTOCOL_VIOLATION"


def engine_of(pair: Pair) -> AioquicConnection:
    connection = pair.transport._connection
    assert isinstance(connection, AioquicConnection)
    return connection


def retire(sequence: int) -> bytes:
    """A RETIRE_CONNECTION_ID frame."""
    return b"\x19" + integers(sequence)


@pytest.mark.parametrize(
    ("frames", "ending"),
    [
        (new_connection_id(1, 2), "transport close FRAME_ENCODING_ERROR"),
        (new_connection_id(1) + new_connection_id(1, 0, b"abcdefgh"), VIOLATION),
        (new_connection_id(1, 0, b"abcdefgh") + new_connection_id(2, 0, b"abcdefgh"), VIOLATION),
        (new_connection_id(1) + new_connection_id(1), "None"),
        (new_connection_id(1) + new_connection_id(2, 2) + new_connection_id(1), "None"),
        (b"".join(map(new_connection_id, range(1, MAX_CONNECTION_IDS))), "None"),
        (
            b"".join(map(new_connection_id, range(1, MAX_CONNECTION_IDS + 1))),
            "transport close CONNECTION_ID_LIMIT_ERROR",
        ),
    ],
    ids=[
        "retires more than it issues",
        "two ids for one number",
        "two numbers for one id",
        "the same again",
        "the same again when it is retired",
        "as many as we take",
        "one more than we take",
    ],
)
async def test_new_connection_ids(frames: bytes, ending: str) -> None:
    pair, client = await rogue_pair(SILENT)
    client.inject_octets(frames)
    await pair.drive()
    assert str(client.server_close) == ending


async def test_a_client_without_connection_ids_issues_none() -> None:
    """RFC 9000 §19.15."""
    pair, client = await rogue_pair(Lies(id_length=0, issues_ids=False))
    client.inject_octets(new_connection_id(1))
    await pair.drive()
    assert str(client.server_close) == VIOLATION


async def test_a_client_cannot_take_back_its_last_id() -> None:
    """aioquic has given the only other one to a path that is being probed."""
    pair, client = await rogue_pair(SILENT)
    client.inject_octets(new_connection_id(1))
    await pair.drive()
    pair._to_server(client.rogue.seal(path_challenge()), ("192.0.2.9", 50009))
    await pair.drive()
    client.inject_octets(new_connection_id(1, 1))
    await pair.drive()
    assert str(client.server_close) == VIOLATION


async def test_what_is_remembered_of_ids_has_a_bound() -> None:
    pair, client = await rogue_pair(SILENT)
    numbers = engine_of(pair)._peer_cid_sequence_numbers
    numbers.update(range(10, 10 + MAX_PEER_CONNECTION_IDS - len(numbers)))
    client.inject_octets(new_connection_id(1))
    await pair.drive()
    assert str(client.server_close) == "transport close CONNECTION_ID_LIMIT_ERROR"


async def test_ids_that_are_retired_are_forgotten() -> None:
    pair, client = await rogue_pair(SILENT)
    for sequence in range(1, 20):
        client.inject_octets(new_connection_id(sequence, sequence))
        await pair.drive()
    assert len(engine_of(pair).peer_ids) <= 2
    assert client.server_close is None


async def test_our_ids_can_be_retired_once_they_are_sent() -> None:
    pair, client = await rogue_pair(SILENT)
    client.inject_octets(retire(engine_of(pair).last_id_sent))
    await pair.drive()
    assert client.server_close is None


async def test_our_ids_cannot_be_retired_before_they_are_sent() -> None:
    """Each that is retired makes us think of the next one, whose number is no secret."""
    pair, client = await rogue_pair(SILENT)
    last = engine_of(pair).last_id_sent
    client.inject_octets(retire(last) + retire(last + 1))
    await pair.drive()
    assert str(client.server_close) == VIOLATION


async def test_a_client_is_given_no_more_ids_than_it_needs() -> None:
    """It would take eight."""
    pair = Pair()
    await pair.connect()
    engine = pair.transport._connection
    assert isinstance(engine, AioquicConnection)
    assert len(engine._host_cids) == MAX_CONNECTION_IDS
    assert pair.client.quic._remote_active_connection_id_limit == MAX_CONNECTION_IDS


@pytest.mark.parametrize("length", [8, 5, 20])
@pytest.mark.parametrize("retry", ["never", "always"])
async def test_all_ids_of_a_connection_are_made_in_our_way(length: int, retry: RetryMode) -> None:
    ids = PlainIds(ResetTokens(), slot=11, length=length)
    pair = Pair(config=Config(retry=retry), ids=ids)
    await pair.connect()
    assert pair.client.is_connected
    issued = engine_of(pair)._host_cids
    assert len(issued) == MAX_CONNECTION_IDS
    assert {(len(each.cid), ids.slot_of(each.cid)) for each in issued} == {(length, 11)}
    assert [ids.token_of(each.cid) for each in issued] == [
        each.stateless_reset_token for each in issued
    ]
    known = pair.client.quic
    assert known._peer_cid.stateless_reset_token == ids.token_of(known._peer_cid.cid)


@pytest.mark.parametrize("length", [8, 5, 20])
async def test_ids_of_any_length_lead_to_their_connection(length: int) -> None:
    pair = Pair(ids=PlainIds(ResetTokens(), length=length))
    await pair.connect()
    for turn in range(4):
        pair.client.send(4 * turn, b"hello", end_stream=True)
        await pair.drive()
        pair.client.quic.change_connection_id()
    arrived = [each for each in pair.recorded.events if each[0] == "stream_data_received"]
    assert len(arrived) == 4
