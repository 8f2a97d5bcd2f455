"""What is forgotten of the path when a client is at another host, and what is not."""

from __future__ import annotations

from h3producer.quic.aioquic.connection import AioquicConnection
from tests.pair import Client, Pair

PIECE = 300_000
INITIAL_WINDOW = 10 * 1200

OTHER_PORT = ("192.0.2.1", 50001)
OTHER_HOST = ("198.51.100.1", 50000)


def engine_of(pair: Pair) -> AioquicConnection:
    connection = pair.transport._connection
    assert isinstance(connection, AioquicConnection)
    return connection


async def download(pair: Pair) -> None:
    stream_id = pair.client.open()
    pair.client.send(stream_id, b"a request", end_stream=True)
    await pair.drive()
    pair.transport.send(stream_id, bytes(PIECE), end_stream=True)
    await pair.drive(30)
    assert len(pair.client.received(stream_id)) == PIECE


async def with_a_grown_window() -> Pair:
    pair = Pair(client=Client(max_data=1 << 24, max_stream_data=1 << 24), delay=0.01)
    await pair.connect()
    await download(pair)
    assert engine_of(pair)._loss.congestion_window > 5 * INITIAL_WINDOW
    return pair


async def move(pair: Pair, address: tuple[str, int]) -> None:
    """The client speaks from there, and answers the challenge that comes."""
    pair.move(pair.client, address)
    pair.client.quic.send_ping(1)
    await pair.drive(1)
    path = engine_of(pair)._network_paths[0]
    assert (path.addr, path.is_validated) == (address, True)


async def test_at_another_host_the_window_starts_anew() -> None:
    pair = await with_a_grown_window()
    await move(pair, OTHER_HOST)
    assert engine_of(pair)._loss.congestion_window < 2 * INITIAL_WINDOW


async def test_at_another_host_losses_stay_counted() -> None:
    pair = await with_a_grown_window()
    lost = len(pair.to_client) + 3
    pair.loses_to_client = lambda number: number == lost
    await download(pair)
    assert engine_of(pair).path_facts.packets_lost == 1
    await move(pair, OTHER_HOST)
    assert engine_of(pair).path_facts.packets_lost == 1


async def test_behind_another_port_the_window_stays() -> None:
    pair = await with_a_grown_window()
    window = engine_of(pair)._loss.congestion_window
    await move(pair, OTHER_PORT)
    assert engine_of(pair)._loss.congestion_window >= window


async def test_at_another_host_the_round_trip_is_measured_anew() -> None:
    pair = await with_a_grown_window()
    pair.delay = 0.1
    await move(pair, OTHER_HOST)
    await download(pair)
    assert engine_of(pair)._loss._rtt_min > 0.19


async def test_what_was_in_flight_stays_counted() -> None:
    pair = await with_a_grown_window()
    pair.transport.send(pair.transport.open_uni_stream(), bytes(PIECE))
    await pair.drive(0)
    in_flight = engine_of(pair)._loss.bytes_in_flight
    assert in_flight > 0
    engine_of(pair).forget_the_path(pair.loop.now)
    assert engine_of(pair)._loss.bytes_in_flight == in_flight
    await pair.drive(30)
    assert engine_of(pair)._loss.bytes_in_flight == 0


async def test_packets_of_the_old_path_do_not_widen_the_new_window() -> None:
    """RFC 9000 §9.4."""
    pair = await with_a_grown_window()
    stream_id = pair.transport.open_uni_stream()
    pair.transport.send(stream_id, bytes(50_000))
    await pair.drive(0)
    engine_of(pair).forget_the_path(pair.loop.now)
    await pair.drive(0.03)
    engine = engine_of(pair)
    assert engine._loss.congestion_window == 10 * engine._max_datagram_size


async def test_downloads_go_on_at_another_host() -> None:
    pair = await with_a_grown_window()
    await move(pair, OTHER_HOST)
    await download(pair)
