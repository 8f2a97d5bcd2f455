"""The window grows as New Reno's or CUBIC's does, up to its ceiling."""

from __future__ import annotations

import random
from itertools import groupby
from typing import get_args

import pytest
from aioquic.quic.congestion.base import QuicCongestionControl, create_congestion_control
from aioquic.quic.congestion.cubic import CubicCongestionControl
from aioquic.quic.packet import QuicPacketType
from aioquic.quic.packet_builder import QuicSentPacket
from aioquic.tls import Epoch
from hypothesis import given, settings
from hypothesis import strategies as st

from h3producer.config import Config, CongestionControl
from h3producer.quic.aioquic.congestion import BoundedControl, bounded
from tests.pair import Client, Pair


def make_packet(size: int, sent_time: float = 1.0) -> QuicSentPacket:
    return QuicSentPacket(
        epoch=Epoch.ONE_RTT,
        in_flight=True,
        is_ack_eliciting=True,
        is_crypto_packet=False,
        packet_number=0,
        packet_type=QuicPacketType.ONE_RTT,
        sent_time=sent_time,
        sent_bytes=size,
    )


def test_the_window_grows_by_what_is_acknowledged() -> None:
    control = create_congestion_control(bounded("reno", 1 << 20), max_datagram_size=1200)
    before = control.congestion_window
    control.on_packet_sent(packet=make_packet(1200))
    control.on_packet_acked(now=2.0, packet=make_packet(1200))
    assert control.congestion_window == before + 1200
    assert control.bytes_in_flight == 0


@pytest.mark.parametrize("name", ["reno", "cubic"])
def test_the_window_has_a_ceiling(name: CongestionControl) -> None:
    control = create_congestion_control(bounded(name, 1 << 20), max_datagram_size=1200)
    for _ in range(20):
        control.on_packet_acked(now=2.0, packet=make_packet(100_000))
    assert control.congestion_window == 1 << 20


@pytest.mark.parametrize("name", ["reno", "cubic"])
def test_lost_packets_are_counted(name: CongestionControl) -> None:
    control = create_congestion_control(bounded(name, 1 << 20), max_datagram_size=1200)
    assert isinstance(control, BoundedControl)
    control.on_packets_sent([make_packet(1200)] * 3)
    control.on_packets_lost(now=2.0, packets=iter([make_packet(1200)] * 2))
    assert (control.packets_lost, control.bytes_in_flight) == (2, 1200)


acknowledged = st.lists(st.tuples(st.integers(0, 40), st.integers(20, 1500)), min_size=1)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(get_args(CongestionControl)),
    st.integers(10_000, 200_000),
    st.lists(st.tuples(acknowledged, st.booleans()), max_size=12),
)
def test_packets_that_are_told_of_together_count_as_one_by_one(
    name: CongestionControl, ceiling: int, rounds: list[tuple[list[tuple[int, int]], bool]]
) -> None:
    """In slow start and behind losses; some were sent before the last loss, some after it."""
    registered = bounded(name, ceiling)
    together, apart = (
        create_congestion_control(registered, max_datagram_size=1200) for _ in range(2)
    )
    assert isinstance(together, BoundedControl)
    now = 1.0
    for acked, is_lost in rounds:
        now += 1.0
        packets = [make_packet(size, now - age / 20) for age, size in sorted(acked, reverse=True)]
        for _, flight in groupby(packets, lambda packet: packet.sent_time):
            together.on_packets_sent(list(flight))
        together.on_packets_acked(now=now, packets=packets)
        for packet in packets:
            apart.on_packet_sent(packet=packet)
        for packet in packets:
            apart.on_packet_acked(now=now, packet=packet)
        for each in (together, apart):
            if is_lost:
                each.on_packet_sent(packet=make_packet(1200, now))
                each.on_packets_lost(now=now, packets=[make_packet(1200, now)])
        assert facts(together) == facts(apart)


def facts(control: QuicCongestionControl) -> dict[str, object]:
    return {name: value for name, value in vars(control).items() if name != "_rtt_monitor"}


def test_two_servers_of_a_process_may_have_two_ceilings() -> None:
    names = bounded("reno", 1 << 20), bounded("reno", 1 << 21)
    controls = [create_congestion_control(name, max_datagram_size=1200) for name in names]
    for control in controls:
        for _ in range(40):
            control.on_packet_acked(now=2.0, packet=make_packet(100_000))
    assert [control.congestion_window for control in controls] == [1 << 20, 1 << 21]


def test_behind_a_loss_cubic_keeps_more_of_its_window_than_reno() -> None:
    """RFC 9438 §4.6: seven tenths, where RFC 9002 §7.3.2 has half."""
    kept = {}
    for name in get_args(CongestionControl):
        control = create_congestion_control(bounded(name, 1 << 20), max_datagram_size=1200)
        for _ in range(100):
            control.on_packet_sent(packet=make_packet(1200))
        control.congestion_window = 120_000
        control.on_packets_lost(now=2.0, packets=[make_packet(0)])
        kept[name] = control.congestion_window
    assert kept == {"reno": 60_000, "cubic": 84_000}


