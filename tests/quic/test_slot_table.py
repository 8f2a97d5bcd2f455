"""Who gets a datagram, by the slot in its id."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.connection_ids import MAX_SLOTS
from h3producer.quic.siblings.slot_table import NOBODY, TABLE_SIZE, SlotTable

SLOTS = st.sets(st.integers(0, MAX_SLOTS - 1), max_size=20)


def table(slots: int = MAX_SLOTS) -> SlotTable:
    made = SlotTable(bytearray(TABLE_SIZE), slots)
    made.clear()
    return made


def heirs(made: SlotTable) -> list[int]:
    return [made.heir(value) for value in range(made.slots)]


def test_at_first_nobody_is_there() -> None:
    made = table()
    assert set(made.owners) == set(heirs(made)) == {NOBODY}


def test_ids_of_a_slot_that_serves_lead_there() -> None:
    made = table()
    made.set([0, 1, 5])
    assert [made.owner(slot) for slot in (0, 1, 5)] == [0, 1, 5]


def test_all_other_values_are_spread_over_those_that_serve() -> None:
    made = table()
    made.set([0, 1, 5])
    assert set(Counter(made.owners).values()) == {21, 22}


def test_one_who_comes_gets_as_much_as_those_who_were_there() -> None:
    made = table()
    made.set([0, 1])
    made.set([0, 1, 2])
    assert set(Counter(made.owners).values()) == {21, 22}


def test_known_clients_of_a_slot_that_drains_stay_and_new_ones_do_not() -> None:
    made = table()
    made.set([0, 1], draining=[7])
    assert made.owner(7) == 7
    assert made.heir(7) in {0, 1}
    assert 7 not in [made.owner(value) for value in range(MAX_SLOTS) if value != 7]


def test_a_slot_that_is_gone_leads_to_somebody_who_serves() -> None:
    """Who tells its clients that their connections are lost."""
    made = table()
    made.set([0, 1, 2])
    made.set([0, 1])
    assert made.owner(2) in {0, 1}


def test_if_nobody_serves_newcomers_have_nowhere_to_go() -> None:
    made = table()
    made.set([0, 1])
    made.set([], draining=[0, 1])
    assert (made.owner(0), made.owner(1)) == (0, 1)
    assert set(heirs(made)) == {NOBODY}


def test_when_one_is_replaced_only_its_share_moves() -> None:
    """A client whose first packets are under way then reaches the same process with the next."""
    made = table()
    made.set(range(4))
    before = heirs(made)
    made.set([1, 2, 3, 4], draining=[0])
    stayed = [value for value in range(MAX_SLOTS) if made.heir(value) == before[value]]
    assert len(stayed) >= MAX_SLOTS * 3 // 4 - 1  # one of the others may give up the new slot


@pytest.mark.parametrize("slots", [32, 64])
@given(st.lists(st.tuples(SLOTS, SLOTS), min_size=1, max_size=5))
def test_whatever_came_before_all_who_serve_get_the_same_share(
    slots: int, steps: list[tuple[set[int], set[int]]]
) -> None:
    made = table(slots)
    for first, second in steps:
        serving = {each % slots for each in first}
        draining = {each % slots for each in second} - serving
        made.set(serving, draining)
    shares = Counter(heirs(made))
    if serving:
        assert set(shares) == serving
        assert max(shares.values()) - min(shares.values()) <= 1
    for slot in serving:
        assert made.owner(slot) == made.heir(slot) == slot
    for slot in draining:
        assert made.owner(slot) == slot
