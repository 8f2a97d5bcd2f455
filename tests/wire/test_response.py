"""What an application sends → field section."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.errors import Http3StreamError, LocalProtocolError
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder
from h3producer.wire.received import parse_trailers
from h3producer.wire.response import response_fields, trailer_fields

Header = tuple[bytes, bytes]

REFUSED: list[object] = [
    pytest.param((b"a", b"b\r\nc: d"), id="row242-value-with-cr-lf"),
    pytest.param((b"a", b"b\0"), id="row243-value-with-nul"),
    pytest.param((b"a", b"b\n"), id="row242-value-with-lf-at-its-end"),
    pytest.param((b"a", b"\x7f"), id="value-with-del"),
    pytest.param((b"a\r\nb", b""), id="row244-name-with-cr-lf"),
    pytest.param((b"a b", b""), id="row245-name-with-space"),
    pytest.param((b"a ", b""), id="row245-name-with-space-at-its-end"),
    pytest.param((b"", b""), id="row246-empty-name"),
    pytest.param((b":status", b"200"), id="pseudo-header"),
    pytest.param((b":path", b"/"), id="pseudo-header-of-requests"),
    pytest.param(("a", b"b"), id="name-is-text"),
    pytest.param(("content-type", b"b"), id="known-name-is-text"),
    pytest.param((b"a", "b"), id="value-is-text"),
    pytest.param((b"a", None), id="value-is-none"),
    pytest.param((b"a", 5), id="value-is-a-number"),
    pytest.param((b"a", bytearray(b"b")), id="value-is-a-bytearray"),
    pytest.param((bytearray(b"a"), b"b"), id="name-is-a-bytearray"),
    pytest.param((memoryview(b"a"), b"b"), id="name-is-a-memoryview"),
    pytest.param((b"a", b"b", b"c"), id="a-triple"),
    pytest.param((b"a",), id="half-a-pair"),
    pytest.param(None, id="no-pair"),
]


@pytest.mark.parametrize("header", REFUSED)
def test_what_could_break_a_message_is_refused(header: Any) -> None:
    with pytest.raises(LocalProtocolError):
        response_fields(200, [(b"fine", b"1"), header])
    with pytest.raises(LocalProtocolError):
        trailer_fields([(b"fine", b"1"), header])


def test_headers_that_are_no_iterable_are_refused() -> None:
    not_headers: Any = 5
    with pytest.raises(LocalProtocolError, match="pairs of bytes"):
        response_fields(200, not_headers)


@pytest.mark.parametrize("status", [99, 1000, 0, -200, 101, None, "200"])
def test_a_status_that_is_none_is_refused(status: Any) -> None:
    with pytest.raises(LocalProtocolError, match="no status"):
        response_fields(status, [])


@pytest.mark.parametrize("status", [100, 103, 199, 200, 299, 404, 599, 999, HTTPStatus.OK])
def test_row235_a_status_comes_first(status: int) -> None:
    fields = response_fields(status, [(b"a", b"b")])
    assert fields == [(b":status", b"%d" % status), (b"a", b"b")]


def test_names_are_lower_cased_known_or_not() -> None:
    fields = response_fields(200, [(b"Content-Type", b"Text"), (b"X-Own", b"Mixed")])
    assert fields[1:] == [(b"content-type", b"Text"), (b"x-own", b"Mixed")]


def test_row249_white_space_around_values_is_removed() -> None:
    assert trailer_fields([(b"a", b" b\t"), (b"c", b"\t")]) == [(b"a", b"b"), (b"c", b"")]


def test_inner_white_space_and_obs_text_are_kept() -> None:
    assert trailer_fields([(b"a", b"b \t c\xe9")]) == [(b"a", b"b \t c\xe9")]


def test_row259_repeated_fields_stay_in_order_and_number() -> None:
    cookies = [(b"set-cookie", b"a=1"), (b"x", b""), (b"set-cookie", b"b=2")]
    assert response_fields(200, cookies)[1:] == cookies


def test_lists_serve_as_pairs_and_a_generator_as_headers() -> None:
    pairs: Any = ([b"a", b"%d" % index] for index in range(2))
    assert trailer_fields(pairs) == [(b"a", b"0"), (b"a", b"1")]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"connection", id="row239-row247"),
        pytest.param(b"keep-alive", id="row240"),
        pytest.param(b"transfer-encoding", id="row241"),
        pytest.param(b"proxy-connection", id="proxy-connection"),
        pytest.param(b"upgrade", id="upgrade"),
        pytest.param(b"te", id="te"),
        pytest.param(b"Connection", id="in-any-case"),
    ],
)
def test_connection_specific_fields_are_dropped_and_told(name: bytes) -> None:
    dropped: list[bytes] = []
    fields = [(b"a", b"1"), (name, b"x"), (b"b", b"2")]
    assert response_fields(200, fields, dropped.append)[1:] == [(b"a", b"1"), (b"b", b"2")]
    assert trailer_fields(fields, dropped.append) == [(b"a", b"1"), (b"b", b"2")]
    assert dropped == [name.lower()] * 2


def test_nobody_needs_to_hear_of_what_is_dropped() -> None:
    assert trailer_fields([(b"connection", b"close")]) == []


def test_content_length_is_for_headers_only() -> None:
    dropped: list[bytes] = []
    assert response_fields(200, [(b"content-length", b"5")], dropped.append)[1:]
    assert trailer_fields([(b"content-length", b"5")], dropped.append) == []
    assert dropped == [b"content-length"]


def test_a_look_alike_of_a_known_name_becomes_bytes() -> None:
    look_alike: Any = [(memoryview(b"content-type"), b"text/plain")]
    fields = response_fields(200, look_alike)
    assert type(fields[1][0]) is bytes
    assert FieldSectionEncoder().encode(fields)


HEADERS = st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8)), max_size=5)


@given(HEADERS)
def test_what_is_not_refused_arrives_and_is_well_formed(headers: list[Header]) -> None:
    try:
        fields = trailer_fields(headers)
    except LocalProtocolError:
        return
    decoded = FieldSectionDecoder().decode(0, FieldSectionEncoder().encode(fields))
    assert parse_trailers(decoded) == fields


@given(HEADERS)
def test_what_a_peer_may_send_an_application_may_send(headers: list[Header]) -> None:
    try:
        trailers = parse_trailers(headers)
    except Http3StreamError:
        return
    assert trailer_fields(headers) == trailers
