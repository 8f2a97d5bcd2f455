"""Tests of `server/workers/pauses.py`: how long a worker that died is waited for."""

from __future__ import annotations

from h3producer.server.workers.pauses import LONGEST_PAUSE, STEADY, Pauses


def test_a_worker_that_has_served_for_long_is_replaced_at_once() -> None:
    pauses = Pauses()
    assert [pauses.after(STEADY) for _ in range(100)] == [0.0] * 100
    assert not pauses.are_news


def test_one_early_death_is_an_accident() -> None:
    assert Pauses().after(0.0) == 0.0


def test_pauses_grow_up_to_a_bound() -> None:
    pauses = Pauses()
    assert [pauses.after(1.0) for _ in range(9)] == [0, 0.5, 1, 2, 4, 8, 16, 30, 30]
    assert [pauses.after(1.0) for _ in range(10_000)][-1] == LONGEST_PAUSE


def test_a_long_life_ends_the_series() -> None:
    pauses = Pauses()
    for _ in range(9):
        pauses.after(0.0)
    assert pauses.after(STEADY) == 0.0
    assert pauses.after(0.0) == 0.0
    assert pauses.after(0.0) == 0.5


def test_a_series_is_news_once() -> None:
    pauses = Pauses()

    def dies(lifetime: float) -> bool:
        pauses.after(lifetime)
        return pauses.are_news

    assert [dies(0.0) for _ in range(5)] == [False, True, False, False, False]
    assert not dies(STEADY)
    assert [dies(0.0) for _ in range(3)] == [False, True, False]
