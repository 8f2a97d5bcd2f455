"""The window grows as New Reno's does, up to its ceiling."""

from __future__ import annotations

import pytest
from aioquic.quic.congestion.base import create_congestion_control
from aioquic.quic.packet import QuicPacketType
from aioquic.quic.packet_builder import QuicSentPacket
from aioquic.tls import Epoch

from h3producer.config import Config
from h3producer.quic.aioquic.congestion import bounded_reno
from tests.pair import Client, Pair


def make_packet(size: int) -> QuicSentPacket:
    return QuicSentPacket(
        epoch=Epoch.ONE_RTT,
        in_flight=True,
        is_ack_eliciting=True,
        is_crypto_packet=False,
        packet_number=0,
        packet_type=QuicPacketType.ONE_RTT,
        sent_time=1.0,
        sent_bytes=size,
    )


def test_the_window_grows_by_what_is_acknowledged() -> None:
    control = create_congestion_control(bounded_reno(1 << 20), max_datagram_size=1200)
    before = control.congestion_window
    control.on_packet_sent(packet=make_packet(1200))
    control.on_packet_acked(now=2.0, packet=make_packet(1200))
    assert control.congestion_window == before + 1200
    assert control.bytes_in_flight == 0


def test_the_window_has_a_ceiling() -> None:
    control = create_congestion_control(bounded_reno(1 << 20), max_datagram_size=1200)
    for _ in range(20):
        control.on_packet_acked(now=2.0, packet=make_packet(100_000))
    assert control.congestion_window == 1 << 20


def test_two_servers_of_a_process_may_have_two_ceilings() -> None:
    names = bounded_reno(1 << 20), bounded_reno(1 << 21)
    controls = [create_congestion_control(name, max_datagram_size=1200) for name in names]
    for control in controls:
        for _ in range(40):
            control.on_packet_acked(now=2.0, packet=make_packet(100_000))
    assert [control.congestion_window for control in controls] == [1 << 20, 1 << 21]


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
    while stream_id not in pair.client.fins:
        await pair.drive(0.01)
        most = max(most, pair.transport._connection._loss.bytes_in_flight)  # type: ignore[attr-defined]
    assert 40_000 < most <= 50_000
