"""WebTransport on the wire: draft-ietf-webtrans-http3 §4.2 to §4.4 and §6."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.errors import ErrorCode, Http3StreamError
from h3producer.wire.webtransport import (
    BIDIRECTIONAL_SIGNAL,
    MAX_APPLICATION_CODE,
    MAX_CLOSE_VALUE,
    UNIDIRECTIONAL_TYPE,
    application_code,
    encode_close,
    encode_stream_head,
    error_code_of,
    parse_close,
    pull_stream_head,
)

# The head of a data stream


@pytest.mark.parametrize(
    ("stream_id", "head"), [(1, "4041 04"), (5, "4041 04"), (15, "4054 04"), (2, "4054 04")]
)
def test_a_head_is_a_type_and_a_session(stream_id: int, head: str) -> None:
    assert encode_stream_head(stream_id, 4) == bytes.fromhex(head)


@pytest.mark.parametrize("session_id", [0, 64, 16_384, (1 << 62) - 4])
def test_a_head_is_read_once_it_is_whole(session_id: int) -> None:
    head = encode_stream_head(0, session_id)
    for cut in range(len(head)):
        assert pull_stream_head(head[:cut]) is None
    assert pull_stream_head(head + b"data") == (BIDIRECTIONAL_SIGNAL, session_id, len(head))


def test_the_two_kinds_of_streams_differ_in_their_type() -> None:
    assert pull_stream_head(encode_stream_head(2, 0)) == (UNIDIRECTIONAL_TYPE, 0, 3)


# Error codes


def test_the_first_and_the_last_code_are_those_of_the_draft() -> None:
    assert error_code_of(0) == 0x52E4A40FA8DB
    assert error_code_of(MAX_APPLICATION_CODE) == 0x52E5AC983162


@given(st.integers(0, MAX_APPLICATION_CODE))
def test_each_code_comes_back_and_none_is_reserved(code: int) -> None:
    error_code = error_code_of(code)
    assert application_code(error_code) == code
    assert (error_code - 0x21) % 0x1F


@pytest.mark.parametrize(
    "error_code", [0x52E4A40FA8DA, 0x52E5AC983163, 0x52E4A40FA8F9, 0, 0x100, 0x170D7B68]
)
def test_any_other_error_code_says_none(error_code: int) -> None:
    assert application_code(error_code) is None


def test_the_codes_beside_a_reserved_one_are_neighbours() -> None:
    assert application_code(0x52E4A40FA8F8) == 0x1D
    assert application_code(0x52E4A40FA8FA) == 0x1E


# Closing words


def test_closing_words_are_a_code_and_a_text() -> None:
    assert encode_close(7, "bye") == b"\0\0\0\x07bye"
    assert parse_close(b"\0\0\0\x07bye") == (7, "bye")


def test_a_reason_that_is_too_long_is_cut_between_characters() -> None:
    value = encode_close(0, "a" + 600 * "é")
    assert len(value) == MAX_CLOSE_VALUE - 1
    assert parse_close(value) == (0, "a" + 511 * "é")


def test_a_reason_that_is_no_text_is_sent_as_one() -> None:
    assert parse_close(encode_close(0, "\ud800")) == (0, "?")


@pytest.mark.parametrize("value", [None, b"", b"\0\0\0", b"\0\0\0\0\xff"])
def test_malformed_closing_words_are_a_malformed_message(value: bytes | None) -> None:
    with pytest.raises(Http3StreamError) as caught:
        parse_close(value)
    assert caught.value.error_code is ErrorCode.H3_MESSAGE_ERROR
