"""When a pass of turns is over: by the time it took, and by who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.quic.limits import CROWD_MEMORY, MAX_PASS, MIXED_PASS, TURN
from h3producer.quic.udp.pass_end import PassEnd
from h3producer.quic.udp.schedule import Schedule

if TYPE_CHECKING:
    from h3producer.quic.udp.schedule import Inbox

DATAGRAM = (b"datagram", ("192.0.2.1", 50000))


class Passes:
    """Turns of named owners, each at an address of its own, on a clock that is a number."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.schedule: Schedule[str] = Schedule()
        self.over = PassEnd(self.schedule)
        self._inboxes: dict[str, Inbox[str]] = {}
        self.over.begin(self.now)

    def inbox(self, name: str) -> Inbox[str]:
        if name not in self._inboxes:
            self._inboxes[name] = self.schedule.add(name, name)
        return self._inboxes[name]

    def wait(self, names: str) -> None:
        """A datagram for each of these."""
        for name in names:
            self.schedule.put(self.inbox(name), DATAGRAM)

    def turn(self, seconds: float, count: int = 1) -> bool:
        """The next one's turn takes so long, for so many datagrams; whether the pass is over."""
        inbox = self.schedule.next()
        assert inbox is not None
        for _ in range(count):
            inbox.datagrams.popleft()
        self.now += seconds
        self.schedule.turn_over(inbox, seconds)
        return self.over.has_come(inbox, self.now)


def test_short_turns_do_not_end_a_pass() -> None:
    passes = Passes()
    passes.wait("abc")
    assert [passes.turn(TURN / 4) for _ in "abc"] == [False] * 3


def test_a_turn_that_was_not_enough_ends_it_if_others_wait() -> None:
    passes = Passes()
    passes.wait("aab")
    assert passes.turn(TURN)


def test_a_turn_that_was_not_enough_is_followed_by_others_of_who_is_alone() -> None:
    passes = Passes()
    passes.wait("a" * 100)
    turns = 0
    while not passes.turn(TURN):
        turns += 1
    assert turns + 1 == round(MAX_PASS / TURN)


@pytest.mark.parametrize(("ago", "is_over"), [(0.9, True), (1.1, False)])
def test_who_was_there_a_while_ago_still_counts(ago: float, is_over: bool) -> None:
    passes = Passes()
    for name in "aba":
        passes.wait(name)
        passes.turn(0.0)
    passes.wait("a" * 9)
    passes.now += ago * CROWD_MEMORY
    passes.over.begin(passes.now)
    assert passes.turn(MIXED_PASS) is is_over


def test_who_comes_next_and_has_used_much_more_ends_it() -> None:
    passes = Passes()
    passes.wait("h")
    passes.turn(1.01 * TURN)
    passes.wait("gh")
    assert passes.turn(0.0)


def test_who_comes_next_and_has_used_a_little_more_does_not() -> None:
    passes = Passes()
    passes.wait("h")
    passes.turn(0.99 * TURN)
    passes.over.begin(passes.now)
    passes.wait("gh")
    assert not passes.turn(0.0)
