"""One loop timer that fires in time, and is moved only to an earlier one."""

from __future__ import annotations

import math

from h3producer.quic.timer import LazyTimer
from tests.virtual import VirtualLoop


class Deadline:
    """A deadline that a test moves, and when it was met."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.start = self.loop.now
        self.at = math.inf
        self.fired: list[float] = []
        self.timer = LazyTimer(self.loop, lambda: self.at, self.fire)

    def fire(self, now: float) -> None:
        self.fired.append(now - self.start)
        self.at = math.inf

    def move(self, seconds: float) -> None:
        self.at = self.start + seconds
        self.timer.set()

    def pass_time(self, seconds: float) -> None:
        while self.loop.fire_next(self.start + seconds):
            pass
        self.loop.now = self.start + seconds

    @property
    def armed(self) -> list[float]:
        return [when - self.start for when in self.loop.timers]


def test_it_fires_when_the_time_has_come() -> None:
    deadline = Deadline()
    deadline.move(5)
    deadline.pass_time(4.9)
    assert deadline.fired == []
    deadline.pass_time(5)
    assert deadline.fired == [5]


def test_a_later_deadline_leaves_the_loop_alone() -> None:
    deadline = Deadline()
    deadline.move(5)
    deadline.move(9)
    assert deadline.armed == [5]


def test_a_deadline_that_moved_away_is_met_once_and_in_time() -> None:
    deadline = Deadline()
    deadline.move(5)
    deadline.move(9)
    deadline.pass_time(20)
    assert deadline.fired == [9]


def test_an_earlier_deadline_moves_the_timer() -> None:
    deadline = Deadline()
    deadline.move(9)
    deadline.move(5)
    assert deadline.armed == [5]
    deadline.pass_time(20)
    assert deadline.fired == [5]


def test_a_canceled_timer_does_not_fire() -> None:
    deadline = Deadline()
    deadline.move(5)
    deadline.timer.cancel()
    deadline.timer.cancel()
    deadline.pass_time(20)
    assert deadline.fired == []


def test_it_can_be_set_again_after_it_fired() -> None:
    deadline = Deadline()
    deadline.move(5)
    deadline.pass_time(5)
    deadline.move(7)
    deadline.pass_time(7)
    assert deadline.fired == [5, 7]


def test_a_loop_that_fires_a_little_early_does_not_make_it_spin() -> None:
    deadline = Deadline()
    deadline.move(5)
    deadline.loop.fire_next(math.inf)
    assert deadline.fired == [5]
    deadline.move(6)
    (when,) = deadline.loop.timers
    deadline.loop.now = when - 2e-9
    deadline.loop._timers[0][2].callback()
    assert deadline.fired == [5, 6]
