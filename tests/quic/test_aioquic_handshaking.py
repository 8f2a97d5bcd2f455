"""What a client may say in its handshake, and how much of it we hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aioquic.quic.packet import pull_quic_transport_parameters
from aioquic.tls import Epoch

from h3producer.config import Config
from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.internals import Buffer
from h3producer.quic.limits import MAX_CRYPTO_DATA, MAX_CRYPTO_GAPS, MAX_UDP_PAYLOAD
from tests.conformance.octets import varint
from tests.conformance.quic_frames import PING, Parameter, Parameters, crypto, integers
from tests.conformance.rogue import Lies, Odd
from tests.pair import Pair
from tests.quic.rogue_client import RogueClient, rogue_pair

if TYPE_CHECKING:
    from collections.abc import Callable

VIOLATION = "transport close PROTOCOL_VIOLATION"
EXCEEDED = "transport close CRYPTO_BUFFER_EXCEEDED"


def engine_of(pair: Pair) -> AioquicConnection:
    connection = pair.transport._connection
    assert isinstance(connection, AioquicConnection)
    return connection


def parameter(identifier: Parameter, value: bytes) -> Callable[[Parameters], Parameters]:
    """Transport parameters with this one, whatever it was before."""
    return lambda truth: [
        *(each for each in truth if each[0] != identifier),
        (identifier, value),
    ]


# PADDING


@pytest.mark.parametrize("padding", [1, 2, 100, 1000])
async def test_behind_padding_the_next_frame_counts(padding: int) -> None:
    pair, client = await rogue_pair()
    client.inject_octets(bytes(padding) + crypto(b"x", MAX_CRYPTO_DATA))
    await pair.drive()
    assert str(client.server_close) == EXCEEDED


async def test_padding_up_to_the_end_of_a_packet_is_all_there_is() -> None:
    pair, client = await rogue_pair()
    client.inject_octets(PING + bytes(1000))
    await pair.drive()
    assert client.server_close is None


# CRYPTO


async def test_crypto_data_ends_at_its_bound() -> None:
    pair, client = await rogue_pair()
    client.inject_octets(crypto(b"x", MAX_CRYPTO_DATA - 1))
    await pair.drive()
    assert client.server_close is None


async def test_crypto_data_beyond_its_bound_closes_the_connection() -> None:
    pair, client = await rogue_pair()
    client.inject_octets(crypto(b"x", MAX_CRYPTO_DATA))
    await pair.drive()
    assert str(client.server_close) == EXCEEDED


async def test_a_tls_message_that_never_ends_is_not_collected() -> None:
    """It may announce 16 MiB, and comes in order, so that it waits for nothing but itself."""
    pair, client = await rogue_pair(Lies(trailing=b"\x01\xff\xff\xff" + bytes(2 * MAX_CRYPTO_DATA)))
    assert client.server_close is not None
    assert pair.inputs == []


@pytest.mark.parametrize(
    ("gaps", "ending"), [(MAX_CRYPTO_GAPS, "None"), (MAX_CRYPTO_GAPS + 1, EXCEEDED)]
)
async def test_crypto_data_may_have_so_many_gaps(gaps: int, ending: str) -> None:
    pair, client = await rogue_pair()
    for number in range(gaps):
        client.inject_octets(crypto(b"x", 2 * number + 1))
    await pair.drive()
    assert str(client.server_close) == ending


async def test_initial_packets_carry_no_new_data_once_there_are_handshake_keys() -> None:
    _, client = await rogue_pair(Lies(early={Epoch.INITIAL: crypto(b"x", 5000)}))
    assert str(client.server_close) == VIOLATION


async def test_initial_packets_may_repeat_what_came() -> None:
    pair, client = await rogue_pair(Lies(early={Epoch.INITIAL: crypto(b"\x01")}))
    assert client.server_close is None
    assert len(pair.inputs) == 1


async def test_nothing_may_follow_the_client_hello_in_its_packets() -> None:
    _, client = await rogue_pair(Lies(trailing=b"xyz"))
    assert str(client.server_close) == VIOLATION


# Transport parameters


async def test_a_client_learns_how_large_a_datagram_is_read() -> None:
    """RFC 9000 §18.2: what is larger is "not likely to be processed"."""
    heard: list[bytes] = []
    pair = Pair()
    quic = pair.client.quic
    parse = quic._parse_transport_parameters

    def spy(data: bytes, from_session_ticket: bool = False) -> None:
        heard.append(data)
        parse(data, from_session_ticket)

    quic._parse_transport_parameters = spy  # type: ignore[method-assign]  # that is how to listen
    await pair.connect()
    parameters = pull_quic_transport_parameters(Buffer(data=heard[0]))
    assert parameters.max_udp_payload_size == MAX_UDP_PAYLOAD


async def test_a_transport_parameter_comes_once() -> None:
    _, client = await rogue_pair(Lies(parameters=lambda truth: truth + truth[-1:]))
    assert str(client.server_close) == "transport close TRANSPORT_PARAMETER_ERROR"


async def test_an_idle_timeout_of_zero_is_none() -> None:
    """aioquic would give the client up after three probe timeouts."""
    lies = Lies(parameters=parameter(Parameter.MAX_IDLE_TIMEOUT, varint(0)))
    pair, client = await rogue_pair(lies)
    await pair.advance(pair.config.idle_timeout - 2)
    client.send(client.open(), b"still here")
    await pair.drive()
    assert pair.recorded.received(0) == b"still here"


async def test_the_clients_idle_timeout_counts_if_it_is_the_shorter_one() -> None:
    lies = Lies(parameters=parameter(Parameter.MAX_IDLE_TIMEOUT, varint(2000)))
    pair, _ = await rogue_pair(lies)
    await pair.advance(3)
    assert pair.recorded.named("connection_terminated") == [(0, "Idle timeout")]


async def test_the_delay_in_an_ack_is_scaled_as_the_client_says() -> None:
    lies = Lies(parameters=parameter(Parameter.ACK_DELAY_EXPONENT, varint(10)))
    pair, _ = await rogue_pair(lies)
    assert engine_of(pair)._remote_ack_delay_exponent == 10


async def test_no_datagram_is_larger_than_the_client_takes() -> None:
    lies = Lies(parameters=parameter(Parameter.MAX_UDP_PAYLOAD_SIZE, varint(1250)))
    pair, client = await rogue_pair(lies, Config(max_datagram_size=1400))
    client.send(client.open(), b"a request", end_stream=True)
    await pair.drive()
    pair.transport.send(0, bytes(100_000), end_stream=True)
    await pair.drive()
    assert client.fins == {0}
    assert max(map(len, pair.to_client)) == 1250


# Packets


async def test_the_first_packet_that_arrives_may_be_without_crypto_data() -> None:
    """RFC 9000 §17.2.2 speaks of the first one that is sent; it may come second."""

    class Reordered(RogueClient):
        def take(self, now: float) -> list[bytes]:
            return super().take(now)[::-1]

    client = Reordered(Lies(early={Epoch.INITIAL: PING}))
    pair = Pair(client=client)
    await pair.connect()
    assert client.is_connected


async def test_packets_with_another_source_id_are_dropped() -> None:
    """RFC 9000 §7.2. What is in this one would close the connection."""
    broken = integers(0x21)
    pair, client = await rogue_pair(
        Lies(early={Epoch.INITIAL: broken}, odd=Odd(source=b"somebody"))
    )
    assert client.server_close is None
    assert len(pair.inputs) == 1


async def test_a_broken_frame_type_is_an_error_of_the_transport() -> None:
    """aioquic would close as if HTTP/3 had said so."""
    pair, client = await rogue_pair()
    client.inject_octets(PING + b"\x40")
    await pair.drive()
    assert str(client.server_close) == "transport close FRAME_ENCODING_ERROR"
