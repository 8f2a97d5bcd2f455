"""Early data over the whole of QUIC: requests with a client's first packet, answered with ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aioquic.tls import Epoch

from h3producer.config import Config
from h3producer.http3.connection import Http3Connection
from h3producer.quic.aioquic.connection import AioquicConnection
from tests.conformance import quic_frames
from tests.http3.harness import GET, POST, data, echo, hello, request
from tests.pair import Pair
from tests.quic.rogue_client import RogueClient

if TYPE_CHECKING:
    from aioquic.tls import SessionTicket

    from h3producer.http3.stream import Handler, Http3Stream

NEXT = ("192.0.2.2", 50001)
OK_HELLO = b"\x01\x03\x00\x00\xd9" + data(b"hello")
CONFIG = Config(server_header=None, date_header=False, early_data=True, fast_path=True)
TRIP = 0.05
"""Seconds that each datagram travels."""


async def visited(
    handler: Handler = hello, config: Config = CONFIG, delay: float = 0.0
) -> tuple[Pair, SessionTicket]:
    """A server that a client has visited, and the ticket that it has from there."""
    client = RogueClient()
    pair = Pair(
        lambda transport: Http3Connection(transport, handler, config),
        client=client,
        config=config,
        delay=delay,
    )
    await pair.connect()
    (ticket,) = client.rogue.tickets
    assert ticket.max_early_data_size == 0xFFFFFFFF
    return pair, ticket


async def count(stream: Http3Stream) -> None:
    """Answers with how long the body was."""
    size = 0
    while part := await stream.body.read_chunk():
        size += len(part)
    stream.response.start(200)
    await stream.response.complete(b"%d" % size)


OK_COUNT = b"\x01\x03\x00\x00\xd9" + data(b"3000")


def returning(
    pair: Pair, ticket: SessionTicket, *requests: bytes, end_stream: bool = True
) -> RogueClient:
    """A client that sends requests with its first packet; it has not sent it yet."""
    client = RogueClient()
    client.rogue.configuration.session_ticket = ticket
    client.address = NEXT
    client.rogue.connect(pair.socket.address, pair.loop.now)
    for each in requests:
        client.send(client.open(), each, end_stream=end_stream)
    pair._clients[client.address] = client
    return client


def engine_of(pair: Pair, number: int = 1) -> AioquicConnection:
    connection = pair.transports[number]._connection
    assert isinstance(connection, AioquicConnection)
    return connection


async def test_a_safe_request_is_answered_before_the_handshake_is_complete() -> None:
    pair, ticket = await visited()
    pair.loses_to_client = lambda number: True
    client = returning(pair, ticket, GET)
    before = len(pair.to_client)
    await pair.drive(0.0)
    assert not client.is_connected
    assert pair.transports[1].is_early
    # All that the client needs to read the answer is on its way.
    for datagram in pair.to_client[before:]:
        client.receive(datagram, pair.socket.address, pair.loop.now)
    assert client.received(0) == OK_HELLO
    assert client.rogue.tls.early_data_accepted


async def test_the_answer_is_there_after_one_round_trip() -> None:
    pair, ticket = await visited(delay=TRIP)
    client = returning(pair, ticket, GET)
    await pair.drive(2 * TRIP)
    assert client.received(0) == OK_HELLO
    assert client.fins == {0}


async def test_after_that_it_is_a_connection_like_any_other() -> None:
    pair, ticket = await visited(echo)
    client = returning(pair, ticket, GET)
    await pair.drive()
    assert client.is_connected
    assert not pair.transports[1].is_early
    stream_id = client.open()
    client.send(stream_id, POST + data(b"body"), end_stream=True)
    await pair.drive()
    assert client.received(stream_id) == b"\x01\x03\x00\x00\xd9" + data(b"body")
    assert engine_of(pair).keys is not None, "the fast path is on"
    assert engine_of(pair).fast_path


async def test_an_unsafe_request_is_answered_when_the_handshake_is_complete() -> None:
    began: list[bool] = []

    async def application(stream: Http3Stream) -> None:
        began.append(stream.transport.is_early)
        await hello(stream)

    pair, ticket = await visited(application, delay=TRIP)
    client = returning(pair, ticket, POST)
    await pair.drive(1.5 * TRIP)
    assert began == []
    await pair.drive()
    assert began == [False]
    assert client.received(0) == OK_HELLO
    assert client.rogue.tls.early_data_accepted


async def test_our_settings_come_before_an_early_answer() -> None:
    pair, ticket = await visited()
    client = returning(pair, ticket, GET)
    await pair.drive()
    assert client.received(3)[:2] == b"\x00\x04"


async def test_an_early_application_knows_what_tls_agreed_on() -> None:
    facts: list[object] = []

    async def application(stream: Http3Stream) -> None:
        facts.append(stream.transport.tls)
        await hello(stream)

    pair, ticket = await visited(application)
    returning(pair, ticket, GET)
    await pair.drive()
    first = pair.transports[0].tls
    assert facts == [first]
    assert first is not None


async def test_a_replay_is_answered_by_a_handshake_and_nothing_else() -> None:
    """Whoever repeats the datagrams of another client gets no answer to its request."""
    asked: list[bool] = []

    async def application(stream: Http3Stream) -> None:
        asked.append(stream.is_early)
        await hello(stream)

    pair, ticket = await visited(application)
    client = returning(pair, ticket, GET)
    flight = client.take(pair.loop.now)
    for datagram in flight:
        pair._to_server(datagram, NEXT)
    await pair.drive()
    assert asked == [True]
    client.close()
    await pair.advance(5)
    assert pair.endpoint.connections == [pair.transports[0]]

    answers = len(pair.to_client)
    for datagram in flight:
        pair._to_server(datagram, ("192.0.2.66", 50066))
    await pair.drive()
    assert asked == [True]
    assert len(pair.to_client) > answers
    assert len(pair.endpoint.connections) == 2


async def test_a_ticket_that_comes_again_leads_to_a_clean_repetition() -> None:
    """Its early data is dropped, and the client sends it again under the new keys."""
    asked: list[bool] = []

    async def application(stream: Http3Stream) -> None:
        asked.append(stream.is_early)
        await hello(stream)

    pair, ticket = await visited(application)
    returning(pair, ticket, GET)
    await pair.drive()
    again = returning(pair, ticket, GET)
    await pair.drive(5)
    assert again.rogue.tls.session_resumed
    assert not again.rogue.tls.early_data_accepted
    assert again.received(0) == OK_HELLO
    assert asked == [True, False]


@pytest.mark.parametrize("reason", ["another server", "switched off"])
async def test_early_data_that_is_refused_is_repeated_by_the_client(reason: str) -> None:
    _, ticket = await visited()
    if reason == "another server":
        other, _ = await visited()
    else:
        other = Pair(
            lambda transport: Http3Connection(transport, hello, CONFIG),
            config=Config(fast_path=True),
        )
    client = returning(other, ticket, GET)
    await other.drive(5)
    assert not client.rogue.tls.early_data_accepted
    assert client.received(0) == OK_HELLO


async def test_a_spoofed_address_is_sent_three_times_what_it_sent_at_most() -> None:
    """An early answer is no way to flood somebody (RFC 9000 §8.1)."""

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.complete(bytes(500_000))

    pair, ticket = await visited(application)
    pair.loses_to_client = lambda number: True
    sent, received = len(pair.to_server), len(pair.to_client)
    client = returning(pair, ticket, GET)
    flight = client.take(pair.loop.now)
    pair._clients.clear()
    for datagram in flight:
        pair._to_server(datagram, NEXT)
    await pair.advance(5)
    assert len(pair.to_server) == sent
    answer = sum(map(len, pair.to_client[received:]))
    assert 0 < answer <= 3 * sum(map(len, flight))


async def test_an_early_connection_whose_client_falls_silent_is_forgotten() -> None:
    pair, ticket = await visited()
    client = returning(pair, ticket, GET, POST)
    flight = client.take(pair.loop.now)
    pair._clients.clear()
    for datagram in flight:
        pair._to_server(datagram, NEXT)
    await pair.advance(0.5)
    assert pair.acceptor.admission.half_open == 1
    await pair.advance(CONFIG.handshake_timeout)
    assert pair.acceptor.admission.half_open == 0
    core = pair.inputs[1]
    assert isinstance(core, Http3Connection)
    assert core.streams == {}


async def test_early_data_is_taken_behind_a_retry() -> None:
    """A flood costs those who return no more than the round trip of the proof."""
    config = replace(CONFIG, retry="always")
    pair, ticket = await visited(config=config, delay=TRIP)
    client = returning(pair, ticket)
    await pair.drive(2 * TRIP)
    # aioquic forgets what it sent before a Retry, so it is asked only now.
    client.send(0, GET, end_stream=True)
    await pair.drive(2 * TRIP)
    assert client.rogue._retry_count == 1
    assert client.rogue.tls.early_data_accepted
    assert client.received(0) == OK_HELLO


async def test_a_shutdown_before_the_handshake_is_complete_answers_what_was_accepted() -> None:
    pair, ticket = await visited(count, delay=TRIP)
    client = returning(pair, ticket, request(b"GET") + data(b"some"), end_stream=False)
    await pair.drive(1.2 * TRIP)
    assert pair.transports[1].is_early
    pair.transports[1].shutdown()
    client.send(0, data(b" more"), end_stream=True)
    await pair.drive(5)
    assert client.received(0) == b"\x01\x03\x00\x00\xd9" + data(b"9")


async def test_early_packets_may_be_lost() -> None:
    pair, ticket = await visited(count)
    before = len(pair.to_server)
    pair.loses_to_server = lambda number: number == before + 1
    client = returning(pair, ticket, request(b"GET") + data(bytes(3000)))
    await pair.drive(5)
    assert client.received(0) == OK_COUNT
    assert client.fins == {0}


async def test_early_packets_that_overtake_the_hello_are_dropped_and_come_again() -> None:
    pair, ticket = await visited(count)
    client = returning(pair, ticket, request(b"GET") + data(bytes(3000)))
    flight = client.take(pair.loop.now)
    assert len(flight) > 1
    for datagram in reversed(flight):
        pair._to_server(datagram, NEXT)
        await pair.drive(0.0)
    await pair.drive(5)
    assert client.received(0) == OK_COUNT
    assert client.rogue.tls.early_data_accepted


async def test_what_may_not_come_in_early_data_ends_the_connection() -> None:
    """RFC 9000 §12.4: an early packet has nothing of the handshake in it."""
    pair, ticket = await visited()
    client = returning(pair, ticket, GET)
    flight = client.take(pair.loop.now)
    client.inject_octets(quic_frames.crypto(b"x"), Epoch.ZERO_RTT)
    for datagram in flight:
        pair._to_server(datagram, NEXT)
    await pair.drive()
    assert client.server_close is not None
    assert "PROTOCOL_VIOLATION" in str(client.server_close)


async def test_more_early_data_than_the_window_ends_the_connection() -> None:
    """It has no limit of its own: flow control bounds it (RFC 9001 §4.6.1)."""
    pair, ticket = await visited()
    client = returning(pair, ticket, GET)
    flight = client.take(pair.loop.now)
    far = CONFIG.request_buffer
    client.inject_octets(quic_frames.stream(4, b"x", offset=far), Epoch.ZERO_RTT)
    for datagram in flight:
        pair._to_server(datagram, NEXT)
    await pair.drive()
    assert "FLOW_CONTROL_ERROR" in str(client.server_close)


async def test_an_address_may_not_have_more_connections_by_coming_early() -> None:
    config = Config(early_data=True, fast_path=True, max_connections_per_address=1)
    pair, ticket = await visited(config=config)
    client = returning(pair, ticket, GET)
    client.address = (pair.client.address[0], 50002)
    pair._clients[client.address] = pair._clients.pop(NEXT)
    await pair.drive()
    assert not client.rogue.tls.early_data_accepted
    assert "CONNECTION_REFUSED" in str(client.server_close)
