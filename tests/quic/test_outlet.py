"""What waits for a full socket: in order, without loss, and whoever wants to send hears of it."""

from __future__ import annotations

import pytest

from h3producer.quic.udp.outlet import Outlet
from tests.virtual import MemorySocket, VirtualLoop

HERE = ("192.0.2.1", 50000)
ONE, TWO, THREE = (b"one", HERE), (b"two", HERE), (b"three", HERE)


class Bench:
    """An outlet on a socket in memory, and how often it said that there is room."""

    def __init__(self, *, gso: bool = True, knows_segments: bool = True) -> None:
        self.socket = MemorySocket(knows_segments=knows_segments)
        self.loop = VirtualLoop()
        self.said = 0
        self.outlet = Outlet(self.socket, self.loop, self.has_room, gso=gso)

    def has_room(self) -> None:
        self.said += 1

    def make_room(self, room: int | None) -> None:
        self.socket.room = room
        for callback in list(self.loop.writers.values()):
            callback()


def test_what_the_socket_takes_is_sent_at_once() -> None:
    bench = Bench()
    bench.outlet.send([ONE, TWO])
    assert list(bench.socket.outbox) == [ONE, TWO]
    assert not bench.outlet.is_full
    assert bench.loop.writers == {}


@pytest.mark.parametrize("gso", [True, False])
def test_what_it_does_not_take_waits_in_order(gso: bool) -> None:
    bench = Bench(gso=gso)
    bench.socket.room = 1
    bench.outlet.send([THREE, ONE, THREE, TWO, ONE])
    for _ in range(5):
        bench.make_room(1)
    assert list(bench.socket.outbox) == [THREE, ONE, THREE, TWO, ONE]
    assert not bench.outlet.is_full
    assert bench.loop.writers == {}


def test_nothing_overtakes_what_waits() -> None:
    bench = Bench()
    bench.socket.room = 0
    bench.outlet.send([ONE])
    bench.socket.room = None
    bench.outlet.send([TWO])
    assert not bench.socket.outbox
    bench.make_room(None)
    assert list(bench.socket.outbox) == [ONE, TWO]


def test_it_says_that_there_is_room_once_all_that_waited_is_sent() -> None:
    bench = Bench(gso=False)
    bench.socket.room = 0
    bench.outlet.send([ONE, TWO])
    bench.make_room(1)
    assert (bench.said, bench.outlet.is_full) == (0, True)
    bench.make_room(1)
    assert (bench.said, bench.outlet.is_full) == (1, False)


def test_a_stopped_outlet_asks_for_no_more_room() -> None:
    bench = Bench()
    bench.socket.room = 0
    bench.outlet.send([ONE])
    bench.outlet.stop()
    assert bench.loop.writers == {}
    assert not bench.outlet.is_full


@pytest.mark.parametrize(
    ("gso", "knows_segments", "trains"),
    [(True, True, [2]), (False, True, []), (True, False, [])],
)
def test_datagrams_share_a_call_if_that_is_wanted_and_possible(
    gso: bool, knows_segments: bool, trains: list[int]
) -> None:
    bench = Bench(gso=gso, knows_segments=knows_segments)
    bench.outlet.send([ONE, TWO])
    assert list(bench.socket.outbox) == [ONE, TWO]
    assert bench.socket.trains == trains
