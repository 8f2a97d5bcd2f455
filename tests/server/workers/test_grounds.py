"""Tests of `server/workers/grounds.py`: what a parent makes for its workers."""

from __future__ import annotations

import os
import pickle
import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.quic.connection_ids import MAX_SLOTS
from h3producer.quic.keys.session_tickets import Session
from h3producer.quic.keys.sessions import Sessions
from h3producer.server.errors import StartupError
from h3producer.server.workers.grounds import Grounds
from tests.virtual import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from h3producer.config import Steering
    from h3producer.quic.engine import Datagram
    from h3producer.quic.siblings.bpf import Instruction
    from h3producer.quic.siblings.place import Place

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux steers")

SHORT = b"\x43\x01".ljust(100, b"x")
"""For slot 1."""


@contextmanager
def grounds_of(steering: Steering = "auto") -> Iterator[Grounds]:
    with Grounds(Config(bind=("127.0.0.1:0",), steering=steering)) as made:
        made.bind()
        yield made


@pytest.fixture
def grounds() -> Iterator[Grounds]:
    with grounds_of() as made:
        yield made


@pytest.fixture
def relay() -> Iterator[Grounds]:
    with grounds_of("relay") as made:
        yield made


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def received(place: Place) -> bytes | None:
    """What waits on the first socket of a place."""
    with socket.socket(fileno=os.dup(place.sockets[0])) as sock:
        try:
            return sock.recv(2048)
        except BlockingIOError:
            return None


def send(grounds: Grounds, datagram: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(datagram, grounds.addresses[0])


def test_all_places_share_the_keys(grounds: Grounds) -> None:
    assert grounds.place(0).keys == grounds.place(1).keys


def test_a_place_can_be_handed_to_another_process(grounds: Grounds) -> None:
    place = grounds.place(1)
    assert pickle.loads(pickle.dumps(place)) == place
    assert all(is_open(each) for each in place.fds)


@on_linux
def test_each_slot_has_a_socket_of_its_own(grounds: Grounds) -> None:
    assert grounds.steers
    assert set(grounds.place(0).sockets).isdisjoint(grounds.place(3).sockets)
    assert grounds.place(3).sockets == grounds.place(3).sockets


@on_linux
def test_packets_follow_those_who_serve(grounds: Grounds) -> None:
    places = [grounds.place(0), grounds.place(1)]
    grounds.steer([0, 1])
    send(grounds, SHORT)
    assert [received(each) for each in places] == [None, SHORT]
    grounds.steer([0])
    send(grounds, SHORT)
    assert [received(each) for each in places] == [SHORT, None]


def test_in_relay_mode_all_read_the_same_socket(relay: Grounds) -> None:
    assert not relay.steers
    assert relay.place(0).sockets == relay.place(3).sockets


def test_in_relay_mode_they_hand_over(relay: Grounds) -> None:
    relay.place(0)
    relay.steer([0, 1])
    loop = VirtualLoop()
    taken: list[tuple[list[Datagram], int]] = []
    ways = [relay.place(slot).open_hand_over(relay.slots) for slot in (0, 1)]
    pass_on, _ = (
        each.join(lambda datagrams, hops: taken.append((datagrams, hops))) for each in ways
    )
    ways[1].start(loop)
    assert pass_on(SHORT, ("192.0.2.1", 50000), 0)
    for callback in loop.readers.values():
        callback()
    for each in ways:
        each.close()
    assert taken == [([(SHORT, ("192.0.2.1", 50000))], 1)]


def test_what_is_under_way_is_not_bounded_by_a_count_that_may_be_ten(relay: Grounds) -> None:
    """`net.unix.max_dgram_qlen`, which a container may have as Linux made it."""
    relay.steer([0, 1])
    way = relay.place(0).open_hand_over(relay.slots)
    pass_on = way.join(lambda datagrams, hops: None)
    for _ in range(100):
        pass_on(SHORT, ("192.0.2.1", 50000), 0)
    way.close()
    assert way.lost == 0


def test_where_the_kernel_does_not_steer_they_hand_over(monkeypatch: pytest.MonkeyPatch) -> None:
    cannot_steer(monkeypatch)
    with grounds_of() as grounds:
        assert not grounds.steers
        assert grounds.place(0).sockets == grounds.place(1).sockets
        grounds.steer([0, 1])


def test_who_insists_on_the_kernel_hears_that_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    cannot_steer(monkeypatch)
    sentence = "The kernel does not lead packets to workers here: Protocol not available."
    with pytest.raises(StartupError, match=sentence), grounds_of("kernel"):
        pass


def cannot_steer(monkeypatch: pytest.MonkeyPatch) -> None:
    def other_kernel(sock: socket.socket, option: int, program: Sequence[Instruction]) -> None:
        raise OSError(92, "Protocol not available")

    monkeypatch.setattr("h3producer.quic.siblings.steering.attach", other_kernel)


def test_an_address_in_use_is_one_sentence(grounds: Grounds) -> None:
    host, port = grounds.addresses[0]
    with (
        Grounds(Config(bind=(f"{host}:{port}",))) as other,
        pytest.raises(StartupError, match="Address already in use"),
    ):
        other.bind()


def test_a_load_balancer_leaves_half_of_the_slots() -> None:
    with Grounds(Config()) as plain, Grounds(Config(lb_server_id="01")) as balanced:
        assert (plain.slots, balanced.slots) == (MAX_SLOTS, 32)


def test_a_secret_file_that_cannot_be_read_is_one_sentence() -> None:
    with pytest.raises(StartupError, match="Cannot read the secret file 'missing'"):
        Grounds(Config(secret_file="missing"))


def test_nothing_stays_open() -> None:
    with grounds_of() as grounds:
        fds = grounds.place(2).fds
    assert not any(is_open(each) for each in fds)


def test_a_session_is_resumed_by_any_worker_and_its_early_data_taken_once() -> None:
    """As each of them gets its place: pickled, but for the file descriptors."""
    config = Config(bind=("127.0.0.1:0",), early_data=True, fast_path=True)
    with Grounds(config) as grounds:
        grounds.bind()
        places = [pickle.loads(pickle.dumps(grounds.place(slot))) for slot in (0, 1)]
        one, other = (Sessions.of(config, each.keys, each.strikes) for each in places)
        assert one.tickets is not None
        assert other.tickets is not None
        assert one.early_data is not None
        assert other.early_data is not None
        data = one.tickets.seal(Session(0x1301, b"s" * 32, b"name", invites_early_data=True))
        ticket = other.tickets.open(data, b"name")
        assert ticket is not None
        assert other.early_data.admits(ticket, 0)
        assert not one.early_data.admits(ticket, 0)


def test_no_worker_is_given_the_keys_of_the_past(grounds: Grounds) -> None:
    """So whoever steals them from it reads no ticket of then."""
    assert grounds.place(0).keys.tickets.key(0) is None
