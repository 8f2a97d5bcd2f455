"""Leaky buckets: how much of each kind, and how they empty."""

from __future__ import annotations

import pytest

from h3producer.config import Config
from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.http3.load import BURST_SECONDS, ConnectionLoad, Load


@pytest.mark.parametrize("load", Load)
def test_every_load_has_a_setting(load: Load) -> None:
    assert isinstance(getattr(Config(), f"max_{load.name.lower()}_per_second"), int)


@pytest.mark.parametrize("load", Load)
def test_ten_seconds_worth_may_come_at_once_and_no_more(load: Load) -> None:
    config = Config(**{f"max_{load.name.lower()}_per_second": 3})  # type: ignore[arg-type]
    buckets = ConnectionLoad(config)
    for _ in range(3 * BURST_SECONDS):
        buckets.count(load)
    with pytest.raises(Http3ConnectionError, match=r"more than 3 .* per second") as caught:
        buckets.count(load)
    assert caught.value.error_code is ErrorCode.H3_EXCESSIVE_LOAD


def test_what_is_counted_together_fills_as_much_as_one_by_one() -> None:
    buckets = ConnectionLoad(Config(max_qpack_instructions_per_second=1))
    buckets.count(Load.QPACK_INSTRUCTIONS, 10)
    with pytest.raises(Http3ConnectionError):
        buckets.count(Load.QPACK_INSTRUCTIONS)


def test_kinds_do_not_fill_each_other() -> None:
    buckets = ConnectionLoad(Config(max_resets_per_second=1, max_control_frames_per_second=1))
    for _ in range(BURST_SECONDS):
        buckets.count(Load.RESETS)
        buckets.count(Load.CONTROL_FRAMES)


def test_whoever_stays_at_the_limit_goes_on_for_ever() -> None:
    buckets = ConnectionLoad(Config(max_resets_per_second=5))
    for _ in range(100):
        for _ in range(5):
            buckets.count(Load.RESETS)
        buckets.leak(1.0)


def test_whoever_stays_above_the_limit_does_not() -> None:
    buckets = ConnectionLoad(Config(max_resets_per_second=5))

    def seconds_until_it_runs_over() -> int:
        for second in range(100):
            try:
                buckets.count(Load.RESETS, 6)
            except Http3ConnectionError:
                return second
            buckets.leak(1.0)
        return 100  # pragma: no cover - that is what must not be

    assert seconds_until_it_runs_over() == 45


def test_a_bucket_that_is_empty_stays_empty() -> None:
    buckets = ConnectionLoad(Config(max_resets_per_second=1))
    buckets.leak(1000.0)
    for _ in range(BURST_SECONDS):
        buckets.count(Load.RESETS)
    with pytest.raises(Http3ConnectionError):
        buckets.count(Load.RESETS)
