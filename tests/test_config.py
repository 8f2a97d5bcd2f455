"""Tests of `config/`: ranges, and the sentences for what is out of them."""

from __future__ import annotations

import dataclasses

import pytest

from h3producer.config import LOG_LEVELS, Config, ConfigError
from h3producer.config.ranges import RANGES


def test_the_defaults_are_valid() -> None:
    Config()


def test_every_setting_has_a_name() -> None:
    assert {"app", "host", "port", "response_buffer"} <= set(Config.names())


def test_it_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().port = 1  # type: ignore[misc]


def test_the_password_is_not_in_the_repr() -> None:
    config = Config(certfile="c", keyfile="k", keyfile_password="hunter2")
    assert "hunter2" not in repr(config)


COMPANIONS: dict[str, dict[str, object]] = {
    # What else has to be so large, or so small, for a value to make sense.
    "request_buffer": {"connection_buffer": 4096 * 1024 * 1024},
    "connection_buffer": {"request_buffer": 2048},
    "retry_threshold": {"max_half_open_connections": 1_000_000},
    "max_half_open_connections": {"retry_threshold": 1},
    "tcp_port": {"with_tcp": True},
    "lb_config_id": {"lb_server_id": "01"},
    "lb_nonce_length": {"lb_server_id": "01"},
}


@pytest.mark.parametrize(("name", "low", "high"), RANGES, ids=[name for name, *_ in RANGES])
def test_the_ends_of_a_range_belong_to_it(name: str, low: float, high: float) -> None:
    others = COMPANIONS.get(name, {})
    for value in (low, high):
        config = Config(**{name: value, **others})  # type: ignore[arg-type]
        assert getattr(config, name) == value
    for value in (low - 1, high + 1):
        with pytest.raises(ConfigError, match=f"{name} must be between {low} and {high}, not"):
            Config(**{name: value, **others})  # type: ignore[arg-type]


def test_a_number_that_is_none_is_out_of_every_range() -> None:
    with pytest.raises(ConfigError, match="idle_timeout must be between"):
        Config(idle_timeout=float("nan"))


@pytest.mark.parametrize("path", ["/", "/healthz", "/.well-known/health"])
def test_a_health_path_is_a_path(path: str) -> None:
    assert Config(health_path=path).health_path == path


@pytest.mark.parametrize("path", ["", "healthz", "/a b", "/a?b", "/a#b", "/\u00e9", "/\n", "*"])
def test_what_no_request_can_ask_for_is_no_health_path(path: str) -> None:
    with pytest.raises(ConfigError, match="health_path must be a path such as /healthz, not"):
        Config(health_path=path)


ABSENT = {
    "alt_svc_port",
    "tcp_port",
    "certificate_interval",
    "limit_concurrency",
    "limit_max_requests",
    "timeout_worker_healthcheck",
    "timeout_graceful_shutdown",
    "max_request_body_size",
    "min_request_data_rate",
    "min_response_data_rate",
    "max_connections_per_address",
    "session_ticket_lifetime",
    "ws_ping_interval",
    "ws_ping_timeout",
}


@pytest.mark.parametrize("name", [name for name, *_ in RANGES])
def test_some_limits_may_be_absent_and_the_others_not(name: str) -> None:
    if name in ABSENT:
        assert getattr(Config(**{name: None}), name) is None  # type: ignore[arg-type]
    else:
        with pytest.raises(ConfigError, match=f"{name} must be between .*, not None"):
            Config(**{name: None})  # type: ignore[arg-type]


def test_retry_has_to_begin_before_newcomers_are_dropped() -> None:
    """Forged addresses would fill all places, and `retry="auto"` would never ask for a proof."""
    Config(retry_threshold=100, max_half_open_connections=100)
    with pytest.raises(ConfigError, match=r"retry_threshold \(101\) must not be larger"):
        Config(retry_threshold=101, max_half_open_connections=100)
    Config(retry="never", max_half_open_connections=1)


def test_a_retry_mode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="retry must be"):
        Config(retry="sometimes")  # type: ignore[arg-type]


@pytest.mark.parametrize("level", LOG_LEVELS)
def test_the_log_levels_are_uvicorns(level: str) -> None:
    assert Config(log_level=level).log_level == level


def test_a_log_level_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"log_level must be one of critical, .* not 'loud'"):
        Config(log_level="loud")


@pytest.mark.parametrize("value", ["a\r\nb: c", "hällo"])
def test_a_server_field_that_cannot_be_sent_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="server_header must consist of printable ASCII"):
        Config(server_header=value)


def test_a_key_without_a_certificate_is_refused() -> None:
    with pytest.raises(ConfigError, match="keyfile is of no use without certfile"):
        Config(keyfile="k")


def test_a_connection_must_hold_what_one_of_its_streams_may_hold() -> None:
    with pytest.raises(ConfigError, match=r"connection_buffer .* must not be smaller"):
        Config(request_buffer=8192, connection_buffer=4096)


def test_a_congestion_control_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        ConfigError, match="congestion_control must be one of reno, cubic, not 'bbr'"
    ):
        Config(congestion_control="bbr")  # type: ignore[arg-type]


def test_a_way_of_steering_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        ConfigError, match="steering must be one of auto, kernel, relay, not 'magic'"
    ):
        Config(steering="magic")  # type: ignore[arg-type]


def test_an_event_loop_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="loop must be one of auto, asyncio, uvloop, not 'trio'"):
        Config(loop="trio")  # type: ignore[arg-type]


@pytest.mark.parametrize("without", [{"session_ticket_lifetime": None}, {"fast_path": False}])
def test_early_data_needs_tickets_and_a_tls_that_takes_it(without: dict[str, object]) -> None:
    Config(early_data=True, fast_path=True)
    with pytest.raises(ConfigError, match="early_data is of no use without"):
        Config(**{"early_data": True, "fast_path": True, **without})  # type: ignore[arg-type]


def test_a_configuration_is_a_key_whatever_is_in_it() -> None:
    config = Config(log_config={"version": 1})

    assert {config: "kept"}[Config(log_config={"version": 1})] == "kept"
