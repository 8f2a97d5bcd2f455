"""Rates and their thresholds, and what is sieved by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.quic.limits import FLOOD, FLOOD_PENALTY, MAX_FLOODERS, SIEVE_MESH
from h3producer.quic.udp.flood import FloodGauge, FloodWatch

if TYPE_CHECKING:
    from collections.abc import Iterable


class Watched:
    """A gauge that is asked once a second, of its own clock."""

    def __init__(self) -> None:
        self.gauge = FloodGauge()
        self.now = 1000.0
        self.gauge.look(0, self.now)

    def second(self, seen: float) -> bool:
        """Whether there is a flood after a second in which so many were seen."""
        self.now += 1.0
        self.gauge.look(int(seen), self.now)
        return self.gauge.is_flood


def test_below_the_threshold_there_is_no_flood() -> None:
    assert not Watched().second(FLOOD - 1)


def test_at_the_threshold_there_is_one() -> None:
    assert Watched().second(FLOOD)


def test_while_it_lasts_each_that_is_seen_stands_for_many() -> None:
    watched = Watched()
    watched.second(FLOOD)
    assert watched.second(FLOOD / 2 / SIEVE_MESH + 1)


def test_it_is_over_at_half_of_the_threshold() -> None:
    watched = Watched()
    watched.second(FLOOD)
    assert not watched.second(FLOOD / 2 / SIEVE_MESH - 1)


def test_a_change_is_told_once() -> None:
    gauge = FloodGauge()
    gauge.look(0, 1000.0)
    assert gauge.look(FLOOD, 1001.0)
    assert not gauge.look(FLOOD, 1002.0)
    assert gauge.look(0, 1003.0)


def test_within_a_period_it_only_counts() -> None:
    gauge = FloodGauge()
    gauge.look(0, 1000.0)
    assert not gauge.look(FLOOD, 1000.001)
    assert gauge.look(0, 1000.5)


def test_after_a_long_silence_a_few_are_no_flood() -> None:
    gauge = FloodGauge()
    gauge.look(0, 1000.0)
    gauge.look(FLOOD // 2, 2000.0)
    assert not gauge.is_flood


class FakeConnection:
    def __init__(self, name: str = "flooder1") -> None:
        self.connection_ids = {name.encode(), b"made up by the client"}


class FakeSieve:
    """What it was set to last."""

    def __init__(self) -> None:
        self.first_packets = False
        self.ids: list[bytes] = []

    def set(self, *, first_packets: bool, connection_ids: Iterable[bytes] = ()) -> None:
        self.first_packets = first_packets
        self.ids = list(connection_ids)


class Tower:
    """A watch with a fake sieve; it looks once a second."""

    def __init__(self, *, may_sieve: bool = True) -> None:
        self.sieve = FakeSieve()
        self.heard: list[bool] = []
        self.now = 1000.0
        self._may_sieve = may_sieve
        self.watch = FloodWatch(self.sieve, self._flooded)
        self.watch.look(0, self.now)

    def _flooded(self, is_flood: bool) -> bool:
        self.heard.append(is_flood)
        return self._may_sieve

    def second(self, first_packets: int = 0) -> None:
        """One goes by, in which so many first packets came."""
        self.now += 1.0
        self.watch.look(first_packets, self.now)


def test_first_packets_are_sieved_while_they_flood() -> None:
    tower = Tower()
    tower.second(FLOOD)
    assert tower.sieve.first_packets
    assert tower.watch.is_on
    tower.second(0)
    assert not tower.sieve.first_packets
    assert not tower.watch.is_on
    assert tower.heard == [True, False]


def test_first_packets_are_not_sieved_if_nobody_may_prove_an_address() -> None:
    tower = Tower(may_sieve=False)
    tower.second(FLOOD)
    assert not tower.sieve.first_packets


def test_a_connection_that_overflows_too_fast_is_sieved_by_our_ids_for_it() -> None:
    tower = Tower()
    tower.watch.overflowed(FakeConnection(), FLOOD - 1)
    tower.second()
    assert tower.sieve.ids == []
    tower.watch.overflowed(FakeConnection(), FLOOD)
    tower.second()
    assert tower.sieve.ids == [b"flooder1"]


def test_after_its_penalty_it_may_show_that_it_stopped() -> None:
    tower = Tower()
    tower.watch.overflowed(FakeConnection(), FLOOD)
    tower.second()
    for _ in range(int(FLOOD_PENALTY) - 1):
        tower.second()
    assert tower.sieve.ids == [b"flooder1"]
    tower.second()
    assert tower.sieve.ids == []
    assert not tower.watch.is_on


def test_so_many_are_sieved_at_once() -> None:
    tower = Tower()
    for number in range(MAX_FLOODERS + 1):
        tower.watch.overflowed(FakeConnection(f"flood{number:03}"), FLOOD)
    tower.second()
    assert len(tower.sieve.ids) == MAX_FLOODERS
