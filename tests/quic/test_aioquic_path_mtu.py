"""Datagrams as large as the path takes: on wide and narrow paths, and on those that change."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from h3producer.config import Config
from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.path_mtu import FIRST_PROBE
from h3producer.quic.mtu_search import BASE_SIZE, BLACK_HOLE_PAUSE, MtuSearch
from tests.pair import Client, Pair

if TYPE_CHECKING:
    from h3producer.config import CongestionControl

CEILING = Config.max_datagram_size
OTHER_PORT = ("192.0.2.1", 50001)


class Path:
    """Loses each datagram to the client that is larger than its MTU, in bytes of UDP payload."""

    def __init__(self, pair: Pair, mtu: int) -> None:
        self.mtu = mtu
        self._pair = pair
        pair.loses_to_client = self._is_lost

    def _is_lost(self, number: int) -> bool:
        return len(self._pair.to_client[number]) > self.mtu


async def connected(
    mtu: int = 65_535, *, config: Config | None = None, delay: float = 0.005
) -> tuple[Pair, Path]:
    client = Client(max_data=1 << 24, max_stream_data=1 << 24, idle_timeout=3600)
    pair = Pair(client=client, config=config, delay=delay)
    path = Path(pair, mtu)
    await pair.connect()
    return pair, path


def engine_of(pair: Pair) -> AioquicConnection:
    connection = pair.transport._connection
    assert isinstance(connection, AioquicConnection)
    return connection


def size_of(pair: Pair) -> int:
    """Bytes of the datagrams that it sends at present."""
    return engine_of(pair)._max_datagram_size


async def ask(pair: Pair) -> int:
    stream_id = pair.client.open()
    pair.client.send(stream_id, b"GET", end_stream=True)
    await pair.drive()
    return stream_id


async def download(pair: Pair, size: int = 300_000, *, seconds: float = 20.0) -> None:
    """Fails unless all of it arrives in this time."""
    body = random.Random(size).randbytes(size)
    stream_id = await ask(pair)
    pair.transport.send(stream_id, body, end_stream=True)
    await pair.drive(seconds)
    assert stream_id in pair.client.fins
    assert pair.client.received(stream_id) == body


async def search(pair: Pair) -> None:
    """As many downloads as it takes to try all sizes."""
    for _ in range(20):
        await download(pair, 60_000)


# What is found


async def test_a_download_on_a_wide_path_fills_ethernet_frames() -> None:
    pair, _ = await connected()
    await download(pair)
    assert size_of(pair) == CEILING
    sizes = [len(each) for each in pair.to_client]
    assert sizes.count(CEILING) > len(sizes) / 2


async def test_a_download_on_a_narrow_path_finds_what_it_takes() -> None:
    pair, path = await connected(1300)
    await search(pair)
    assert path.mtu - 20 < size_of(pair) <= path.mtu


@pytest.mark.parametrize("control", ["reno", "cubic"])
async def test_windows_grow_by_the_larger_datagrams(control: CongestionControl) -> None:
    pair, _ = await connected(config=Config(congestion_control=control))
    await download(pair)
    loss = engine_of(pair)._loss
    assert loss._cc._max_datagram_size == CEILING  # type: ignore[attr-defined]
    assert loss._pacer._max_datagram_size == CEILING


async def test_no_more_is_tried_than_the_setting_allows() -> None:
    pair, _ = await connected(config=Config(max_datagram_size=1333))
    await download(pair)
    assert max(map(len, pair.to_client)) == 1333


async def test_1200_turns_it_off() -> None:
    pair, _ = await connected(config=Config(max_datagram_size=BASE_SIZE))
    await download(pair)
    assert max(map(len, pair.to_client)) == BASE_SIZE


# What it costs


async def test_a_handshake_and_a_page_are_not_probed() -> None:
    pair, _ = await connected()
    await download(pair, 20_000)
    assert engine_of(pair)._packet_number < FIRST_PROBE
    assert engine_of(pair).search is None


async def test_small_responses_are_not_probed() -> None:
    pair, _ = await connected()
    for _ in range(2 * FIRST_PROBE):
        await download(pair, 100)
    assert engine_of(pair)._packet_number > FIRST_PROBE
    assert engine_of(pair).search is None


async def test_probes_that_are_lost_are_no_congestion() -> None:
    pair, _ = await connected(BASE_SIZE)
    await download(pair, 1_000_000)
    assert any(len(each) > BASE_SIZE for each in pair.to_client)
    assert engine_of(pair)._loss._cc.ssthresh is None


async def test_nobody_waits_for_a_probe_that_is_lost() -> None:
    pair, _ = await connected()
    engine = engine_of(pair)
    engine.write_probe(MtuSearch(CEILING), CEILING, pair.loop.now)
    assert engine.is_delivered
    assert engine._loss.bytes_in_flight == 0
    assert engine.next_timer() == engine._close_at


async def test_an_idle_connection_sends_nothing() -> None:
    pair, _ = await connected(BASE_SIZE)
    await download(pair)
    sent = len(pair.to_client)
    await pair.advance(50)
    assert len(pair.to_client) == sent


async def test_a_socket_that_refuses_a_probe_loses_it(caplog: pytest.LogCaptureFixture) -> None:
    """As an interface does whose MTU is smaller."""
    caplog.set_level(logging.INFO, "h3producer.quic")
    pair, _ = await connected()
    pair.socket.mtu = 1300
    await search(pair)
    assert 1280 < size_of(pair) <= 1300
    assert not caplog.records


# Paths that change


@pytest.mark.parametrize("mtu", [BASE_SIZE, 1300])
async def test_a_path_that_becomes_narrow_brings_small_datagrams_back(mtu: int) -> None:
    pair, path = await connected()
    await download(pair)
    path.mtu = mtu
    await download(pair, seconds=5.0)
    assert size_of(pair) == BASE_SIZE


async def test_a_path_that_becomes_narrow_is_searched_again_later() -> None:
    pair, path = await connected(config=Config(idle_timeout=3600))
    await download(pair)
    path.mtu = 1400
    await download(pair)
    await pair.advance(2 * BLACK_HOLE_PAUSE)
    await search(pair)
    assert 1380 < size_of(pair) <= 1400


async def test_a_path_that_takes_only_small_packets_is_found_out_while_those_arrive() -> None:
    """No timeout says so: each small response is acknowledged."""
    pair, path = await connected()
    await download(pair)
    path.mtu = BASE_SIZE
    stream_id = await ask(pair)
    pair.transport.send(stream_id, bytes(300_000), end_stream=True)
    for _ in range(200):
        small = pair.client.open()
        pair.client.send(small, b"GET", end_stream=True)
        await pair.drive(0.02)
        pair.transport.set_priority(small, 0, incremental=False)
        pair.transport.send(small, b"small", end_stream=True)
        await pair.drive(0.02)
    assert size_of(pair) == BASE_SIZE
    assert stream_id in pair.client.fins


@pytest.mark.parametrize("seed", range(3))
async def test_losses_here_and_there_do_not_bring_small_datagrams_back(seed: int) -> None:
    pair, _ = await connected()
    await download(pair)
    chance = random.Random(seed)
    pair.loses_to_client = lambda number: chance.random() < 0.02
    await download(pair, 1_000_000)
    assert size_of(pair) == CEILING


async def test_a_datagram_frame_that_fits_no_packet_any_more_is_dropped() -> None:
    pair, path = await connected()
    await download(pair)
    path.mtu = BASE_SIZE
    engine = engine_of(pair)
    pair.transport.send_datagram(bytes(1400))
    pair.transport.send_datagram(b"small")
    engine.resize(BASE_SIZE)
    await pair.drive()
    assert pair.client.datagrams == [b"small"]


# Clients that move


async def moved() -> tuple[Pair, Path]:
    """A client that was sent large datagrams, and is now where only the smallest pass."""
    pair, path = await connected()
    await download(pair)
    assert size_of(pair) == CEILING
    path.mtu = BASE_SIZE
    pair.move(pair.client, OTHER_PORT)
    return pair, path


async def test_another_path_begins_with_small_datagrams() -> None:
    pair, _ = await moved()
    sent = len(pair.to_client)
    await download(pair, 20_000)
    assert max(map(len, pair.to_client[sent:])) == BASE_SIZE


async def test_another_path_is_searched_too() -> None:
    pair, path = await moved()
    path.mtu = 1300
    await search(pair)
    assert 1280 < size_of(pair) <= 1300


async def test_the_former_path_begins_with_small_datagrams_again() -> None:
    pair, path = await moved()
    path.mtu = CEILING
    await download(pair)
    assert size_of(pair) == CEILING
    pair.move(pair.client, Client().address)
    sent = len(pair.to_client)
    await download(pair, 20_000)
    assert max(map(len, pair.to_client[sent:])) == BASE_SIZE


async def test_a_path_that_is_only_tried_gets_small_datagrams() -> None:
    """RFC 9000 §9.1: with probing frames alone, a client tries a path that it does not use."""
    pair, _ = await moved()
    path_challenge = (0x1A, bytes(8))
    padding = (0x00, bytes(BASE_SIZE - 100))
    pair.client.inject(path_challenge, padding)
    sent = len(pair.to_client)
    pair.loses_to_client = lambda number: True  # it has not asked, and would complain
    await pair.drive(0.01)
    assert size_of(pair) == CEILING
    assert BASE_SIZE in map(len, pair.to_client[sent:])
    assert max(map(len, pair.to_client[sent:])) == BASE_SIZE


async def test_an_address_without_proof_is_sent_no_probe() -> None:
    """RFC 9000 §8.1: three times what has come from there, and nothing that is not needed."""
    pair, _ = await moved()
    stream_id = pair.client.open()
    pair.client.send(stream_id, b"GET", end_stream=True)
    arrived = len(pair.to_server)
    sent = len(pair.to_client)
    pair.loses_to_client = lambda number: True
    await pair.drive(0.02)
    pair.transport.send(stream_id, bytes(1 << 20), end_stream=True)
    await pair.drive(0.2)
    assert sum(map(len, pair.to_client[sent:])) <= 3 * sum(map(len, pair.to_server[arrived:]))
    assert max(map(len, pair.to_client[sent:])) <= BASE_SIZE


# Whatever the path does


@settings(max_examples=20)
@given(
    mtus=st.lists(st.integers(BASE_SIZE, 1500), min_size=1, max_size=5),
    every=st.integers(20, 400),
    delay=st.sampled_from([0.0, 0.001, 0.02]),
    ceiling=st.sampled_from([CEILING, 1280, 9000]),
)
async def test_whatever_the_path_takes_and_when_downloads_arrive(
    mtus: list[int], every: int, delay: float, ceiling: int
) -> None:
    """The path changes with each so many datagrams."""
    pair, path = await connected(config=Config(max_datagram_size=ceiling), delay=delay)

    def is_lost(number: int) -> bool:
        path.mtu = mtus[min(number // every, len(mtus) - 1)]
        return len(pair.to_client[number]) > path.mtu

    pair.loses_to_client = is_lost
    for _ in range(3):
        await download(pair, 200_000)
