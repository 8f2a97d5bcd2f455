"""Session tickets: who can read them, for whom they are, and for how long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.keys.key_tree import KeyTree
from h3producer.quic.keys.session_tickets import Session, SessionTickets

LIFETIME = 100.0
NAME = b"\0\x0e\0\0\x0bexample.org"
SESSION = Session(0x1301, b"secret" * 8, NAME, 0x89ABCDEF, invites_early_data=True)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


def made(lifetime: float = LIFETIME) -> tuple[SessionTickets, Clock]:
    clock = Clock()
    return SessionTickets(lifetime, clock), clock


def test_a_ticket_gives_back_its_session() -> None:
    tickets, _ = made()
    ticket = tickets.open(tickets.seal(SESSION), NAME)
    assert ticket is not None
    assert ticket.session == SESSION


def test_a_ticket_knows_how_old_it_is() -> None:
    tickets, clock = made()
    data = tickets.seal(SESSION)
    clock.now += 7.5
    ticket = tickets.open(data, NAME)
    assert ticket is not None
    assert (ticket.age, ticket.opened_at) == (7.5, clock.now)


def test_no_two_tickets_are_the_same_one() -> None:
    tickets, _ = made()
    opened = [tickets.open(tickets.seal(SESSION), NAME) for _ in range(100)]
    assert len({each.id for each in opened if each is not None}) == 100


def test_a_ticket_does_not_show_what_is_in_it() -> None:
    tickets, _ = made()
    assert SESSION.secret not in tickets.seal(SESSION)


def test_two_tickets_of_a_session_have_only_the_name_of_the_key_in_common() -> None:
    """Whoever watches cannot tell that they belong together (RFC 8446 §C.4)."""
    tickets, _ = made()
    first, second = tickets.seal(SESSION), tickets.seal(SESSION)
    assert first[:8] == second[:8]
    assert first[8:] != second[8:]


def test_a_ticket_for_another_name_is_of_no_use() -> None:
    tickets, _ = made()
    assert tickets.open(tickets.seal(SESSION), b"\0\x0c\0\0\x09other.org") is None
    assert tickets.open(tickets.seal(SESSION), b"") is None


def test_a_ticket_of_another_server_is_of_no_use() -> None:
    ours, _ = made()
    theirs, _ = made()
    assert ours.open(theirs.seal(SESSION), NAME) is None


def test_a_ticket_is_good_for_its_lifetime_and_no_longer() -> None:
    tickets, clock = made()
    clock.now += 70
    ticket = tickets.seal(SESSION)
    clock.now += LIFETIME
    assert tickets.open(ticket, NAME) is not None
    clock.now += 0.1
    assert tickets.open(ticket, NAME) is None


def test_a_key_makes_tickets_for_one_lifetime() -> None:
    tickets, clock = made()
    first = tickets.seal(SESSION)
    clock.now += LIFETIME - 0.1
    assert tickets.seal(SESSION)[:8] == first[:8]
    clock.now += 0.1
    assert tickets.seal(SESSION)[:8] != first[:8]


def test_however_long_it_runs_it_keeps_three_keys() -> None:
    """Of this time, of the last one, and of the next one."""
    tickets, clock = made()
    for _ in range(10):
        tickets.seal(SESSION)
        clock.now += 60
    assert len(tickets._keys) == 3


def test_a_key_is_forgotten_even_if_nobody_came_meanwhile() -> None:
    tickets, clock = made()
    tickets.seal(SESSION)
    old = {each.id for each in tickets._keys[:2]}
    clock.now += 2 * LIFETIME
    tickets.seal(SESSION)
    assert old.isdisjoint(each.id for each in tickets._keys)


def test_a_ticket_is_small_whatever_the_name_is() -> None:
    tickets, _ = made()
    assert len(tickets.seal(Session(0x1302, bytes(48), b"n" * 30_000))) < 140


@given(st.binary(max_size=200))
def test_any_bytes_are_no_ticket(data: bytes) -> None:
    tickets, _ = made()
    assert tickets.open(data, NAME) is None
    assert tickets.open(tickets.seal(SESSION)[:8] + data, NAME) is None


@given(st.data())
def test_a_ticket_with_a_flipped_bit_is_none(data: st.DataObject) -> None:
    tickets, _ = made()
    ticket = bytearray(tickets.seal(SESSION))
    ticket[data.draw(st.integers(0, len(ticket) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert tickets.open(bytes(ticket), NAME) is None


def pair_of_hosts(
    apart: float = 0.0, issuers: tuple[bytes, bytes] = (b"a" * 6, b"b" * 6)
) -> tuple[SessionTickets, SessionTickets, Clock]:
    """Two that have the same secret, the clock of the second of which is ahead."""
    clock = Clock()
    here = SessionTickets(LIFETIME, clock, KeyTree(b"s" * 32), issuers[0])
    there = SessionTickets(LIFETIME, lambda: clock.now + apart, KeyTree(b"s" * 32), issuers[1])
    return here, there, clock


def test_another_host_with_the_same_secret_reads_a_ticket() -> None:
    here, there, _ = pair_of_hosts()
    ticket = there.open(here.seal(SESSION), NAME)
    assert ticket is not None
    assert ticket.session.secret == SESSION.secret


def test_both_go_on_to_the_next_key_by_themselves() -> None:
    here, there, clock = pair_of_hosts()
    for _ in range(5):
        clock.now += 1.7 * LIFETIME
        assert there.open(here.seal(SESSION), NAME) is not None


def test_a_host_whose_clock_is_ahead_has_the_next_key_already() -> None:
    here, there, clock = pair_of_hosts(apart=2.0)
    clock.now = 51 * LIFETIME - 1.0
    assert here.open(there.seal(SESSION), NAME) is not None


def test_early_data_is_for_those_who_made_the_ticket() -> None:
    """Others do not know whether it was used already."""
    here, there, _ = pair_of_hosts()
    data = here.seal(SESSION)
    ours, theirs = here.open(data, NAME), there.open(data, NAME)
    assert ours is not None
    assert theirs is not None
    assert ours.session.invites_early_data
    assert not theirs.session.invites_early_data


def test_processes_of_one_server_made_it_together() -> None:
    here, there, _ = pair_of_hosts(issuers=(b"g" * 6, b"g" * 6))
    ticket = there.open(here.seal(SESSION), NAME)
    assert ticket is not None
    assert ticket.session.invites_early_data


def test_whoever_steals_the_keys_reads_nothing_of_the_past() -> None:
    clock = Clock()
    keys = KeyTree(b"s" * 32)
    tickets = SessionTickets(LIFETIME, clock, keys)
    old = tickets.seal(SESSION)
    clock.now += 2 * LIFETIME
    tickets.seal(SESSION)
    clock.now -= 2 * LIFETIME
    assert SessionTickets(LIFETIME, clock, keys).open(old, NAME) is None
