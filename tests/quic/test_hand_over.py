"""Datagrams on their way between processes; here both ends are in one."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.limits import MAX_HANDED_OVER, MAX_HOPS, MAX_UDP_PAYLOAD
from h3producer.quic.siblings.hand_over import HandOver, decode_address, encode_address
from h3producer.quic.siblings.slot_table import TABLE_SIZE, SlotTable
from tests.virtual import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from h3producer.quic.engine import Address, Datagram

PEER = ("192.0.2.7", 4567)


def short(value: int) -> bytes:
    """A packet with a short header, for an id with a value in the place of the slot."""
    return bytes((0x43, 0xC0 | value)) + bytes(40)


def long(value: int) -> bytes:
    """A packet with a long header."""
    return b"\xc3\x00\x00\x00\x01\x08" + bytes((0x80 | value,)) + bytes(1200)


class Worker:
    """What a slot's process passes on and takes."""

    def __init__(self, slot: int, town: Town) -> None:
        inbox = town.mail[slot][0]
        outboxes = [outbox.fileno() for _, outbox in town.mail]
        self.hand_over = HandOver(slot, town.table, inbox, outboxes)
        self.taken: list[tuple[int, list[Datagram], int]] = []
        """Listener, datagrams and hops."""
        self.listeners = [self.hand_over.join(self._take(number)) for number in range(2)]
        self.hand_over.start(town.loop)
        self._wake = town.loop.readers[inbox]

    def _take(self, listener: int) -> Callable[[list[Datagram], int], None]:
        return lambda datagrams, hops: self.taken.append((listener, datagrams, hops))

    def gets(self, datagram: bytes, hops: int = 0, listener: int = 0) -> bool:
        """Whether a datagram that nobody knows here is passed on."""
        return self.listeners[listener](datagram, PEER, hops)

    def read(self) -> list[tuple[int, list[Datagram], int]]:
        """What came since."""
        before = len(self.taken)
        self._wake()
        return self.taken[before:]


