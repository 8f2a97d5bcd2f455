"""Tests of `observe/endings.py`: few words for whatever ended a connection."""

from __future__ import annotations

import pytest

from h3producer.config import Config
from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.http3.load import BURST_SECONDS, ConnectionLoad, Load
from h3producer.observe.endings import code_label, end_label, limit_of
from h3producer.quic.facts import HANDSHAKE_TIMEOUT, IDLE_TIMEOUT, RESET_REASON, EndFacts


def ended(error_code: int, reason: str = "", *, is_ours: bool = False) -> EndFacts:
    return EndFacts(error_code, reason, is_ours)


@pytest.mark.parametrize(
    ("end", "label"),
    [
        (ended(ErrorCode.H3_NO_ERROR), ""),
        (ended(0), ""),
        (ended(0, "QUIC error 0x0: "), ""),
        (ended(0, IDLE_TIMEOUT), "idle_timeout"),
        (ended(ErrorCode.H3_NO_ERROR, HANDSHAKE_TIMEOUT, is_ours=True), "handshake_timeout"),
        (ended(0, RESET_REASON), "stateless_reset"),
        (ended(ErrorCode.H3_FRAME_UNEXPECTED, "a frame"), "H3_FRAME_UNEXPECTED"),
        (ended(0xA, "QUIC error 0xa: no"), "PROTOCOL_VIOLATION"),
        (ended(0x12A, "QUIC error 0x12a: bad certificate"), "CRYPTO_ERROR"),
        (ended(0x7777, "QUIC error 0x7777: "), "other"),
        (ended(0x123456789), "other"),
    ],
)
def test_an_end_has_a_word(end: EndFacts, label: str) -> None:
    assert end_label(end) == label


def test_a_code_of_nobody_is_other() -> None:
    assert code_label(None) == ""
    assert code_label(0x10C) == "H3_REQUEST_CANCELLED"
    assert code_label((1 << 62) - 1) == "other"


@pytest.mark.parametrize("load", Load)
def test_a_limit_on_what_a_client_does_in_a_second_has_the_name_of_its_setting(load: Load) -> None:
    config = Config()
    setting = f"max_{load.name.lower()}_per_second"
    buckets = ConnectionLoad(config)
    with pytest.raises(Http3ConnectionError) as caught:
        buckets.count(load, getattr(config, setting) * BURST_SECONDS + 1)
    error = caught.value
    assert limit_of(ended(error.error_code, str(error), is_ours=True)) == setting


def test_a_client_that_says_what_we_would_say_met_no_limit() -> None:
    assert limit_of(ended(ErrorCode.H3_EXCESSIVE_LOAD, "more than 1 resets per second")) == ""


def test_other_ends_are_no_limits() -> None:
    assert limit_of(ended(0, IDLE_TIMEOUT)) == ""
    assert limit_of(ended(0, HANDSHAKE_TIMEOUT, is_ours=True)) == "handshake_timeout"
