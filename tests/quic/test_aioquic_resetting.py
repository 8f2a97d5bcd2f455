"""A peer that says, without keys, that it has lost the connection (RFC 9000 §10.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.quic.aioquic.client import AioquicClient
from h3producer.quic.facts import RESET_REASON
from h3producer.quic.keys.stateless_reset import SMALLEST_RESET, encode_reset
from tests.fakes import RecordingInputs
from tests.pair import Pair
from tests.virtual import settle

if TYPE_CHECKING:
    from h3producer.quic.engine import Address

ELSEWHERE = ("203.0.113.9", 999)
SERVER = ("127.0.0.1", 4433)
ENDED = ("connection_terminated", 0, RESET_REASON)


def reset_by(token: bytes) -> bytes:
    made = encode_reset(token, 1200)
    assert made is not None
    return made


async def arrive(pair: Pair, datagram: bytes, address: Address = ELSEWHERE) -> None:
    """Something comes to the server."""
    pair.socket.inbox.append((datagram, address))
    pair.loop.readers[pair.socket]()
    await settle()


async def pair_with_a_token() -> tuple[Pair, bytes]:
    """A server that uses an id of its client's to which there is a token: not the first one."""
    pair = Pair()
    await pair.connect()
    pair.client.quic.change_connection_id()
    pair.client.send(0, b"by another id")
    await pair.drive()
    used = pair.transport._connection._peer_cid.cid  # type: ignore[attr-defined]
    (ours,) = [each for each in pair.client.quic._host_cids if each.cid == used]
    assert ours.sequence_number > 0
    return pair, ours.stateless_reset_token


async def test_a_client_that_lost_its_connection_ends_it() -> None:
    """From anywhere, and for an id that nobody knows: only the token counts."""
    pair, token = await pair_with_a_token()
    await arrive(pair, reset_by(token))
    assert pair.recorded.events[-1] == ENDED
    assert pair.endpoint.connections == []


async def test_nothing_is_sent_behind_a_reset() -> None:
    """RFC 9000 §10.3.1: it is the draining period, in which not even a farewell is sent."""
    pair, token = await pair_with_a_token()
    pair.transport.send(pair.transport.open_uni_stream(), b"still on its way")
    sent = len(pair.to_client)
    await arrive(pair, reset_by(token))
    await pair.drive()
    assert len(pair.to_client) == sent
    assert not pair.socket.outbox


async def test_nothing_is_remembered_of_it() -> None:
    pair, token = await pair_with_a_token()
    await arrive(pair, reset_by(token))
    assert pair.endpoint._intake.routes == {}


async def test_the_token_of_an_id_that_is_not_in_use_ends_nothing() -> None:
    """RFC 9000 §10.3.1: "An endpoint MUST NOT check for any stateless reset tokens associated with
    connection IDs it has not used or for connection IDs that have been retired."
    """
    pair, in_use = await pair_with_a_token()
    tokens = {each.stateless_reset_token for each in pair.client.quic._host_cids} - {in_use}
    assert tokens
    for token in tokens:
        await arrive(pair, reset_by(token))
    assert len(pair.endpoint.connections) == 1


async def test_a_token_that_was_used_before_ends_nothing_either() -> None:
    pair, before = await pair_with_a_token()
    pair.client.quic.change_connection_id()
    pair.client.send(0, b"by a third one")
    await pair.drive()
    await arrive(pair, reset_by(before))
    assert len(pair.endpoint.connections) == 1


class Watcher(RecordingInputs):
    """What a client's connection tells, of all that an engine can tell."""

    def __getattr__(self, name: str) -> object:
        return lambda *arguments: None


async def client_of_a_server() -> tuple[AioquicClient, Pair, Watcher]:
    """Our own client, connected to our own server."""
    pair, client, watcher = Pair(), AioquicClient("localhost", verify=False), Watcher()
    client.observer = watcher  # type: ignore[assignment]  # it takes any call
    client.start(SERVER, pair.loop.now)
    for _ in range(20):
        for data, _ in client.datagrams_to_send(pair.loop.now):
            await arrive(pair, data)
        while pair.socket.outbox:
            client.receive_datagram(pair.socket.outbox.popleft()[0], SERVER, pair.loop.now)
        pair.loop.now += 0.01
    assert client._handshake_confirmed
    return client, pair, watcher


async def test_our_client_hears_at_once_that_its_server_is_gone() -> None:
    client, pair, watcher = await client_of_a_server()
    pair.transport.abandon(0, "")
    client.open_request_stream()
    client.send(0, b"are you there?", True)
    for data, _ in client.datagrams_to_send(pair.loop.now):
        await arrive(pair, data)
    ((reset, _),) = pair.socket.outbox
    client.receive_datagram(reset, SERVER, pair.loop.now)
    assert watcher.events[-1] == ENDED
    assert client.is_closed
    assert client.datagrams_to_send(pair.loop.now) == []


@pytest.mark.parametrize("is_for_us", [True, False])
async def test_it_need_not_be_for_an_id_of_ours(is_for_us: bool) -> None:
    """Whoever has lost everything does not know our id; but it may be, by chance."""
    client, _, watcher = await client_of_a_server()
    token = client._peer_cid.stateless_reset_token
    id_ = client.host_cid if is_for_us else b"anybody."
    client.receive_datagram(b"\x41" + id_ + bytes(30) + token, SERVER, 2000.0)
    assert watcher.events[-1] == ENDED


@pytest.mark.parametrize(
    "spoil",
    [
        lambda reset: reset[:-1] + bytes((reset[-1] ^ 1,)),
        lambda reset: bytes((reset[0] | 0x80,)) + reset[1:],
        lambda reset: reset[: SMALLEST_RESET - 17] + reset[-16:],
    ],
    ids=["another token", "a long header", "too small"],
)
async def test_what_only_looks_like_a_reset_is_none(spoil: type[bytes]) -> None:
    client, _, watcher = await client_of_a_server()
    reset = reset_by(client._peer_cid.stateless_reset_token)
    client.receive_datagram(spoil(reset), SERVER, 2000.0)
    assert not client.is_closed
    assert ENDED not in watcher.events