class Town:
    """Four workers: 0 to 2 serve and 3 drains."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.table = SlotTable(bytearray(TABLE_SIZE))
        self.table.clear()
        self.table.set([0, 1, 2], draining=[3])
        self.mail = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(4)]
        for pair in self.mail:
            for sock in pair:
                sock.setblocking(False)
        self.workers = [Worker(slot, self) for slot in range(4)]

    def close(self) -> None:
        for worker in self.workers:
            worker.hand_over.close()
        for pair in self.mail:
            for sock in pair:
                sock.close()


@pytest.fixture
def town() -> Iterator[Town]:
    made = Town()
    yield made
    made.close()


@pytest.mark.parametrize("datagram", [short(1), long(1)], ids=["short", "long"])
def test_a_datagram_for_another_slot_gets_there(town: Town, datagram: bytes) -> None:
    assert town.workers[0].gets(datagram)
    assert town.workers[1].read() == [(0, [(datagram, PEER)], 1)]


@pytest.mark.parametrize("datagram", [short(1), long(1)], ids=["short", "long"])
def test_what_is_for_our_own_slot_stays(town: Town, datagram: bytes) -> None:
    assert not town.workers[1].gets(datagram)


def test_it_arrives_on_the_listener_that_it_came_to(town: Town) -> None:
    town.workers[0].gets(short(1), listener=1)
    assert town.workers[1].read() == [(1, [(short(1), PEER)], 1)]


def test_a_made_up_id_leads_to_somebody_who_serves(town: Town) -> None:
    owner = town.table.owner(40)
    others = [slot for slot in (0, 1, 2) if slot != owner]
    assert all(town.workers[slot].gets(long(40)) for slot in others)
    assert not town.workers[owner].gets(long(40))


def test_who_drains_passes_newcomers_on_and_keeps_its_clients(town: Town) -> None:
    heir = town.table.heir(3)
    assert town.workers[3].gets(long(3))
    assert town.workers[heir].read() == [(0, [(long(3), PEER)], 1)]
    assert not town.workers[3].gets(short(3))


def test_all_packets_of_a_newcomer_go_the_same_way(town: Town) -> None:
    """Also those of two workers that read the same socket."""
    heir = town.table.heir(3)
    others = [slot for slot in (0, 1, 2) if slot != heir]
    for slot in others:
        assert town.workers[slot].gets(long(3))
    for _, ((datagram, _), *_), hops in town.workers[3].read():
        assert town.workers[3].gets(datagram, hops)
    assert not town.workers[heir].gets(long(3), hops=2)


def test_a_newcomer_is_not_sent_back_to_who_drains(town: Town) -> None:
    heir = town.table.heir(3)
    assert not town.workers[heir].gets(long(3), hops=1)


def test_who_takes_newcomers_asks_the_owner_of_an_id_first(town: Town) -> None:
    """It may be the second packet of a handshake that has begun there."""
    assert town.workers[town.table.heir(3)].gets(long(3), hops=0)


def test_no_datagram_goes_round_in_circles(town: Town) -> None:
    assert not town.workers[0].gets(short(1), hops=MAX_HOPS)


def test_if_nobody_serves_newcomers_stay_where_they_came(town: Town) -> None:
    town.table.set([], draining=[0, 1, 2, 3])
    assert not town.workers[0].gets(long(40))


def test_an_id_of_no_bytes_leads_nowhere_else_than_others(town: Town) -> None:
    datagram = b"\xc3\x00\x00\x00\x01\x00\x08" + bytes(1200)
    owner = town.table.owner(0)
    assert not town.workers[owner].gets(datagram)


def test_what_has_no_room_is_lost_and_nobody_waits(town: Town) -> None:
    worker = town.workers[0].hand_over
    while not worker.lost:
        assert town.workers[0].gets(long(1))
    assert worker.passed_on > MAX_HANDED_OVER
    for _ in range(100):
        assert town.workers[0].gets(long(1))
    assert worker.lost == 101


def test_a_process_that_is_gone_costs_nobody_else_anything(town: Town) -> None:
    for sock in town.mail[1]:
        os.close(sock.detach())
    assert town.workers[0].gets(short(1))
    assert town.workers[0].hand_over.lost == 1


def test_only_so_many_are_read_at_once(town: Town) -> None:
    for _ in range(MAX_HANDED_OVER + 1):
        town.workers[0].gets(short(1))
    ((_, datagrams, _),) = town.workers[1].read()
    assert len(datagrams) == MAX_HANDED_OVER
    ((_, datagrams, _),) = town.workers[1].read()
    assert len(datagrams) == 1
    assert town.workers[1].hand_over.taken == MAX_HANDED_OVER + 1


def test_a_large_datagram_arrives_whole(town: Town) -> None:
    datagram = short(1).ljust(MAX_UDP_PAYLOAD, b"x")
    town.workers[0].gets(datagram)
    ((_, ((arrived, _),), _),) = town.workers[1].read()
    assert arrived == datagram


IPV4 = st.tuples(st.ip_addresses(v=4).map(str), st.integers(0, 65535))
IPV6 = st.tuples(
    st.binary(min_size=16, max_size=16).map(lambda host: socket.inet_ntop(socket.AF_INET6, host)),
    st.integers(0, 65535),
    st.integers(0, (1 << 20) - 1),
    st.integers(0, (1 << 32) - 1),
)


@given(IPV4 | IPV6)
def test_an_address_is_the_same_on_the_other_side(address: Address) -> None:
    assert decode_address(encode_address(address)) == address


def test_an_ipv4_address_in_an_ipv6_socket_stays_what_it_is() -> None:
    mapped = ("::ffff:192.0.2.7", 4567, 0, 0)
    assert decode_address(encode_address(mapped)) == mapped
