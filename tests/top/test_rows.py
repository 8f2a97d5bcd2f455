"""Rates from two answers, and the order of what there is."""

from __future__ import annotations

import pytest

from h3producer.top.rows import SORTS, view
from tests.top.facts import answer, connection, stream


def test_a_rate_is_the_difference_of_two_answers() -> None:
    before = answer(connection("a", stream(sent=1000), sent=1000, received=50), time=100.0)
    now = answer(connection("a", stream(sent=3000), sent=5000, received=150), time=102.0)
    (row,) = view(now, before, "unsent").rows
    assert (row.sent_rate, row.received_rate) == (2000.0, 50.0)
    assert row.streams[0].sent_rate == 1000.0


def test_of_what_was_not_there_no_rate_is_known() -> None:
    before = answer(connection("a", stream(0)), time=100.0)
    now = answer(connection("a", stream(0), stream(4)), connection("b"), time=101.0)
    rows = {each.facts["id"]: each for each in view(now, before, "unsent").rows}
    assert rows["b"].sent_rate is None
    assert [each.sent_rate for each in rows["a"].streams] == [0.0, None]


def test_the_first_answer_has_no_rates() -> None:
    (row,) = view(answer(connection("a", stream())), None, "unsent").rows
    assert (row.sent_rate, row.received_rate, row.lost) == (None, None, None)


def test_losses_are_those_since_the_last_answer() -> None:
    before = answer(connection("a", packets_lost=5), time=100.0)
    now = answer(connection("a", packets_lost=7), time=101.0)
    assert view(now, before, "unsent").rows[0].lost == 2


@pytest.mark.parametrize(
    ("sort", "changes"),
    [
        ("unsent", {"unsent": 10_000}),
        ("unsent", {"paused": 1}),
        ("rate", {"sent": 900_000}),
        ("age", {"seconds": 1000.0}),
        ("rtt", {"rtt": 0.5}),
        ("lost", {"packets_lost": 3}),
        ("requests", {"requests": 9}),
        ("window", {"congestion_window": 900_000}),
    ],
)
def test_the_largest_comes_first(sort: str, changes: dict[str, object]) -> None:
    before = answer(connection("a"), connection("b"), time=100.0)
    now = answer(connection("a"), connection("b", **changes), time=101.0)
    assert [each.facts["id"] for each in view(now, before, sort).rows] == ["b", "a"]


@pytest.mark.parametrize("sort", SORTS)
def test_equal_ones_stay_where_they_are(sort: str) -> None:
    one, other = connection("a"), connection("b")
    orders = [view(answer(*each), None, sort).rows for each in ((one, other), (other, one))]
    assert orders[0] == orders[1]


def test_streams_whose_writers_wait_come_first() -> None:
    facts = connection("a", stream(0), stream(4, paused=True))
    (row,) = view(answer(facts), None, "unsent").rows
    assert [each.facts["id"] for each in row.streams] == [4, 0]
