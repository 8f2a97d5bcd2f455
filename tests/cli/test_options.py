"""Tests of `cli/options.py`: from words and variables to a `Config`."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from h3producer.cli.options import SERVE_OPTIONS, config_from_options
from h3producer.config import Config, ConfigError


def config_of(*words: str, env: dict[str, str] | None = None) -> Config:
    """What `h3producer hello:app` with these options would serve with."""
    found: list[Config] = []

    @click.command(params=[*SERVE_OPTIONS])
    def command(**options: Any) -> None:
        found.append(config_from_options("hello:app", options))

    result = CliRunner().invoke(command, words, env=env, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return found[0]


def refusal(*words: str, env: dict[str, str] | None = None) -> str:
    """The sentence for options that are wrong."""
    with pytest.raises((click.UsageError, ConfigError)) as caught:
        config_of(*words, env=env)
    error = caught.value
    return error.format_message() if isinstance(error, click.UsageError) else str(error)


def test_without_options_everything_is_as_the_config_has_it() -> None:
    assert config_of() == Config(app="hello:app")


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ("--host ::1", "host", "::1"),
        ("--port 0", "port", 0),
        ("--bind [::1]:1 -b fd://3", "bind", ("[::1]:1", "fd://3")),
        ("--ssl-certfile c", "certfile", "c"),
        ("--certfile c", "certfile", "c"),
        ("--certfile c --ssl-keyfile k", "keyfile", "k"),
        ("--certfile c --keyfile k", "keyfile", "k"),
        ("--ssl-keyfile-password p", "keyfile_password", "p"),
        ("--app-dir d", "app_dir", "d"),
        ("--factory", "factory", True),
        ("--root-path /api", "root_path", "/api"),
        ("--limit-concurrency 5", "limit_concurrency", 5),
        ("--health-path /healthz", "health_path", "/healthz"),
        ("--drain-delay 7.5", "drain_delay", 7.5),
        ("--steering relay", "steering", "relay"),
        ("--secret-file s", "secret_file", "s"),
        ("--timeout-graceful-shutdown 1.5", "timeout_graceful_shutdown", 1.5),
        ("--timeout-graceful-shutdown none", "timeout_graceful_shutdown", None),
        ("--log-level TRACE", "log_level", "trace"),
        ("--log-config l.json", "log_config", "l.json"),
        ("--no-access-log", "access_log", False),
        ("--access-log", "access_log", True),
        ("--no-server-header", "server_header", None),
        ("--server-header", "server_header", "h3producer"),
        ("--no-date-header", "date_header", False),
        ("--fast-path --early-data", "early_data", True),
        ("--idle-timeout 5", "idle_timeout", 5.0),
        ("--lb-server-id 0a:01", "lb_server_id", "0a:01"),
        ("--lb-server-id 01 --lb-key-file k", "lb_key_file", "k"),
        ("--lb-server-id 01 --lb-config-id 6", "lb_config_id", 6),
        ("--lb-server-id 01 --lb-nonce-length 15", "lb_nonce_length", 15),
        ("--lb-server-id 01 --lb-encode-length", "lb_encode_length", True),
        ("--lb-config-file c.json", "lb_config_file", "c.json"),
        ("--lb-server-id 01 --lb-nonce-file n", "lb_nonce_file", "n"),
        ("--retry always", "retry", "always"),
        ("--retry-threshold 9", "retry_threshold", 9),
        ("--handshake-timeout 2.5", "handshake_timeout", 2.5),
        ("--max-connections 3", "max_connections", 3),
        ("--max-half-open-connections 200", "max_half_open_connections", 200),
        ("--max-connections-per-address 4", "max_connections_per_address", 4),
        ("--max-connections-per-address none", "max_connections_per_address", None),
        ("--max-pending-datagrams 6", "max_pending_datagrams", 6),
        ("--max-concurrent-streams 7", "max_concurrent_streams", 7),
        ("--max-field-section-size 8k", "max_field_section_size", 8192),
        ("--response-buffer 65536", "response_buffer", 65536),
        ("--request-buffer 1MiB", "request_buffer", 1024 * 1024),
        ("--qlog-dir logs", "qlog_dir", "logs"),
        ("--keylog-file k.log", "keylog_file", "k.log"),
    ],
)
def test_each_option_is_a_setting(words: str, field: str, value: object) -> None:
    assert getattr(config_of(*words.split()), field) == value


def test_a_connection_gets_at_least_the_buffer_of_one_request() -> None:
    assert config_of("--request-buffer", "4m").connection_buffer == 4 * 1024 * 1024
    assert config_of("--request-buffer", "4k").connection_buffer == Config.connection_buffer


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("H3PRODUCER_PORT", "1", "port", 1),
        ("H3PRODUCER_BIND", "a:1 b:2", "bind", ("a:1", "b:2")),
        ("H3PRODUCER_SSL_CERTFILE", "c", "certfile", "c"),
        ("H3PRODUCER_CERTFILE", "c", "certfile", "c"),
        ("H3PRODUCER_FACTORY", "1", "factory", True),
        ("H3PRODUCER_ACCESS_LOG", "no", "access_log", False),
        ("H3PRODUCER_SERVER_HEADER", "0", "server_header", None),
        ("H3PRODUCER_REQUEST_BUFFER", "64k", "request_buffer", 65536),
        ("H3PRODUCER_KEYLOG_FILE", "k", "keylog_file", "k"),
        ("SSLKEYLOGFILE", "k", "keylog_file", "k"),
    ],
)
def test_each_setting_is_an_environment_variable(
    variable: str, text: str, field: str, value: object
) -> None:
    assert getattr(config_of(env={variable: text}), field) == value


def test_an_option_beats_its_variable() -> None:
    assert config_of("--port", "2", env={"H3PRODUCER_PORT": "1"}).port == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--port x", "Invalid value for '--port': 'x' is not a valid integer."),
        ("--port 70000", "port must be between 0 and 65535, not 70000."),
        ("--response-buffer 64q", "'64q' is not a size; give bytes, or as in 64k or 1m."),
        ("--timeout-graceful-shutdown soon", "'soon' is neither a number of seconds nor 'none'."),
        ("--max-connections-per-address many", "'many' is neither a number nor 'none'."),
        ("--bind localhost:99999", "Cannot bind 'localhost:99999': the port must be between"),
        ("--retry maybe", "'maybe' is not one of"),
        ("--log-level loud", "'loud' is not one of"),
        ("--keyfile k", "keyfile is of no use without certfile."),
    ],
)
def test_a_wrong_value_is_one_sentence(words: str, sentence: str) -> None:
    assert sentence in refusal(*words.split())


def test_a_wrong_variable_is_one_sentence_too() -> None:
    assert "'x' is not a valid integer" in refusal(env={"H3PRODUCER_PORT": "x"})


def test_every_option_says_what_it_is_for() -> None:
    assert all(isinstance(each, click.Option) and each.help for each in SERVE_OPTIONS)


def test_compression_of_websockets_is_turned_off_as_with_uvicorn() -> None:
    assert config_of("--ws-per-message-deflate", "false").ws_per_message_deflate is False
    assert config_of().ws_per_message_deflate is True


def test_defaults_are_in_the_help_in_their_units() -> None:
    helps = {each.name: each.help for each in SERVE_OPTIONS if isinstance(each, click.Option)}
    assert (helps["port"] or "").endswith("[4433]")
    assert (helps["response_buffer"] or "").endswith("[64k]")
    assert (helps["access_log"] or "").endswith("[on]")
