"""A request's field section, row by row; what the pseudo-headers may say is in test_target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.errors import ErrorCode, Http3StreamError
from h3producer.wire.request import Request, parse_request

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields

PSEUDO: Fields = [
    (b":method", b"GET"),
    (b":scheme", b"https"),
    (b":authority", b"example.com"),
    (b":path", b"/x?y=z"),
]
HOST = (b"host", b"example.com")


def request(*fields: tuple[bytes, bytes]) -> Request:
    return parse_request([*PSEUDO, *fields])


def headers(*fields: tuple[bytes, bytes]) -> Fields:
    """The headers behind the first, which is always host."""
    parsed = request(*fields)
    assert parsed.headers[0] == HOST
    return parsed.headers[1:]


MALFORMED: list[object] = [
    pytest.param([], id="nothing-at-all"),
    pytest.param(PSEUDO[1:], id="row105-no-method"),
    pytest.param([*PSEUDO, PSEUDO[1]], id="row112-two-schemes"),
    pytest.param([*PSEUDO, PSEUDO[2]], id="two-authorities"),
    pytest.param([*PSEUDO, (b":foo", b"")], id="row113-undefined-pseudo-header"),
    pytest.param([(b":foo", b""), *PSEUDO], id="row113-undefined-pseudo-header-first"),
    pytest.param([*PSEUDO, (b":status", b"200")], id="row114-pseudo-header-of-responses"),
    pytest.param([*PSEUDO[:3], (b"a", b""), PSEUDO[3]], id="row115-pseudo-header-late"),
    pytest.param([*PSEUDO, (b"a", b""), (b":x", b"")], id="row116-undefined-and-late"),
    pytest.param([*PSEUDO, (b":autority", b"a")], id="row117-misspelt"),
    pytest.param([*PSEUDO[:3], (b":path", b"/ ")], id="white-space-around-a-pseudo-header"),
    pytest.param([*PSEUDO, HOST, HOST], id="host-twice"),
    *(
        pytest.param([*PSEUDO, (b"fine", b"1"), field], id=name)
        for name, field in {
            "row130-host-empty": (b"host", b""),
            "host-differs": (b"host", b"example.org"),
            "row131-upper-case": (b"X-Upper", b""),
            "row131-upper-case-of-a-known-name": (b"Accept", b""),
            "row132-space-in-name": (b"a b", b""),
            "row133-colon-in-name": (b"a:b", b""),
            "row134-cr-lf-in-name": (b"a\r\nb", b""),
            "row135-empty-name": (b"", b""),
            "row136-delimiter-in-name": (b"a(b", b""),
            "row137-at-sign": (b"@", b""),
            "row138-nul-in-value": (b"a", b"\0"),
            "row139-cr-in-value": (b"a", b"b\rc"),
            "row140-lf-in-value": (b"a", b"b\nc"),
            "row140-lf-at-the-end": (b"a", b"b\n"),
            "row141-control-character": (b"a", b"\x01"),
            "row142-del": (b"a", b"\x7f"),
            "row146-connection-close": (b"connection", b"close"),
            "row147-connection-names-a-field": (b"connection", b"fine"),
            "row148-transfer-encoding": (b"transfer-encoding", b"chunked"),
            "row149-keep-alive": (b"keep-alive", b"timeout=5"),
            "row150-proxy-connection": (b"proxy-connection", b"keep-alive"),
            "upgrade": (b"upgrade", b"websocket"),
            "row151-te-with-more": (b"te", b"trailers, deflate"),
            "te-empty": (b"te", b""),
            "row167-content-length-abc": (b"content-length", b"abc"),
            "row168-content-length-0x5": (b"content-length", b"0x5"),
            "row169-content-length-1_0": (b"content-length", b"1_0"),
            "row170-content-length-empty": (b"content-length", b""),
            "row172-content-length-list": (b"content-length", b"5, 6"),
            "row173-content-length-too-large": (b"content-length", b"9223372036854775808"),
            "row174-arabic-digits": (b"content-length", "٥".encode()),  # noqa: RUF001
            "row175-content-length-of-5000-digits": (b"content-length", b"1" * 5000),
            "row177-content-length-equal-list": (b"content-length", b"5, 5"),
            "content-length-with-sign": (b"content-length", b"+5"),
        }.items()
    ),
    pytest.param(
        [*PSEUDO, (b"content-length", b"5"), (b"content-length", b"6")], id="row171-lengths-differ"
    ),
]


@pytest.mark.parametrize("fields", MALFORMED)
def test_a_malformed_request_is_a_message_error(fields: Fields) -> None:
    with pytest.raises(Http3StreamError) as caught:
        parse_request(fields)
    assert caught.value.error_code is ErrorCode.H3_MESSAGE_ERROR


def test_a_plain_request_has_its_parts() -> None:
    assert request((b"accept", b"*/*")) == Request(
        "GET", "https", "example.com", b"/x?y=z", [HOST, (b"accept", b"*/*")]
    )


def test_the_order_of_pseudo_headers_is_free() -> None:
    assert parse_request(PSEUDO[::-1]) == parse_request(PSEUDO)


def test_the_given_fields_are_left_as_they_are() -> None:
    fields = [*PSEUDO, (b"cookie", b"a=1"), HOST, (b"cookie", b"b=2"), (b"x", b" y ")]
    before = list(fields)
    parse_request(fields)
    assert fields == before


def test_host_is_made_from_authority() -> None:
    assert request().headers == [HOST]


def test_row155_host_beside_an_equal_authority_comes_first_and_once() -> None:
    assert request((b"a", b"1"), HOST, (b"b", b"2")).headers == [HOST, (b"a", b"1"), (b"b", b"2")]


def test_host_alone_becomes_the_authority() -> None:
    parsed = parse_request([*PSEUDO[:2], PSEUDO[3], HOST])
    assert (parsed.authority, parsed.headers) == ("example.com", [HOST])


def test_a_request_without_authority_has_no_host() -> None:
    parsed = parse_request([PSEUDO[0], (b":scheme", b"coap"), PSEUDO[3], (b"a", b"b")])
    assert (parsed.scheme, parsed.authority, parsed.headers) == ("coap", "", [(b"a", b"b")])


def test_extended_connect_has_a_protocol() -> None:
    parsed = parse_request([(b":method", b"CONNECT"), *PSEUDO[1:], (b":protocol", b"websocket")])
    assert (parsed.method, parsed.protocol, parsed.path) == ("CONNECT", "websocket", b"/x?y=z")


@pytest.mark.parametrize(
    ("value", "handed_on"),
    [
        pytest.param(b" x", b"x", id="row143"),
        pytest.param(b"x\t", b"x", id="row144"),
        pytest.param(b" ", b"", id="row145"),
    ],
)
def test_white_space_around_values_is_not_handed_on(value: bytes, handed_on: bytes) -> None:
    assert headers((b"a", value), (b"b", b"c")) == [(b"a", handed_on), (b"b", b"c")]


def test_white_space_around_special_values_does_not_matter() -> None:
    parsed = request((b"content-length", b" 5"), (b"te", b"trailers "), (b"host", b" example.com"))
    assert (parsed.content_length, parsed.accepts_trailers) == (5, True)


@pytest.mark.parametrize(
    "field",
    [
        pytest.param((b"a", bytes(range(0x80, 0x100))), id="row153-obs-text"),
        pytest.param((b"a", b""), id="row154-empty-value"),
        pytest.param((b"a", b"b c\td  e"), id="row154-inner-white-space"),
        pytest.param(
            (b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz", b"v"), id="row154-any-token"
        ),
        pytest.param((b"early-data", b"1"), id="row186"),
        pytest.param((b"expect", b"wonders"), id="row256"),
        pytest.param((b"http2-settings", b"AAMAAABk"), id="of-no-meaning-here"),
    ],
)
def test_a_legal_field_is_handed_on_as_it_is(field: tuple[bytes, bytes]) -> None:
    assert headers(field) == [field]


def test_row152_te_trailers_is_legal_and_noted() -> None:
    assert request((b"te", b"trailers")).accepts_trailers
    assert request((b"te", b"Trailers")).accepts_trailers
    assert not request().accepts_trailers


def test_row157_cookie_crumbs_are_joined_where_the_first_was() -> None:
    crumbs = headers((b"cookie", b"a=1"), (b"x", b""), (b"cookie", b"b=2"), (b"cookie", b"c=3"))
    assert crumbs == [(b"cookie", b"a=1; b=2; c=3"), (b"x", b"")]


def test_an_empty_last_crumb_leaves_no_white_space() -> None:
    crumbs = headers((b"cookie", b"a=1"), (b"cookie", b""))
    assert crumbs == [(b"cookie", b"a=1;")]


def test_a_single_cookie_is_left_alone() -> None:
    assert headers((b"x", b""), (b"cookie", b"a=1")) == [(b"x", b""), (b"cookie", b"a=1")]


def test_row406_four_thousand_cookie_crumbs_are_one_field() -> None:
    ((name, value),) = headers(*[(b"cookie", b"a=%d" % index) for index in range(4000)])
    assert (name, value.count(b"; ")) == (b"cookie", 3999)


def test_row158_repeated_fields_keep_order_and_number() -> None:
    fields = [(b"via", b"1"), (b"x", b"a"), (b"via", b"2"), (b"x", b"a"), (b"accept", b"b")]
    assert headers(*fields) == fields


def test_content_length_is_read() -> None:
    assert request((b"content-length", b"13")).content_length == 13
    assert request((b"content-length", b"0")).content_length == 0
    assert request().content_length is None


def test_row176_equal_content_lengths_are_taken_as_one() -> None:
    parsed = request((b"content-length", b"5"), (b"a", b"b"), (b"content-length", b"5"))
    assert parsed.content_length == 5
    assert parsed.headers == [HOST, (b"content-length", b"5"), (b"a", b"b")]


def test_row253_expect_100_continue_is_noted_in_any_case() -> None:
    assert request((b"expect", b"100-continue")).expects_continue
    assert request((b"expect", b"100-Continue")).expects_continue
    assert not request((b"expect", b"200-ok")).expects_continue


def test_row404_eight_thousand_small_fields_are_handed_on() -> None:
    fields = [(b"x%d" % index, b"") for index in range(8000)]
    assert headers(*fields) == fields


NAMES = st.one_of(
    st.sampled_from(
        [b":method", b":scheme", b":path", b":authority", b"host", b"cookie", b"content-length"]
    ),
    st.binary(max_size=6),
)
VALUES = st.one_of(st.sampled_from([b"GET", b"https", b"/", b"a", b"5"]), st.binary(max_size=6))


@given(st.lists(st.tuples(NAMES, VALUES), max_size=8), st.booleans())
def test_any_fields_give_a_checked_request_or_a_message_error(
    fields: Fields, behind_valid: bool
) -> None:
    try:
        parsed = parse_request([*PSEUDO, *fields] if behind_valid else fields)
    except Http3StreamError as error:
        assert_message_error(error)
        return
    assert not [name for name, _ in parsed.headers if name.lower() != name or b":" in name]
    assert not [value for _, value in parsed.headers if value.strip() != value or b"\n" in value]
    again = [(b":" + name, value) for name, value in control_data(parsed)]
    assert parse_request(again + parsed.headers) == parsed


def assert_message_error(error: Http3StreamError) -> None:
    assert error.error_code is ErrorCode.H3_MESSAGE_ERROR


def control_data(parsed: Request) -> Fields:
    return [
        (b"method", parsed.method.encode()),
        (b"scheme", parsed.scheme.encode()),
        (b"path", parsed.path),
    ]
