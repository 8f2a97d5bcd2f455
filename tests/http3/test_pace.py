"""The three waits of an exchange, on a clock that is a number."""

from __future__ import annotations

from h3producer.config import Config
from h3producer.http3.pace import ExchangePace, PaceLimits
from h3producer.http3.transport import Progress

LIMITS = PaceLimits.of(Config())


def test_the_limits_are_those_of_the_config() -> None:
    config = Config(
        request_head_timeout=7,
        min_request_data_rate=1,
        min_response_data_rate=2,
        data_rate_grace=3,
    )
    assert PaceLimits.of(config) == (7, (1, 3), (2, 3))


def test_a_head_may_take_just_its_time() -> None:
    pace = ExchangePace(LIMITS)
    assert not pace.head_overdue(100)
    assert not pace.head_overdue(130)
    assert pace.head_overdue(131)


def test_a_body_that_nobody_waits_for_may_take_for_ever() -> None:
    pace = ExchangePace(LIMITS)
    assert not any(pace.body_overdue(now, False, 0) for now in range(1000))


def test_a_body_that_is_awaited_must_come() -> None:
    pace = ExchangePace(LIMITS)
    assert not any(pace.body_overdue(now, True, 10) for now in range(6))
    assert pace.body_overdue(6, True, 10)


def test_a_response_of_which_nothing_waits_may_take_for_ever() -> None:
    pace = ExchangePace(LIMITS).response
    assert not any(pace.is_too_slow(now, Progress(100, 0)) for now in range(1000))


def test_a_response_has_as_many_seconds_as_its_bytes_at_the_minimum_rate() -> None:
    """Kestrel: deadline = now + max(grace, bytes ÷ rate)."""
    pace = ExchangePace(LIMITS).response
    waiting = Progress(1000, 2400)
    assert not any(pace.is_too_slow(now, waiting) for now in range(11))
    assert pace.is_too_slow(11, waiting)


def test_a_response_of_a_few_bytes_has_the_grace_period() -> None:
    pace = ExchangePace(LIMITS).response
    assert not any(pace.is_too_slow(now, Progress(1000, 1)) for now in range(6))
    assert pace.is_too_slow(6, Progress(1000, 1))


def test_what_is_taken_gives_no_more_time_than_it_did_when_it_waited() -> None:
    pace = ExchangePace(LIMITS).response
    pace.is_too_slow(0, Progress(0, 2400))
    assert not pace.is_too_slow(10, Progress(2399, 1))
    assert pace.is_too_slow(11, Progress(2399, 1))


def test_what_is_added_gives_more() -> None:
    pace = ExchangePace(LIMITS).response
    pace.is_too_slow(0, Progress(0, 2400))
    assert not pace.is_too_slow(20, Progress(2400, 2400))
    assert pace.is_too_slow(21, Progress(2400, 2400))


def test_without_a_minimum_nobody_is_too_slow() -> None:
    config = Config(min_request_data_rate=None, min_response_data_rate=None)
    pace = ExchangePace(PaceLimits.of(config))
    assert not any(pace.body_overdue(now, True, 0) for now in range(1000))
    assert not any(pace.response.is_too_slow(now, Progress(0, 1)) for now in range(1000))
