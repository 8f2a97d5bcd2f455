"""Tests of `cli/limit_options.py`: each limit of `Config` can be set on the command line."""

from __future__ import annotations

from dataclasses import fields

import pytest

from h3producer.cli.limit_options import LIMIT_OPTIONS
from h3producer.config import Config
from h3producer.config.balancing import Balancing
from h3producer.config.operation import Operation
from h3producer.config.ranges import RANGES
from h3producer.config.tcp import TcpSide
from tests.cli.test_options import config_of

OTHERS = {"port", "limit_concurrency"} | {
    each.name for room in (Operation, Balancing, TcpSide) for each in fields(room)
}
"""Numbers that are no limits of what clients do."""


def test_every_limit_is_an_option() -> None:
    assert {each.name for each in LIMIT_OPTIONS} == {name for name, *_ in RANGES} - OTHERS


@pytest.mark.parametrize("name", [each.name for each in LIMIT_OPTIONS])
def test_each_can_be_set(name: str) -> None:
    value = getattr(Config(), name)
    changed = value * 2
    words = ["--" + name.replace("_", "-"), str(int(changed))]
    if name == "request_buffer":
        assert config_of(*words).connection_buffer == Config.connection_buffer
    elif name == "retry_threshold":
        words += ["--max-half-open-connections", str(int(changed))]
    assert getattr(config_of(*words), name) == changed


@pytest.mark.parametrize(
    "name",
    [
        "max_request_body_size",
        "min_request_data_rate",
        "min_response_data_rate",
        "max_connections_per_address",
        "ws_ping_interval",
        "ws_ping_timeout",
    ],
)
def test_those_that_may_be_absent_take_the_word_none(name: str) -> None:
    assert getattr(config_of("--" + name.replace("_", "-"), "none"), name) is None


def test_uvicorns_name_for_the_time_of_an_idle_connection_is_an_alias() -> None:
    assert config_of("--timeout-keep-alive", "5").keep_alive_timeout == 5
