"""Numbers on the picture, for persons and for rulers."""

from __future__ import annotations

import pytest

from h3producer.trace.scale import Scale, round_steps, show_bytes, show_time, stairs, value_at


def test_what_lies_outside_is_at_the_edge() -> None:
    scale = Scale(0, 10, 100, 200)
    assert [scale(each) for each in (-5, 0, 5, 10, 50)] == [100, 100, 150, 200, 200]


@pytest.mark.parametrize(
    ("high", "most", "steps"),
    [(607, 8, [0, 100, 200, 300, 400, 500, 600]), (1.0, 5, [0, 0.2, 0.4, 0.6, 0.8, 1.0])],
)
def test_times_are_round(high: float, most: int, steps: list[float]) -> None:
    assert round_steps(high, most) == pytest.approx(steps)


def test_sizes_are_powers_of_two() -> None:
    assert round_steps(700 * 1024, 5, binary=True) == [0, 256 * 1024, 512 * 1024]


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (999, "999 B"), (1024, "1 KiB"), (81_553, "79.6 KiB"), (1 << 20, "1 MiB")],
)
def test_a_size_is_said_for_a_person(size: int, words: str) -> None:
    assert show_bytes(size) == words


@pytest.mark.parametrize(
    ("time", "words"),
    [(0.04, "0.0 ms"), (7, "7 ms"), (7.25, "7.2 ms"), (305.1, "305 ms"), (1500, "1.5 s")],
)
def test_a_time_is_said_for_a_person(time: float, words: str) -> None:
    assert show_time(time) == words


def test_a_value_holds_until_the_next_one() -> None:
    points = [(1.0, 10), (2.0, 20)]
    assert [value_at(points, each) for each in (0.5, 1.0, 1.9, 2.0)] == [0, 10, 10, 20]


def test_stairs_rise_where_the_points_are() -> None:
    scale = Scale(0, 10, 0, 10)
    assert stairs([(2.0, 5)], scale, scale, 8.0) == [(2, 0), (2, 0), (2, 5), (8, 5)]
    assert stairs([], scale, scale, 8.0) == []
