"""A rate, and its two thresholds."""

from __future__ import annotations

from h3producer.quic.flood import FloodGauge
from h3producer.quic.limits import FLOOD, SIEVE_MESH


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
