"""A server's first flight is, byte for byte, how aioquic would have answered the same hello."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aioquic.tls import CipherSuite, Epoch

from h3producer.config import Config
from h3producer.quic.aioquic import AioquicEngine
from h3producer.quic.aioquic.first_flight import FirstFlightConnection
from h3producer.quic.packets import VERSION_1, VERSION_2, parse_initial, parse_long_header
from tests.pair import Client, Pair, TestCredentials, make_credentials
from tests.quic.twins import SERVER, Listener, differences, twin_of

if TYPE_CHECKING:
    from h3producer.quic.aioquic.connection import AioquicConnection

START = 1000.0


def chained(count: int) -> TestCredentials:
    """With so many certificates behind the first one, of 300 bytes or so."""
    own = make_credentials()
    return TestCredentials(own.certificate, (own.certificate,) * count, own.private_key)


def greeted(
    client: Client | None = None,
    credentials: TestCredentials | None = None,
    config: Config | None = None,
) -> AioquicConnection:
    """A server's connection that has heard a ClientHello, and has not answered."""
    client = client or Client()
    engine = AioquicEngine(config or Config(fast_path=True), credentials or make_credentials())
    if client.quic._version is None:
        client.quic.connect(SERVER, START)
    server: AioquicConnection | None = None
    for data in client.take(START):
        header = parse_long_header(data)
        assert header is not None
        initial = parse_initial(data, header)
        assert initial is not None
        if server is None:
            server = engine.accept(initial, None)
            server.observer = Listener(server)
        server.receive_datagram(data, client.address, START)
    assert server is not None
    return server


def assert_twins_answer_alike(server: AioquicConnection, *, datagrams: int = 1) -> None:
    stock = twin_of(server)
    assert server.is_first_flight()
    now = START + 0.0005
    flight = server.datagrams_to_send(now)
    assert flight == stock.write_as_aioquic(now)
    assert len(flight) == datagrams
    assert not differences(server, stock)
    assert not server.is_first_flight()


@pytest.mark.parametrize(("chain", "datagrams"), [(0, 1), (3, 2), (5, 3)])
def test_it_takes_as_many_datagrams_as_the_certificates_ask_for(chain: int, datagrams: int) -> None:
    assert_twins_answer_alike(greeted(credentials=chained(chain)), datagrams=datagrams)


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2])
def test_it_is_written_in_either_version(version: int) -> None:
    assert_twins_answer_alike(greeted(Client(versions=[version])))


@pytest.mark.parametrize("suite", list(CipherSuite)[:3])
def test_it_is_written_with_every_cipher(suite: CipherSuite) -> None:
    client = Client()
    client.quic.configuration.cipher_suites = [suite]
    assert_twins_answer_alike(greeted(client))


def test_it_is_written_into_larger_datagrams() -> None:
    assert_twins_answer_alike(greeted(config=Config(fast_path=True, max_datagram_size=1350)))


def test_a_client_that_would_change_the_version_is_answered_in_the_other() -> None:
    client = Client(versions=[VERSION_2, VERSION_1])
    client.quic.configuration.original_version = VERSION_1
    server = greeted(client)
    assert server._version == VERSION_2
    assert_twins_answer_alike(server)


def test_more_than_the_client_has_earned_is_aioquics_to_hold_back() -> None:
    server = greeted(credentials=chained(12))
    assert not server.is_first_flight()
    assert sum(len(data) for data, _ in server.datagrams_to_send(START)) <= 3 * 1200


@pytest.mark.parametrize(
    "obstacle",
    ["_close_pending", "_probe_pending", "_ping_pending", "_streams", "_packet_number"],
)
def test_what_is_no_plain_answer_is_aioquics(obstacle: str) -> None:
    server = greeted()
    setattr(server, obstacle, {0: None} if obstacle == "_streams" else 1)
    assert not server.is_first_flight()


@pytest.mark.parametrize("epoch", [Epoch.HANDSHAKE, Epoch.ONE_RTT])
def test_acknowledgements_of_later_packets_are_aioquics(epoch: Epoch) -> None:
    server = greeted()
    server._spaces[epoch].ack_at = START
    assert not server.is_first_flight()


def test_half_a_hello_has_no_answer() -> None:
    client = Client()
    client.quic.connect(SERVER, START)
    client.quic._crypto_streams[Epoch.INITIAL].sender._pending.subtract(100, 5000)
    server = greeted(client)
    assert not server.is_first_flight()


async def test_a_flight_that_is_lost_is_sent_again() -> None:
    pair = Pair(config=Config(fast_path=True), delay=0.01)
    pair.loses_to_client = lambda number: number == 0
    await pair.connect()
    assert pair.client.is_connected


async def test_it_is_ours_in_every_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    write = FirstFlightConnection.write_first_flight

    def recorded(self: FirstFlightConnection, now: float) -> object:
        datagrams = write(self, now)
        written.append(len(datagrams))
        return datagrams

    monkeypatch.setattr(FirstFlightConnection, "write_first_flight", recorded)
    pair = Pair(config=Config(fast_path=True))
    await pair.connect()
    assert written == [1]
