"""The first flush behind a handshake is ours: its end, a ticket and ids, read by aioquic."""

from __future__ import annotations

import pytest
from aioquic.quic.packet_builder import QuicDeliveryState
from aioquic.quic.stream import QuicStreamSender
from aioquic.tls import Epoch, SessionTicket

from h3producer.config import Config
from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.flight import Flight, FlightPacket
from h3producer.quic.aioquic.greeting import crypto_frame
from h3producer.quic.limits import MAX_CONNECTION_IDS
from tests.pair import Client, Pair

FAST = Config(fast_path=True)


class TicketClient(Client):
    """A client that takes tickets."""

    def __init__(self) -> None:
        super().__init__()
        self.tickets: list[SessionTicket] = []
        self.quic._session_ticket_handler = self.tickets.append


async def connected(client: Client | None = None, *, delay: float = 0.0) -> Pair:
    pair = Pair(config=FAST, client=client or TicketClient(), delay=delay)
    await pair.connect()
    return pair


def engine_of(pair: Pair) -> AioquicConnection:
    connection = pair.transport._connection
    assert isinstance(connection, AioquicConnection)
    return connection


def in_flight(pair: Pair) -> list[bool]:
    """Of each 1-RTT packet in flight, whether it was ours."""
    packets = engine_of(pair)._spaces[Epoch.ONE_RTT].sent_packets.values()
    return [isinstance(each, FlightPacket) for each in packets]


async def unheard() -> Pair:
    """The client has not heard the first flush behind the handshake, which is in flight."""
    pair = Pair(config=FAST, client=TicketClient(), delay=0.01)
    pair.loses_to_client = lambda _: bool(pair.transports)
    pair._clients[pair.client.address] = pair.client
    pair.client.quic.connect(pair.socket.address, pair.loop.now)
    await pair.drive(0.035)
    assert not pair.client.quic._handshake_confirmed
    pair.loses_to_client = lambda _: False
    return pair


async def test_a_client_knows_that_the_handshake_is_over() -> None:
    pair = await connected()
    assert pair.client.quic._handshake_confirmed


async def test_a_client_has_all_ids_of_ours() -> None:
    pair = await connected()
    ours = {each.cid for each in engine_of(pair)._host_cids}
    quic = pair.client.quic
    assert {quic._peer_cid.cid, *(each.cid for each in quic._peer_cid_available)} == ours
    assert len(ours) == MAX_CONNECTION_IDS


async def test_a_client_that_retires_an_id_gets_another_and_is_reached_there() -> None:
    pair = await connected()
    pair.client.quic.change_connection_id()
    await pair.drive()
    newest = engine_of(pair)._host_cids[-1]
    assert newest.was_sent
    assert engine_of(pair).last_id_sent == newest.sequence_number == MAX_CONNECTION_IDS
    assert pair.client.quic._peer_cid_available[-1].cid == newest.cid
    assert newest.cid in pair.transport.connection_ids


async def test_a_client_has_a_ticket() -> None:
    client = TicketClient()
    await connected(client)
    assert len(client.tickets) == 1


async def test_all_of_that_leaves_in_one_packet_of_ours() -> None:
    pair = await unheard()
    assert in_flight(pair) == [True]


async def test_what_is_lost_of_it_is_sent_again() -> None:
    pair = await unheard()
    await pair.drive(5.0)
    client = pair.client
    assert isinstance(client, TicketClient)
    assert client.quic._handshake_confirmed
    assert len(client.tickets) == 1
    assert len(client.quic._peer_cid_available) == MAX_CONNECTION_IDS - 1


async def test_what_arrives_is_not_sent_again() -> None:
    pair = await connected()
    await pair.drive(5.0)
    assert not engine_of(pair).has_greetings()
    assert in_flight(pair) == []


@pytest.mark.parametrize("room", [64, 100, 5000])
def test_a_flow_that_does_not_fit_goes_on_in_the_next_frame(room: int) -> None:
    sender = QuicStreamSender(None, writable=True)
    sender.write(bytes(1000))
    pieces = []
    while (piece := crypto_frame(sender, room))[0]:
        assert len(piece[0]) <= room
        pieces.append(piece[1:])
    assert [start for start, _ in pieces] == [0, *(stop for _, stop in pieces[:-1])]
    assert pieces[-1][1] == 1000
    assert sender.buffer_is_empty


async def test_a_message_of_tls_that_is_longer_than_a_packet_is_sent_in_several() -> None:
    pair = await connected()
    engine = engine_of(pair)
    sender = engine._crypto_streams[Epoch.ONE_RTT].sender
    sender.write(bytes(3000))
    flight = Flight(1100, 10)
    engine.add_greetings(flight)
    flight.close()
    assert [len(each) for each in flight.payloads] == [1100, 1100, 3000 + 3 * 5 - 2200]
    for packet in flight.packets:
        for handler, arguments in packet.delivery_handlers:
            handler(QuicDeliveryState.LOST, *arguments)
    assert engine.has_greetings()


async def test_without_room_they_wait() -> None:
    pair = await connected()
    engine = engine_of(pair)
    engine._handshake_done_pending = True
    engine.add_greetings(Flight(1100, 0))
    assert engine._handshake_done_pending
    engine._handshake_done_pending = False
    engine._host_cids[-1].was_sent = False
    engine.add_greetings(Flight(1100, 0))
    assert not engine._host_cids[-1].was_sent
