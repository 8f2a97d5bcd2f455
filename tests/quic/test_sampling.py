"""Which of many are chosen."""

from __future__ import annotations

import pytest

from h3producer.quic.sampling import Sampling


@pytest.mark.parametrize(
    ("fraction", "chosen"),
    [
        (0.0, "............"),
        (0.25, "...x...x...x"),
        (0.5, ".x.x.x.x.x.x"),
        (0.75, ".xxx.xxx.xxx"),
        (1.0, "xxxxxxxxxxxx"),
    ],
)
def test_a_fraction_is_taken_evenly(fraction: float, chosen: str) -> None:
    sampling = Sampling(fraction)
    assert "".join("x" if sampling.takes() else "." for _ in range(12)) == chosen


def test_a_hundredth_of_many_is_a_hundredth() -> None:
    sampling = Sampling(0.01)
    assert sum(sampling.takes() for _ in range(10_000)) == 100
