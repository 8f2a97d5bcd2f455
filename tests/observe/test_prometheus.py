"""Tests of `observe/prometheus.py`: names, units and labels, as Prometheus wants them."""

from __future__ import annotations

import re

import pytest

from h3producer.observe.instrument import Instrument, Kind
from h3producer.observe.instruments import INSTRUMENTS, REFUSED, REQUEST_DURATION
from h3producer.observe.meters import Meters

pytest.importorskip("prometheus_client", reason="prometheus-client is not installed")

from prometheus_client.parser import text_string_to_metric_families

from h3producer.observe.prometheus import exposition, prometheus_name


def text(meters: Meters) -> str:
    return exposition(meters.snapshot(), "")[0].decode()


def test_a_name_has_its_unit_behind_it() -> None:
    assert prometheus_name(REQUEST_DURATION) == "http_server_request_duration_seconds"
    assert prometheus_name(REFUSED) == "h3producer_refused"


def test_a_counter_ends_in_total() -> None:
    meters = Meters()
    meters.add(REFUSED, 3, ("max_connections",))
    assert 'h3producer_refused_total{limit="max_connections"} 3.0' in text(meters)


def test_buckets_add_up_and_have_the_labels_of_the_conventions() -> None:
    meters = Meters()
    for seconds in (0.003, 0.02, 99.0):
        meters.record(REQUEST_DURATION, seconds, ("GET", "200", "3", ""))
    labels = (
        'error_type="",http_request_method="GET",http_response_status_code="200",le="%s",'
        'network_protocol_version="3",url_scheme="https"'
    )
    said = text(meters)
    for bound, count in (("0.005", 1.0), ("0.025", 2.0), ("10.0", 2.0), ("+Inf", 3.0)):
        line = f"http_server_request_duration_seconds_bucket{{{labels % bound}}} {count}"
        assert line in said
    assert re.search(r"http_server_request_duration_seconds_sum{.*} 99\.023\n", said)
    assert re.search(r"http_server_request_duration_seconds_count{.*} 3\.0\n", said)


def test_what_has_not_happened_yet_is_zero_where_it_has_no_labels() -> None:
    assert "\nh3producer_retries_total 0.0\n" in text(Meters())
    assert "\nh3producer_event_loop_lag_seconds_count 0.0\n" in text(Meters())


def test_the_server_says_which_it_is() -> None:
    assert 'target_info{service_name="h3producer",service_version="' in text(Meters())


def test_whoever_wants_openmetrics_gets_it() -> None:
    content, content_type = exposition({}, "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert content.endswith(b"# EOF\n")


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda each: each.name)
def test_every_instrument_can_be_read(instrument: Instrument) -> None:
    meters = Meters()
    labels = ("some",) * len(instrument.labels)
    if instrument.kind is Kind.HISTOGRAM:
        meters.record(instrument, 1.0, labels)
    else:
        meters.add(instrument, 1, labels)
    families = {family.name: family for family in text_string_to_metric_families(text(meters))}
    family = families[prometheus_name(instrument)]
    assert family.type == instrument.kind.value
    assert family.samples


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda each: each.name)
def test_names_and_bounds_are_in_order(instrument: Instrument) -> None:
    assert re.fullmatch(r"[a-z0-9]+(\.[a-z0-9_]+)+", instrument.name)
    assert list(instrument.bounds) == sorted(set(instrument.bounds))
    assert bool(instrument.bounds) == (instrument.kind is Kind.HISTOGRAM)
    assert instrument.description.isascii()
    assert instrument.description.endswith(".")
