"""The packets of a flush, while they fill up: what fits, and what counts as in flight."""

from __future__ import annotations

from aioquic.quic.packet import QuicPacketType
from aioquic.tls import Epoch

from h3producer.quic.aioquic.flight import Flight


def decided(delivery: object, *args: object) -> None:
    pass


def payloads(flight: Flight) -> list[bytes]:
    flight.close()
    return flight.payloads


def test_frames_share_a_packet_while_they_fit() -> None:
    flight = Flight(10, 2)
    assert flight.add(b"123456", decided)
    assert flight.room == 4
    assert flight.add(b"7890", decided)
    assert flight.add(b"a", decided)
    assert payloads(flight) == [b"1234567890", b"a"]


def test_no_more_packets_than_may_leave() -> None:
    flight = Flight(10, 2)
    assert flight.add(bytes(10), decided)
    assert flight.add(bytes(8), decided)
    assert not flight.add(bytes(3), decided)
    assert flight.room == 0
    assert [len(each) for each in payloads(flight)] == [10, 8]


def test_full_packets_go_ahead_of_the_open_one() -> None:
    flight = Flight(10, 3)
    flight.add_full([b"1234567890", b"abcdefghij"], decided, [(1,), (2,)])
    assert (flight.left, flight.room) == (1, 10)
    assert flight.add(b"end", decided)
    assert payloads(flight) == [b"1234567890", b"abcdefghij", b"end"]
    assert [packet.delivery_handlers for packet in flight.packets[:2]] == [
        [(decided, (1,))],
        [(decided, (2,))],
    ]


def test_without_a_window_only_an_ack_leaves() -> None:
    flight = Flight(10, 0)
    flight.add_ack(b"ack", decided)
    assert not flight.add(b"1", decided)
    assert payloads(flight) == [b"ack"]


def test_an_ack_alone_is_not_in_flight() -> None:
    """RFC 9002 §2: packets are in flight when they are ack-eliciting or contain PADDING."""
    flight = Flight(10, 1)
    flight.add_ack(b"ack", decided)
    flight.close()
    (packet,) = flight.packets
    assert not packet.in_flight
    assert not packet.is_ack_eliciting


def test_an_ack_with_data_is_in_flight() -> None:
    flight = Flight(10, 1)
    flight.add_ack(b"ack", decided)
    flight.add_parts([b"da", b"ta"], 4, decided)
    assert payloads(flight) == [b"ackdata"]
    assert flight.packets[0].in_flight


def test_an_ack_alone_leaves_the_window_to_others() -> None:
    flight = Flight(10, 1)
    flight.add_ack(bytes(8), decided)
    assert flight.add(bytes(10), decided)
    assert [each.in_flight for each in flight.packets] == [False]
    assert [len(each) for each in payloads(flight)] == [8, 10]


def test_a_packet_remembers_whom_to_tell() -> None:
    flight = Flight(10, 1)
    flight.add_ack(b"ack", decided, "space", 7)
    flight.add(b"1", decided, "stream")
    flight.close()
    assert flight.packets[0].delivery_handlers == [
        (decided, ("space", 7)),
        (decided, ("stream",)),
    ]


def test_nothing_is_no_packet() -> None:
    flight = Flight(10, 1)
    assert flight.open_next()
    assert payloads(flight) == []


def test_a_packet_is_one_of_aioquics_for_its_recovery() -> None:
    flight = Flight(10, 1)
    flight.add(b"1", decided)
    flight.close()
    (packet,) = flight.packets
    assert (packet.epoch, packet.packet_type) == (Epoch.ONE_RTT, QuicPacketType.ONE_RTT)
    assert not packet.is_crypto_packet
