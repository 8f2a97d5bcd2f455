"""What makes any field section of a peer malformed, and trailers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.errors import ErrorCode, Http3StreamError
from h3producer.wire.received import (
    check_name,
    clean_values,
    excerpt,
    malformed,
    parse_trailers,
)

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields

MALFORMED_TRAILERS = [
    pytest.param((b":path", b"/"), id="row180-pseudo-header"),
    pytest.param((b":status", b"200"), id="row180-pseudo-header-of-responses"),
    pytest.param((b":x", b""), id="row180-undefined-pseudo-header"),
    pytest.param((b"connection", b"close"), id="row181"),
    pytest.param((b"transfer-encoding", b"chunked"), id="row182"),
    pytest.param((b"keep-alive", b""), id="keep-alive"),
    pytest.param((b"proxy-connection", b""), id="proxy-connection"),
    pytest.param((b"upgrade", b"h2c"), id="upgrade"),
    pytest.param((b"x", b"a\r\nb: c"), id="row183-value-with-cr-lf"),
    pytest.param((b"x\0", b""), id="row184-name-with-nul"),
    pytest.param((b"te", b"trailers"), id="row185"),
    pytest.param((b"content-length", b"5"), id="content-length"),
    pytest.param((b"X", b""), id="upper-case"),
    pytest.param((b"", b""), id="empty-name"),
]


@pytest.mark.parametrize("field", MALFORMED_TRAILERS)
def test_malformed_trailers_are_a_message_error(field: tuple[bytes, bytes]) -> None:
    with pytest.raises(Http3StreamError) as caught:
        parse_trailers([(b"fine", b"1"), field])
    assert caught.value.error_code is ErrorCode.H3_MESSAGE_ERROR


def test_trailers_keep_order_number_and_stripped_values() -> None:
    trailers = parse_trailers([(b"b", b" 1"), (b"a", b"2"), (b"b", b"3\t"), (b"etag", b"x")])
    assert trailers == [(b"b", b"1"), (b"a", b"2"), (b"b", b"3"), (b"etag", b"x")]


def test_an_empty_trailer_section_is_legal() -> None:
    assert parse_trailers([]) == []


def test_clean_values_are_the_very_list() -> None:
    fields = [(b"a", b"b"), (b"c", b"")]
    assert clean_values(fields) is fields


def test_white_space_around_a_pseudo_header_is_left_to_its_own_syntax() -> None:
    assert clean_values([(b":path", b"/ "), (b"a", b" b")]) == [(b":path", b"/ "), (b"a", b"b")]


@pytest.mark.parametrize("octet", [0x00, 0x01, 0x0A, 0x0D, 0x7F])
def test_row138_to_142_a_forbidden_character_in_a_value_is_malformed(octet: int) -> None:
    with pytest.raises(Http3StreamError, match="forbidden character"):
        clean_values([(b"a", b"b%cc" % octet)])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param(b":path", "only regular fields", id="row115"),
        pytest.param(b":foo", "no pseudo-header of a request", id="row113"),
        pytest.param(b"Host", "no field name", id="row131"),
        pytest.param(b"a b", "no field name", id="row132"),
        pytest.param(b"a:b", "no field name", id="row133"),
        pytest.param(b"a\r\nb", "no field name", id="row134"),
        pytest.param(b"", "no field name", id="row135"),
        pytest.param(b"a(", "no field name", id="row136"),
        pytest.param(b"@", "no field name", id="row137"),
    ],
)
def test_a_bad_name_is_malformed_and_says_why(name: bytes, sentence: str) -> None:
    with pytest.raises(Http3StreamError, match=sentence):
        check_name(name)


def test_an_excerpt_is_one_short_line() -> None:
    assert excerpt(b"a\r\n\x1b\xff") == r"'a\r\n\x1b\xff'"
    assert len(excerpt(b"\0" * 10_000)) == 4 * 64 + 2


def test_a_malformed_message_breaks_one_stream() -> None:
    error = malformed("So it is.")
    assert str(error) == "So it is. (H3_MESSAGE_ERROR)"


FIELDS = st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8)), max_size=5)


@given(FIELDS)
def test_any_fields_give_trailers_or_a_message_error(fields: Fields) -> None:
    try:
        trailers = parse_trailers(fields)
    except Http3StreamError:
        return
    assert [name for name, _ in trailers] == [name for name, _ in fields]
    assert parse_trailers(trailers) == trailers
