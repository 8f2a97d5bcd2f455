"""Sessions that are resumed, from one connection to the next, over the whole of QUIC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from h3producer.config import Config
from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.packets import VERSION_1, VERSION_2
from tests.fakes import RecordingInputs
from tests.pair import Pair, make_credentials
from tests.quic.rogue_client import RogueClient, rogue_pair

if TYPE_CHECKING:
    from aioquic.tls import SessionTicket

    from h3producer.http3.transport import ConnectionInputs

NEXT = ("192.0.2.2", 50001)


async def first_visit(**settings: object) -> tuple[Pair, list[SessionTicket]]:
    """A server that a client has visited, and the tickets that it has from there."""
    pair, client = await rogue_pair(config=Config(fast_path=True, **settings))  # type: ignore[arg-type]
    return pair, client.rogue.tickets


async def come_back(pair: Pair, ticket: SessionTicket) -> RogueClient:
    client = returning(ticket)
    await pair.connect(client)
    return client


def returning(ticket: SessionTicket) -> RogueClient:
    client = RogueClient()
    client.rogue.configuration.session_ticket = ticket
    client.address = NEXT
    return client


def heard_by(inputs: ConnectionInputs, stream_id: int) -> bytes:
    assert isinstance(inputs, RecordingInputs)
    return inputs.received(stream_id)


async def test_a_client_may_come_back_without_a_certificate() -> None:
    pair, (ticket,) = await first_visit()
    client = await come_back(pair, ticket)
    assert client.is_connected
    assert client.rogue.tls.session_resumed
    assert client.rogue.tls._peer_certificate is None


async def test_a_resumed_connection_serves_like_any_other() -> None:
    pair, (ticket,) = await first_visit()
    client = await come_back(pair, ticket)
    assert client.rogue.tls.session_resumed
    stream_id = client.open()
    client.send(stream_id, b"hello", end_stream=True)
    await pair.drive()
    assert heard_by(pair.inputs[1], stream_id) == b"hello"
    pair.transports[1].send(stream_id, b"world", end_stream=True)
    await pair.drive()
    assert client.received(stream_id) == b"world"


async def test_a_session_outlives_the_certificate_under_which_it_began() -> None:
    pair, (ticket,) = await first_visit()
    renewed = make_credentials(rsa.generate_private_key(65537, 2048))
    pair.engine.present(renewed)
    client = await come_back(pair, ticket)
    assert client.rogue.tls.session_resumed
    facts = pair.transports[1].tls
    assert facts is not None
    assert facts.server_certificate == renewed.certificate.public_bytes(Encoding.PEM).decode()


async def test_applications_see_the_certificate_of_a_resumed_session() -> None:
    pair, (ticket,) = await first_visit()
    await come_back(pair, ticket)
    first, second = (transport.tls for transport in pair.transports)
    assert first is not None
    assert second is not None
    assert first.server_certificate == second.server_certificate


async def test_no_tickets_are_given_if_that_is_switched_off() -> None:
    _, tickets = await first_visit(session_ticket_lifetime=None)
    assert tickets == []


async def test_a_ticket_of_one_version_of_quic_is_of_no_use_in_the_other() -> None:
    """RFC 9369 §5: it costs a full handshake."""
    pair, (ticket,) = await first_visit()
    client = RogueClient(versions=[VERSION_2])
    client.rogue.configuration.session_ticket = ticket
    client.address = NEXT
    await pair.connect(client)
    assert client.is_connected
    assert not client.rogue.tls.session_resumed


def upgrading(ticket: SessionTicket | None = None) -> RogueClient:
    """A client that begins with version 1 of QUIC, and likes version 2 better (RFC 9368)."""
    client = RogueClient(versions=[VERSION_2, VERSION_1])
    client.rogue.configuration.original_version = VERSION_1
    client.rogue.configuration.session_ticket = ticket
    client.address = NEXT
    return client


async def test_a_ticket_belongs_to_the_version_that_was_agreed_on() -> None:
    """RFC 9369 §5: not to the one that the client began with."""
    pair = Pair(client=upgrading(), config=Config(fast_path=True))
    await pair.connect()
    assert pair.client.quic._version == VERSION_2
    assert isinstance(pair.client, RogueClient)
    (ticket,) = pair.client.rogue.tickets
    later = []
    for number, versions in enumerate(([VERSION_1], [VERSION_2]), 1):
        client = RogueClient(versions=versions)
        client.rogue.configuration.session_ticket = ticket
        client.address = (NEXT[0], NEXT[1] + number)
        await pair.connect(client)
        assert client.is_connected
        later.append(client.rogue.tls.session_resumed)
    assert later == [False, True]


async def test_early_data_is_not_taken_together_with_another_version() -> None:
    """Its keys are those of the version that the client began with; the session is resumed."""
    config = Config(fast_path=True, early_data=True)
    pair, first = await rogue_pair(config=config)
    (ticket,) = first.rogue.tickets
    client = upgrading(ticket)
    client.rogue.connect(pair.socket.address, pair.loop.now)
    stream_id = client.open()
    client.send(stream_id, b"early", end_stream=True)
    pair._clients[client.address] = client
    await pair.drive(5)
    assert client.rogue._version == VERSION_2
    assert client.rogue.tls.session_resumed
    assert not client.rogue.tls.early_data_accepted
    assert heard_by(pair.inputs[1], stream_id) == b"early"


async def test_early_data_is_dropped_and_the_connection_goes_on() -> None:
    """Whoever saw it could send it again (RFC 8470 §3)."""
    pair, (ticket,) = await first_visit()
    ticket.max_early_data_size = 0xFFFFFFFF
    client = returning(ticket)
    client.rogue.connect(pair.socket.address, pair.loop.now)
    stream_id = client.open()
    client.send(stream_id, b"early", end_stream=True)
    pair._clients[client.address] = client
    await pair.drive(5)
    assert client.rogue.tls.session_resumed
    assert not client.rogue.tls.early_data_accepted
    assert heard_by(pair.inputs[1], stream_id) == b"early"


async def test_a_connection_without_an_identity_begins_as_aioquics_own() -> None:
    pair = Pair(config=Config(fast_path=False))
    await pair.connect()
    connection = pair.transport._connection
    assert isinstance(connection, AioquicConnection)
    assert pair.client.is_connected
    assert type(connection.tls).__module__ == "aioquic.tls"
