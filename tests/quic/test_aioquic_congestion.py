"""The window grows as New Reno's does, up to its ceiling."""

from __future__ import annotations

from aioquic.quic.congestion.base import create_congestion_control
from aioquic.quic.packet import QuicPacketType
from aioquic.quic.packet_builder import QuicSentPacket
from aioquic.tls import Epoch

from h3producer.quic.aioquic.congestion import BOUNDED_RENO
from h3producer.quic.limits import MAX_CONGESTION_WINDOW
from tests.pair import Pair


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
    control = create_congestion_control(BOUNDED_RENO, max_datagram_size=1200)
    before = control.congestion_window
    control.on_packet_sent(packet=make_packet(1200))
    control.on_packet_acked(now=2.0, packet=make_packet(1200))
    assert control.congestion_window == before + 1200
    assert control.bytes_in_flight == 0


def test_the_window_has_a_ceiling() -> None:
    control = create_congestion_control(BOUNDED_RENO, max_datagram_size=1200)
    for _ in range(20):
        control.on_packet_acked(now=2.0, packet=make_packet(MAX_CONGESTION_WINDOW // 10))
    assert control.congestion_window == MAX_CONGESTION_WINDOW


async def test_connections_of_the_engine_use_it() -> None:
    pair = Pair()
    await pair.connect()
    assert pair.engine._configuration.congestion_control_algorithm == BOUNDED_RENO
