"""Who goes first: shares, turns and room, driven by numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.limits import MAX_INBOX, MAX_WAITING, MIN_INBOX
from h3producer.quic.udp.schedule import Inbox, Schedule

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

DATAGRAM = (b"data", ("192.0.2.1", 50000))


class Office:
    """A schedule, and clerks with inboxes; a turn empties one datagram and takes so long."""

    def __init__(self) -> None:
        self.schedule: Schedule[str] = Schedule()

    def hire(self, name: str, share: Hashable = None) -> Inbox[str]:
        return self.schedule.add(name, share)

    def send(self, inbox: Inbox[str], count: int = 1) -> None:
        for _ in range(count):
            self.schedule.put(inbox, DATAGRAM)

    def turn(self, seconds: float = 1.0) -> str | None:
        """Whose turn it was."""
        inbox = self.schedule.next()
        if inbox is None:
            return None
        inbox.datagrams.popleft()
        self.schedule.turn_over(inbox, seconds)
        return inbox.owner

    def turns(self, count: int, seconds: float = 1.0) -> str:
        return "".join(str(self.turn(seconds)) for _ in range(count))


def test_nobody_has_a_turn_while_nothing_waits() -> None:
    office = Office()
    office.hire("a")
    assert office.turn() is None


def test_who_waits_longer_goes_first_if_nobody_used_more() -> None:
    office = Office()
    for name in "abc":
        office.send(office.hire(name, name))
    assert office.turns(3) == "abc"


def test_shares_that_all_want_more_take_turns() -> None:
    office = Office()
    for name in "ab":
        office.send(office.hire(name, name), 3)
    assert office.turns(6) == "ababab"


def test_who_takes_longer_has_fewer_turns() -> None:
    office = Office()
    slow, fast = office.hire("s", "slow"), office.hire("f", "fast")
    office.send(slow, 10)
    office.send(fast, 10)
    seen = ""
    for _ in range(8):
        inbox = office.schedule.next()
        assert inbox is not None
        inbox.datagrams.popleft()
        office.schedule.turn_over(inbox, 3.0 if inbox is slow else 1.0)
        seen += inbox.owner
    assert seen == "sfffsfff"


def test_who_asks_now_and_then_never_waits_for_a_flood() -> None:
    office = Office()
    flood, guest = office.hire("f", "flood"), office.hire("g", "guest")
    office.send(flood, 100)
    seen = ""
    for _ in range(5):
        seen += office.turns(4)
        office.send(guest)
        seen += office.turns(1, 0.5)
    assert seen == "ffffg" * 5


def test_who_was_idle_has_saved_nothing_up() -> None:
    office = Office()
    busy, sleeper = office.hire("b", "busy"), office.hire("s", "sleeper")
    office.send(busy, 100)
    office.turns(50)
    office.send(sleeper, 100)
    assert sorted(office.turns(10)) == sorted("bs" * 5)


def test_many_connections_of_one_address_use_one_share() -> None:
    office = Office()
    for _ in range(10):
        office.send(office.hire("x", "one address"), 10)
    office.send(office.hire("y", "another"), 10)
    assert office.turns(10).count("y") == 5


def test_connections_of_one_address_take_turns() -> None:
    office = Office()
    for name in "abc":
        office.send(office.hire(name, "one address"), 2)
    assert office.turns(6) == "abcabc"


def test_all_strangers_use_one_share() -> None:
    office = Office()
    for _ in range(10):
        office.send(office.hire("s"), 10)
    office.send(office.hire("g", "guest"), 10)
    assert office.turns(10).count("g") == 5


def test_a_stranger_that_is_proven_uses_the_share_of_its_address() -> None:
    office = Office()
    stranger, proven = office.hire("s"), office.hire("p")
    office.send(stranger, 10)
    office.turns(5)
    office.schedule.move(proven, "address")
    office.send(proven)
    assert office.turn() == "p"


def test_a_stranger_may_be_proven_in_its_own_turn() -> None:
    office = Office()
    inbox, other = office.hire("p"), office.hire("s")
    office.send(inbox, 2)
    office.send(other, 2)
    assert office.schedule.next() is inbox
    office.schedule.move(inbox, "address")
    inbox.datagrams.popleft()
    office.schedule.turn_over(inbox, 1.0)
    assert sorted(office.turns(3)) == ["p", "s", "s"]
    assert office.turn() is None


def test_an_address_is_forgotten_with_its_last_connection() -> None:
    office = Office()
    first, second = office.hire("a", "address"), office.hire("b", "address")
    office.schedule.remove(first)
    assert "address" in office.schedule._shares
    office.schedule.remove(second)
    assert office.schedule._shares == {}


def test_what_waits_for_a_connection_that_is_gone_is_gone_too() -> None:
    office = Office()
    gone, other = office.hire("g", "g"), office.hire("o", "o")
    office.send(gone, 3)
    office.send(other)
    office.schedule.remove(gone)
    assert office.schedule.waiting == 1
    assert office.turns(2) == "oNone"


def test_work_that_was_done_besides_counts_too() -> None:
    office = Office()
    a, b = office.hire("a", "a"), office.hire("b", "b")
    for inbox in (a, b):
        office.send(inbox, 3)
    office.turns(2)
    office.schedule.charge(a, 10.0)
    office.turn()
    assert office.turns(2) == "bb"


def test_an_inbox_has_so_much_room_and_no_more() -> None:
    office = Office()
    inbox = office.hire("a")
    office.send(inbox, MAX_INBOX)
    assert office.schedule.dropped == 0
    office.send(inbox)
    assert office.schedule.dropped == 1
    assert office.schedule.waiting == MAX_INBOX


def test_when_all_is_full_each_still_has_a_little_room() -> None:
    office = Office()
    for name in range(MAX_WAITING // MAX_INBOX):
        office.send(office.hire(str(name), name), MAX_INBOX)
    assert office.schedule.dropped == 0
    guest = office.hire("guest", "guest")
    office.send(guest, MIN_INBOX + 1)
    assert len(guest.datagrams) == MIN_INBOX
    assert office.schedule.dropped == 1


def test_a_share_is_alone_with_its_own_connections() -> None:
    office = Office()
    inbox = office.hire("a", "address")
    assert office.schedule.is_alone(inbox.share)
    office.send(office.hire("b", "address"))
    assert office.schedule.is_alone(inbox.share)
    office.send(office.hire("c", "another"))
    assert not office.schedule.is_alone(inbox.share)


def test_putting_says_who_waits_from_now_on() -> None:
    office = Office()
    inbox = office.hire("a", "address")
    assert office.schedule.put(inbox, DATAGRAM)
    assert not office.schedule.put(inbox, DATAGRAM)


def test_strangers_never_hurry_anybody() -> None:
    office = Office()
    assert not office.schedule.put(office.hire("s"), DATAGRAM)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), max_size=60))
def test_whatever_is_sent_has_its_turn_once(steps: Sequence[tuple[int, int]]) -> None:
    """`steps`: whom to send to, and how many; between them one turn."""
    office = Office()
    inboxes = [office.hire(str(number), number % 3 or None) for number in range(6)]
    sent, served = [0] * 6, [0] * 6
    for number, count in steps:
        office.send(inboxes[number], count)
        sent[number] += count
        served[int(office.turn(float(count)) or 0)] += 1
    while (owner := office.turn()) is not None:
        served[int(owner)] += 1
    assert served == sent
    assert office.schedule.waiting == 0
