"""How many packets leave at once, on fast paths and on all others."""

from __future__ import annotations

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.recovery import QuicPacketPacer

from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.pacing import MAX_BURST, BurstPacer

SIZE = 1200


def burst(pacer: QuicPacketPacer) -> int:
    """Packets that may leave at one moment, after a pause."""
    now = 1.0
    sent = 0
    while pacer.next_send_time(now) is None:
        pacer.update_after_send(now)
        sent += 1
    return sent


def test_a_large_window_on_a_short_path_leaves_the_whole_burst() -> None:
    pacer = BurstPacer(max_datagram_size=SIZE)
    pacer.update_rate(8 << 20, 0.001)
    assert abs(burst(pacer) - MAX_BURST) <= 1


def test_aioquic_alone_would_leave_a_few_packets() -> None:
    """If this fails, aioquic has mended it and `pacing.py` can go."""
    pacer = QuicPacketPacer(max_datagram_size=SIZE)
    pacer.update_rate(8 << 20, 0.001)
    assert burst(pacer) <= 3


@pytest.mark.parametrize("smoothed_rtt", [0.02, 0.1, 1.0])
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
