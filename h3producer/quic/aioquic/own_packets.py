"""Notes of the packets that we read and write ourselves, which aioquic never tells of.

This file knows where a packet's frames pass in the clear. It refuses to know frames
(`quic/qlog_frames.py`) and what is done with them.

Its one rule: it changes one connection, that of which notes are taken. So what a log shows is what
the server does for everybody, and nobody else pays for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.quic.aioquic.sealing import OVERHEAD
from h3producer.quic.qlog_frames import describe_frames

if TYPE_CHECKING:
    from aioquic.quic.connection import NetworkAddress

    from h3producer.quic.aioquic.connection import AioquicConnection
    from h3producer.quic.aioquic.flight import Flight
    from h3producer.quic.aioquic.qlog import AioquicTrace
    from h3producer.quic.mtu_search import MtuSearch

__all__ = ["note_own_packets"]


def note_own_packets(connection: AioquicConnection, trace: AioquicTrace) -> None:
    """Have this connection's packets noted where aioquic does not."""
    register, read_payload, write_probe = (
        connection.register,
        connection.read_payload,
        connection.write_probe,
    )

    def noted_register(flight: Flight, now: float) -> list[tuple[bytes, NetworkAddress]]:
        number = connection._packet_number  # noqa: SLF001
        peer_id = connection._peer_cid.cid  # noqa: SLF001
        datagrams = register(flight, now)
        for payload, (datagram, _) in zip(flight.payloads, datagrams, strict=True):
            frames = describe_frames(payload)
            trace.packet_sent(number, frames, peer_id, len(datagram))
            number += 1
        return datagrams

    def noted_read_payload(payload: bytes, number: int, now: float, more: bool) -> None:
        exponent = connection._remote_ack_delay_exponent  # noqa: SLF001
        frames = describe_frames(payload, exponent)
        trace.packet_received(number, frames, connection.host_cid, len(payload))
        read_payload(payload, number, now, more)
        if any(frame["frame_type"] == "ack" for frame in frames):
            trace.metrics_changed(connection._loss)  # noqa: SLF001

    def noted_write_probe(search: MtuSearch, size: int, now: float) -> tuple[bytes, NetworkAddress]:
        number = connection._packet_number  # noqa: SLF001
        peer_id = connection._peer_cid.cid  # noqa: SLF001
        padding = size - OVERHEAD - len(peer_id) - 1
        frames = describe_frames(b"\x01" + bytes(padding))  # a PING, and nothing but zeros
        trace.packet_sent(number, frames, peer_id, size, is_mtu_probe_packet=True)
        return write_probe(search, size, now)

    # The methods of this one object, whose class pays nothing for it.
    connection.register = noted_register  # type: ignore[method-assign]
    connection.read_payload = noted_read_payload  # type: ignore[method-assign]
    connection.write_probe = noted_write_probe  # type: ignore[method-assign]