def make_control(name: CongestionControl, window: int) -> QuicCongestionControl:
    """With a full window of a hundred packets that left at 1.0 s."""
    control = create_congestion_control(bounded(name, 1 << 20), max_datagram_size=1200)
    for _ in range(100):
        control.on_packet_sent(packet=make_packet(1200))
    control.congestion_window = window
    return control


def test_what_was_acknowledged_along_with_a_loss_does_not_make_cubic_shrink_more() -> None:
    control = make_control("cubic", 120_000)
    control.ssthresh = 120_000
    for _ in range(98):
        control.on_packet_acked(now=2.0, packet=make_packet(1200))
    window = control.congestion_window
    control.on_packets_lost(now=2.0, packets=[make_packet(1200)])
    assert control.congestion_window == int(0.7 * window)
    assert control.bytes_in_flight == 1200


def test_aioquics_own_cubic_shrinks_to_two_packets_there() -> None:
    """If this fails, aioquic has mended it, and `_MendedCubic` has less to do."""
    control = CubicCongestionControl(max_datagram_size=1200)
    control.congestion_window = 120_000
    control.bytes_in_flight = 2400
    control.on_packets_lost(now=2.0, packets=[make_packet(1200)])
    assert control.congestion_window == 2400


@pytest.mark.parametrize("name", ["reno", "cubic"])
def test_in_a_recovery_period_no_window_grows(name: CongestionControl) -> None:
    """RFC 9002 §7.3.2."""
    control = make_control(name, 120_000)
    control.on_packets_lost(now=2.0, packets=[make_packet(1200)])
    window = control.congestion_window
    for _ in range(50):
        control.on_packet_acked(now=2.5, packet=make_packet(1200))
    assert control.congestion_window == window
    assert control.bytes_in_flight == 49 * 1200


def test_cubic_does_not_take_a_long_round_trip_for_an_idle_connection() -> None:
    control = make_control("cubic", 120_000)
    control.on_packet_acked(now=2.0, packet=make_packet(1200))
    control.on_packet_sent(packet=make_packet(1200, sent_time=4.0))
    assert control.congestion_window > 120_000


def test_cubic_begins_anew_behind_an_idle_time() -> None:
    control = create_congestion_control(bounded("cubic", 1 << 20), max_datagram_size=1200)
    first = control.congestion_window
    control.on_packet_sent(packet=make_packet(1200))
    control.on_packet_acked(now=1.1, packet=make_packet(1200))
    assert control.congestion_window > first
    control.on_packet_sent(packet=make_packet(1200, sent_time=4.0))
    assert control.congestion_window == first


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("delay", [0.001, 0.015])
async def test_on_a_lossy_path_cubic_is_no_slower_than_reno(seed: int, delay: float) -> None:
    took = {}
    for name in get_args(CongestionControl):
        client = Client(max_data=1 << 24, max_stream_data=1 << 24)
        pair = Pair(config=Config(congestion_control=name), client=client, delay=delay)
        await pair.connect()
        chance = random.Random(seed)
        pair.loses_to_client = lambda number, chance=chance: chance.random() < 0.02  # type: ignore[misc]
        start = pair.loop.now
        pair.transport.send(pair.transport.open_uni_stream(), bytes(1 << 19), end_stream=True)
        while not pair.client.fins:
            await pair.advance(delay)
        took[name] = pair.loop.now - start
    assert took["cubic"] < 1.1 * took["reno"]


@pytest.mark.parametrize("name", ["reno", "cubic"])
async def test_a_connection_has_the_control_that_was_asked_for(name: CongestionControl) -> None:
    pair = Pair(config=Config(congestion_control=name))
    await pair.connect()
    control = pair.transport._connection._loss._cc  # type: ignore[attr-defined]
    assert name in type(control).__name__.lower()
    stream_id = pair.client.open()
    pair.client.send(stream_id, b"GET", end_stream=True)
    await pair.drive()
    pair.transport.send(stream_id, bytes(300_000), end_stream=True)
    await pair.drive()
    assert pair.client.received(stream_id) == bytes(300_000)


@pytest.mark.parametrize("fast_path", [True, False])
async def test_no_more_is_in_flight_than_the_setting_allows(fast_path: bool) -> None:
    config = Config(max_bytes_in_flight=50_000, fast_path=fast_path)
    pair = Pair(config=config, client=Client(), delay=0.05)
    await pair.connect()
    stream_id = pair.client.open()
    pair.client.send(stream_id, b"GET", end_stream=True)
    await pair.drive()
    pair.transport.send(stream_id, bytes(1 << 20), end_stream=True)
    most = 0
    for _ in range(1000):
        if stream_id in pair.client.fins:
            break
        await pair.advance(0.01)
        most = max(most, pair.transport._connection._loss.bytes_in_flight)  # type: ignore[attr-defined]
    assert stream_id in pair.client.fins
    assert 40_000 < most <= 50_000
