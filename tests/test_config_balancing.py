"""Settings for QUIC-LB: which go together, and which cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from h3producer.config import Config, ConfigError
from h3producer.config.balancing import parse_hex


def test_without_any_of_them_there_is_no_quic_lb() -> None:
    config = Config()
    assert (config.lb_server_id, config.lb_config_file) == (None, None)


@pytest.mark.parametrize(
    "settings",
    [
        {"lb_server_id": "01"},
        {"lb_server_id": "0a:00:00:07", "lb_key_file": "key", "lb_config_id": 6},
        {"lb_server_id": "0a000007", "lb_nonce_length": 15},
        {"lb_server_id": "01", "lb_nonce_length": 4},
        {"lb_server_id": "01", "lb_nonce_length": 4, "lb_key_file": "k", "lb_nonce_file": "n"},
        {"lb_config_file": "file"},
        {"lb_server_id": "01", "workers": 31},
        {"lb_config_file": "file", "lb_server_id": "01", "lb_nonce_file": "nonces"},
    ],
)
def test_what_goes_together(settings: dict[str, Any]) -> None:
    assert Config(**settings).names()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"lb_server_id": ""}, "lb_server_id must be 1 to 15 bytes in hex, not ''."),
        ({"lb_server_id": "a host"}, "lb_server_id must be 1 to 15 bytes in hex, not 'a host'."),
        ({"lb_server_id": "00" * 16}, "lb_server_id must be 1 to 15 bytes in hex"),
        ({"lb_server_id": "01", "lb_config_id": 7}, "lb_config_id must be between 0 and 6, not 7."),
        ({"lb_server_id": "01", "lb_nonce_length": 3}, "lb_nonce_length must be between 4 and 18"),
        (
            {"lb_server_id": "00" * 12},
            "lb_server_id (12 bytes) and lb_nonce_length (8) are more than 19 together.",
        ),
        ({"lb_key_file": "key"}, "lb_key_file is of no use without lb_server_id."),
        ({"lb_nonce_file": "nonces"}, "lb_nonce_file is of no use without lb_server_id."),
        ({"lb_encode_length": True}, "lb_encode_length is of no use without lb_server_id."),
        ({"lb_server_id": "01", "workers": 32}, "workers (32) must be 31 at most with QUIC-LB"),
        (
            {"lb_config_file": "file", "lb_config_id": 1},
            "lb_config_id has to stand in lb_config_file, if there is one.",
        ),
        (
            {"lb_server_id": "01", "lb_nonce_length": 7, "lb_key_file": "key"},
            "lb_nonce_length (7) below 8 needs lb_nonce_file: a nonce must never be used again",
        ),
    ],
)
def test_what_does_not_is_said_in_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config(**settings)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0a01", b"\n\1"),
        ("0x0a01", b"\n\1"),
        ("0A:01", b"\n\1"),
        ("", b""),
        ("0a0", b""),
        ("no hex", b""),
    ],
)
def test_hex_is_read_as_people_write_it(text: str, value: bytes) -> None:
    assert parse_hex(text) == value
