"""Tests of `observe/exchange_meters.py`: which sums an exchange goes into."""

from __future__ import annotations

import pytest

from h3producer.errors import ErrorCode
from h3producer.http3.cause import Cause
from h3producer.http3.record import ExchangeRecord
from h3producer.observe.exchange_meters import ExchangeMeters
from h3producer.observe.meters import Meters

Sums = dict[tuple[str, ...], float]


def counted(meters: Meters, name: str) -> Sums:
    return {tuple(labels): values[0] for labels, values in meters.snapshot().get(name, [])}


@pytest.fixture
def meters() -> Meters:
    return Meters()


def record(**facts: object) -> ExchangeRecord:
    """An exchange that took a second."""
    made = ExchangeRecord(0, 1.0)
    made.ended = 2.0
    for name, value in facts.items():
        setattr(made, name, value)
    return made


def durations(meters: Meters) -> list[tuple[str, ...]]:
    return list(counted(meters, "http.server.request.duration"))


def test_a_status_of_the_server_s_own_fault_is_an_error(meters: Meters) -> None:
    ExchangeMeters(meters).ended(record(status=503, is_whole=True))
    assert durations(meters) == [("_OTHER", "503", "3", "503")]


def test_a_status_that_says_that_the_client_was_wrong_is_none(meters: Meters) -> None:
    ExchangeMeters(meters).ended(record(status=404, is_whole=True))
    assert durations(meters) == [("_OTHER", "404", "3", "")]


def test_what_was_cut_is_counted_by_whom_and_with_which_code(meters: Meters) -> None:
    code = ErrorCode.H3_REQUEST_CANCELLED
    ExchangeMeters(meters).ended(record(cause=Cause.CLIENT_RESET, error_code=code))
    [labels] = counted(meters, "h3producer.exchanges.cut")
    assert labels == ("client", Cause.CLIENT_RESET.label, "H3_REQUEST_CANCELLED")
    assert counted(meters, "h3producer.refused") == {}


def test_what_a_limit_refused_is_counted_by_the_limit(meters: Meters) -> None:
    cause = Cause.MAX_FIELD_SECTION_SIZE
    ExchangeMeters(meters).ended(record(cause=cause, is_whole=True, status=431))
    assert counted(meters, "h3producer.refused") == {(cause.label,): 1}
    assert counted(meters, "h3producer.exchanges.cut") == {}


def test_a_response_that_nobody_takes_is_cut_by_a_limit(meters: Meters) -> None:
    ExchangeMeters(meters).given_up()
    label = Cause.MIN_RESPONSE_DATA_RATE.label
    assert counted(meters, "h3producer.refused") == {(label,): 1}
    [labels] = counted(meters, "h3producer.exchanges.cut")
    assert labels[1:] == (label, "H3_REQUEST_CANCELLED")


def test_early_requests_and_dropped_datagrams_are_counted(meters: Meters) -> None:
    exchanges = ExchangeMeters(meters)
    exchanges.ended(record(is_early=True, answered=1.5))
    exchanges.datagram_dropped(was_received=True)
    exchanges.datagram_dropped(was_received=False)
    assert counted(meters, "h3producer.http_datagrams.dropped") == {
        ("receive",): 1,
        ("transmit",): 1,
    }
    assert sum(counted(meters, "h3producer.early_requests").values()) == 1
