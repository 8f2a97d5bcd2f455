"""A minimum data rate: bytes, seconds, and who is too slow."""

from __future__ import annotations

from h3producer.http3.data_rate import DataRate, MinDataRate

MINIMUM = MinDataRate(bytes_per_second=240, grace=5.0)


def test_nobody_is_too_slow_within_the_grace_period() -> None:
    rate = DataRate()
    assert not any(rate.is_too_slow(now, 0, MINIMUM) for now in range(6))
    assert rate.is_too_slow(5.001, 0, MINIMUM)


def test_just_the_minimum_is_enough_and_a_byte_less_is_not() -> None:
    for count, verdict in ((2400, False), (2399, True)):
        rate = DataRate()
        rate.is_too_slow(0, 0, MINIMUM)
        assert rate.is_too_slow(10, count, MINIMUM) is verdict


def test_what_came_before_the_wait_does_not_count() -> None:
    rate = DataRate()
    rate.is_too_slow(0, 1_000_000, MINIMUM)
    assert rate.is_too_slow(6, 1_000_000, MINIMUM)


def test_what_came_quickly_is_credit_for_later() -> None:
    rate = DataRate()
    rate.is_too_slow(0, 0, MINIMUM)
    assert not rate.is_too_slow(100, 24_000, MINIMUM)
    assert rate.is_too_slow(101, 24_000, MINIMUM)


def test_a_rest_begins_everything_anew() -> None:
    rate = DataRate()
    rate.is_too_slow(0, 0, MINIMUM)
    rate.rest()
    assert not rate.is_too_slow(100, 0, MINIMUM)
    assert not rate.is_too_slow(105, 0, MINIMUM)
    assert rate.is_too_slow(106, 0, MINIMUM)
