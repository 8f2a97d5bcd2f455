"""Whether early data is taken: once per ticket, and at the time when it was sent."""

from __future__ import annotations

import pytest

from h3producer.quic.keys.early_data import AGE_TOLERANCE, EarlyDataGate
from h3producer.quic.keys.session_tickets import OpenedTicket, Session

ADD = 0xFFFF_FF00
"""So near to the end that ages go round it."""


def ticket(age: float = 50.0, id_: bytes = b"one", *, invites: bool = True) -> OpenedTicket:
    session = Session(0x1301, b"secret", b"", ADD, invites_early_data=invites)
    return OpenedTicket(id_, session, 1000.0, 1000.0 + age)


def said(age: float) -> int:
    """What a client says of a ticket that it has had for so long, in seconds."""
    return (int(age * 1000) + ADD) % (1 << 32)


def test_early_data_under_a_fresh_ticket_is_taken() -> None:
    assert EarlyDataGate().admits(ticket(50.0), said(50.0))


def test_a_ticket_that_invited_none_opens_none() -> None:
    assert not EarlyDataGate().admits(ticket(invites=False), said(50.0))


@pytest.mark.parametrize("off", [-AGE_TOLERANCE, AGE_TOLERANCE])
def test_clocks_may_differ_a_little(off: float) -> None:
    assert EarlyDataGate().admits(ticket(50.0), said(50.0 + off))


@pytest.mark.parametrize("off", [-AGE_TOLERANCE - 0.1, AGE_TOLERANCE + 0.1])
def test_a_hello_from_another_time_is_not_taken(off: float) -> None:
    assert not EarlyDataGate().admits(ticket(50.0), said(50.0 + off))


def test_any_age_is_only_an_age() -> None:
    gate = EarlyDataGate()
    assert not any(gate.admits(ticket(50.0), age) for age in (0, 1 << 31, (1 << 32) - 1))


def test_the_same_hello_opens_nothing_a_second_time() -> None:
    """Whenever it comes: at first it is remembered, and then it is from another time."""
    gate, hello = EarlyDataGate(), said(50.0)
    assert gate.admits(ticket(40.0), hello)
    assert not any(gate.admits(ticket(40.0 + later / 4), hello) for later in range(400))


def test_a_hello_that_is_late_does_not_use_the_ticket_up() -> None:
    gate = EarlyDataGate()
    assert not gate.admits(ticket(50.0), said(10.0))
    assert gate.admits(ticket(50.0), said(50.0))


def test_tickets_do_not_stand_in_each_others_way() -> None:
    gate = EarlyDataGate()
    assert gate.admits(ticket(50.0, b"one"), said(50.0))
    assert gate.admits(ticket(50.0, b"two"), said(50.0))
