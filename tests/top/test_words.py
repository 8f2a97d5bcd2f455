"""Numbers in a few columns."""

from __future__ import annotations

import pytest

from h3producer.top.words import show_age, show_count, show_rate, show_rtt, show_size


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, ""), (1, "1B"), (1023, "1023B"), (1024, "1.0K"), (65_536, "64K"), (1 << 40, "1.0T")],
)
def test_sizes(size: int, words: str) -> None:
    assert show_size(size) == words


@pytest.mark.parametrize(("rate", "words"), [(None, "–"), (0.0, ""), (0.5, ""), (2048.0, "2.0K/s")])
def test_rates(rate: float | None, words: str) -> None:
    assert show_rate(rate) == words


@pytest.mark.parametrize(("rtt", "words"), [(None, "–"), (0.0204, "20.4"), (0.25, "250")])
def test_round_trips(rtt: float | None, words: str) -> None:
    assert show_rtt(rtt) == words


@pytest.mark.parametrize(
    ("age", "words"),
    [(0.9, "0s"), (59.9, "59s"), (75, "1m15"), (3_840, "1h04"), (90_000, "1d01")],
)
def test_ages(age: float, words: str) -> None:
    assert show_age(age) == words


@pytest.mark.parametrize(("count", "words"), [(None, "–"), (0, ""), (3, "3")])
def test_counts(count: int | None, words: str) -> None:
    assert show_count(count) == words
