"""How many packets leave at once, on fast paths and on all others."""

from __future__ import annotations

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.recovery import QuicPacketPacer

from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.pacing import BURST, MAX_BURST, BurstPacer

SIZE = 1200


def burst(pacer: QuicPacketPacer) -> int:
    """Packets that may leave at one moment, after a pause."""
    now = 1.0
    sent = 0
    while pacer.next_send_time(now) is None:
        pacer.update_after_send(now)
        sent += 1
    return sent


def burst_of(congestion_window: int, smoothed_rtt: float) -> int:
    pacer = BurstPacer(max_datagram_size=SIZE)
    pacer.update_rate(congestion_window, smoothed_rtt)
    return burst(pacer)


def test_a_large_window_on_a_short_path_leaves_the_whole_burst() -> None:
    assert abs(burst_of(8 << 20, 0.001) - MAX_BURST) <= 1


def test_on_a_path_as_short_as_a_tick_a_small_window_leaves_at_once() -> None:
    assert burst_of(10 * SIZE, 0.001) == 10


def test_on_a_longer_path_a_small_window_is_paced() -> None:
    assert burst_of(12 * SIZE, 0.03) == 3


def test_aioquic_alone_would_leave_a_few_packets() -> None:
    """If this fails, aioquic has mended it and `pacing.py` can go."""
    pacer = QuicPacketPacer(max_datagram_size=SIZE)
    pacer.update_rate(8 << 20, 0.001)
    assert burst(pacer) <= 3


def test_on_a_path_in_between_a_burst_is_what_a_millisecond_carries() -> None:
    packets = burst_of(1 << 20, 0.025)
    assert abs(packets - (1 << 20) / 25 / SIZE) <= 1
    assert BURST < packets < MAX_BURST


def test_after_a_burst_packets_leave_as_fast_as_the_path_carries_them() -> None:
    pacer = BurstPacer(max_datagram_size=SIZE)
    pacer.update_rate(100 * SIZE, 0.1)
    burst(pacer)
    assert pacer.allowance(1.0) == 0
    assert pacer.next_time(1.0) == pytest.approx(1.001)
    assert pacer.allowance(1.0095) == 10


@pytest.mark.parametrize("spent", [1, 5, 16])
def test_a_flush_takes_as_much_as_its_packets_one_by_one(spent: int) -> None:
    together, one_by_one = BurstPacer(max_datagram_size=SIZE), BurstPacer(max_datagram_size=SIZE)
    for pacer in (together, one_by_one):
        pacer.update_rate(100 * SIZE, 0.1)
        assert pacer.allowance(1.0) == BURST
    together.spend(spent)
    for _ in range(spent):
        one_by_one.update_after_send(1.0)
    assert together.bucket_time == pytest.approx(one_by_one.bucket_time, abs=1e-9)


def test_a_flush_may_ask_for_less_and_then_gets_no_more_at_once() -> None:
    pacer = BurstPacer(max_datagram_size=SIZE)
    pacer.update_rate(8 << 20, 0.001)
    assert pacer.allowance(1.0, BURST) == BURST
    assert pacer.allowance(1.0) == BURST
    assert pacer.allowance(1.1) == MAX_BURST


def test_without_a_round_trip_nothing_is_paced() -> None:
    assert BurstPacer(max_datagram_size=SIZE).allowance(1.0) > 1_000_000


@pytest.mark.parametrize("smoothed_rtt", [0.1, 1.0])
@pytest.mark.parametrize("congestion_window", [2 * SIZE, 10 * SIZE, 100 * SIZE, 1 << 20])
def test_on_other_paths_it_is_aioquics(congestion_window: int, smoothed_rtt: float) -> None:
    ours, stock = BurstPacer(max_datagram_size=SIZE), QuicPacketPacer(max_datagram_size=SIZE)
    for pacer in (ours, stock):
        pacer.update_rate(congestion_window, smoothed_rtt)
    assert ours.packet_time == stock.packet_time
    assert ours.bucket_max == pytest.approx(stock.bucket_max)


def test_a_connection_has_one() -> None:
    connection = AioquicConnection(QuicConfiguration(max_datagram_size=SIZE))
    assert isinstance(connection._loss._pacer, BurstPacer)
