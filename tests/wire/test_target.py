"""The pseudo-headers of a request, row by row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.errors import ErrorCode, Http3StreamError
from h3producer.wire.target import parse_target

Pseudo = dict[bytes, bytes]

GET: Pseudo = {
    b":method": b"GET",
    b":scheme": b"https",
    b":authority": b"example.com",
    b":path": b"/",
}
CONNECT: Pseudo = {b":method": b"CONNECT", b":authority": b"example.com:443"}
EXTENDED: Pseudo = {**GET, b":method": b"CONNECT", b":protocol": b"websocket"}


def changed(base: Pseudo, **changes: bytes | None) -> Pseudo:
    """`base` with pseudo-headers set, or removed by None."""
    merged = {**base, **{b":" + name.encode(): value for name, value in changes.items()}}
    return {name: value for name, value in merged.items() if value is not None}


MALFORMED = [
    pytest.param(changed(GET, method=None), None, id="row105-no-method"),
    pytest.param(changed(GET, method=b""), None, id="empty-method"),
    pytest.param(changed(GET, scheme=None), None, id="row106-no-scheme"),
    pytest.param(changed(GET, authority=None), None, id="row107-neither-authority-nor-host"),
    pytest.param(
        changed(GET, scheme=b"http", authority=None), None, id="row107-nor-with-the-http-scheme"
    ),
    pytest.param(changed(GET, authority=b""), None, id="row108-empty-authority"),
    pytest.param(changed(GET, authority=b""), b"", id="row108-empty-authority-and-host"),
    pytest.param(changed(GET, authority=None), b"", id="row109-empty-host"),
    pytest.param(changed(GET, path=b""), None, id="row110-empty-path"),
    pytest.param(changed(GET, path=None), None, id="no-path"),
    pytest.param(changed(GET, scheme=b""), None, id="row111-empty-scheme"),
    pytest.param(changed(GET, protocol=b"websocket"), None, id="row118-protocol-with-get"),
    pytest.param(changed(GET, method=b"GE T"), None, id="row119-method-with-space"),
    pytest.param(changed(GET, method=b"GET\r\nx: y"), None, id="row120-method-with-cr-lf"),
    pytest.param(changed(GET, method=b"G\xc3\xa9T"), None, id="method-not-ascii"),
    pytest.param(changed(GET, path=b"/\r\nx: y"), None, id="row121-path-with-cr-lf"),
    pytest.param(changed(GET, path=b"/\0"), None, id="row122-path-with-nul"),
    pytest.param(changed(GET, path=b"/foo bar"), None, id="path-with-space"),
    pytest.param(changed(GET, path=b"/a#b"), None, id="path-with-fragment"),
    pytest.param(changed(GET, path=b"/\xc3\xa9"), None, id="path-not-ascii"),
    pytest.param(changed(GET, path=b"/\x7f"), None, id="path-with-del"),
    pytest.param(changed(GET, path=b"/\n"), None, id="path-with-a-newline-at-its-end"),
    pytest.param(changed(GET, authority=b"a\r\nb"), None, id="row123-authority-with-cr-lf"),
    pytest.param(changed(GET, scheme=b"https\n"), None, id="row124-scheme-with-lf"),
    pytest.param(changed(GET, authority=b"me@example.com"), None, id="row125-userinfo"),
    pytest.param(changed(GET, authority=b"me:x@example.com"), None, id="row125-with-password"),
    pytest.param(changed(GET, path=b"index.html"), None, id="row126-path-without-slash"),
    pytest.param(changed(GET, path=b"?q"), None, id="row126-query-alone"),
    pytest.param(changed(GET, path=b"https://example.com/"), None, id="row127-absolute-form"),
    pytest.param(changed(GET, path=b"*"), None, id="asterisk-with-get"),
    pytest.param(changed(GET, scheme=b"ht tp"), None, id="row128-no-scheme"),
    pytest.param(changed(GET, scheme=b"1http"), None, id="row128-digit-first"),
    pytest.param(changed(GET, authority=b"example.com/x"), None, id="row129-path-inside"),
    pytest.param(GET, b"", id="row130-host-empty"),
    pytest.param(GET, b"example.org", id="host-differs"),
    pytest.param(GET, b"Example.com", id="host-differs-in-case"),
    pytest.param(GET, b"example.com:443", id="host-differs-in-port"),
    pytest.param(changed(GET, authority=b"example.com:65536"), None, id="port-too-large"),
    pytest.param(changed(GET, authority=b"example.com:000443"), None, id="port-too-long"),
    pytest.param(changed(GET, authority=b"example.com:1_0"), None, id="port-as-int-takes-it"),
    pytest.param(changed(GET, authority=b"example.com:80:80"), None, id="two-ports"),
    pytest.param(changed(GET, authority=b":443"), None, id="no-host-before-the-port"),
    pytest.param(changed(GET, authority=b"::1"), None, id="ipv6-without-brackets"),
    pytest.param(changed(GET, authority=b"[::1"), None, id="bracket-not-closed"),
    pytest.param(changed(GET, authority=b"[]"), None, id="nothing-in-brackets"),
    pytest.param(changed(GET, authority=b"[::1]x"), None, id="more-behind-the-bracket"),
    pytest.param(changed(GET, authority=b"a%zz"), None, id="escape-of-no-octet"),
    pytest.param(changed(GET, authority=b"a%4"), None, id="escape-cut"),
    pytest.param(changed(GET, authority=b"a b"), None, id="authority-with-space"),
    pytest.param(changed(GET, authority=b"a,b/"), None, id="authority-with-slash"),
    pytest.param(changed(GET, authority=b"b\xc3\xbccher.de"), None, id="authority-not-ascii"),
    pytest.param(changed(CONNECT, scheme=b"https", path=b"/"), None, id="row159"),
    pytest.param(changed(CONNECT, scheme=b"https"), None, id="row159-scheme-alone"),
    pytest.param(changed(CONNECT, path=b"/"), None, id="row159-path-alone"),
    pytest.param(changed(CONNECT, authority=None), None, id="row160-connect-to-nothing"),
    pytest.param(
        changed(CONNECT, authority=None), b"example.com:443", id="row160-connect-to-host-field"
    ),
    pytest.param(changed(CONNECT, authority=b""), None, id="row161-connect-to-empty"),
    pytest.param(changed(CONNECT, authority=b"example.com:0"), None, id="row162-port-0"),
    pytest.param(changed(CONNECT, authority=b"example.com:99999"), None, id="row162-port-99999"),
    pytest.param(changed(CONNECT, authority=b"example.com:"), None, id="row162-empty-port"),
    pytest.param(changed(CONNECT, authority=b"example.com"), None, id="row162-no-port"),
    pytest.param(changed(CONNECT, authority=b"443"), None, id="row162-number-without-port"),
    pytest.param(changed(CONNECT, authority=b"[::1]"), None, id="row162-ipv6-without-port"),
    pytest.param(changed(EXTENDED, scheme=None), None, id="extended-connect-without-scheme"),
    pytest.param(changed(EXTENDED, path=None), None, id="extended-connect-without-path"),
    pytest.param(changed(EXTENDED, path=b"*"), None, id="extended-connect-to-asterisk"),
    pytest.param(changed(EXTENDED, authority=None), None, id="extended-connect-no-authority"),
    pytest.param(changed(EXTENDED, protocol=b""), None, id="empty-protocol"),
    pytest.param(changed(EXTENDED, protocol=b"web socket"), None, id="protocol-with-space"),
    pytest.param(EXTENDED, b"example.org", id="extended-connect-host-differs"),
]


@pytest.mark.parametrize(("pseudo", "host"), MALFORMED)
def test_a_malformed_target_is_a_message_error(pseudo: Pseudo, host: bytes | None) -> None:
    with pytest.raises(Http3StreamError) as caught:
        parse_target(pseudo, host)
    assert caught.value.error_code is ErrorCode.H3_MESSAGE_ERROR


def test_a_plain_get() -> None:
    assert parse_target(GET, None) == ("GET", "https", b"example.com", b"/", None)


def test_row155_host_equal_to_authority_is_legal() -> None:
    assert parse_target(GET, b"example.com")[2] == b"example.com"


def test_host_stands_in_for_authority() -> None:
    assert parse_target(changed(GET, authority=None), b"example.com:80")[2] == b"example.com:80"


def test_row156_options_asterisk_is_legal() -> None:
    options = changed(GET, method=b"OPTIONS", path=b"*")
    assert parse_target(options, None) == ("OPTIONS", "https", b"example.com", b"*", None)


def test_any_token_is_a_method_and_keeps_its_case() -> None:
    assert parse_target(changed(GET, method=b"get"), None)[0] == "get"
    assert parse_target(changed(GET, method=b"M-SEARCH~1"), None)[0] == "M-SEARCH~1"


def test_connect_has_an_authority_alone() -> None:
    assert parse_target(CONNECT, None) == ("CONNECT", "", b"example.com:443", b"", None)


def test_extended_connect_has_everything() -> None:
    target = parse_target(EXTENDED, None)
    assert target == ("CONNECT", "https", b"example.com", b"/", "websocket")


def test_a_scheme_is_taken_in_any_case() -> None:
    assert parse_target(changed(GET, scheme=b"HTTPS"), None)[1] == "https"


def test_in_any_case_it_needs_an_authority() -> None:
    with pytest.raises(Http3StreamError, match="neither :authority nor host"):
        parse_target(changed(GET, scheme=b"HTTPS", authority=None), None)


def test_another_scheme_needs_no_authority() -> None:
    target = parse_target(changed(GET, scheme=b"coap+tcp", authority=None), None)
    assert target == ("GET", "coap+tcp", b"", b"/", None)


@pytest.mark.parametrize(
    "path",
    [
        b"/a//b/../c",
        b"//a",
        b"/%2F%00?x=%zz",
        b"/?a=b&c[]=d|e^f`g{h}\"<i>\\'j",
        b"/" + bytes(octet for octet in range(0x21, 0x7F) if octet != 0x23),
    ],
)
def test_a_path_is_taken_as_it_is(path: bytes) -> None:
    assert parse_target(changed(GET, path=path), None)[3] == path


@pytest.mark.parametrize(
    "authority",
    [
        b"localhost",
        b"example.com:",
        b"example.com:0",
        b"example.com:65535",
        b"under_score.example",
        b"127.0.0.1:4433",
        b"[::1]",
        b"[::ffff:192.0.2.1]:4433",
        b"[v1.fe80::a+en1]",
        b"b%C3%BCcher.example",
        b"!$&'()*+,;=-._~",
    ],
)
def test_an_authority_is_taken_as_it_is(authority: bytes) -> None:
    assert parse_target(changed(GET, authority=authority), None)[2] == authority


VALUES = st.one_of(
    st.binary(max_size=12), st.sampled_from([b"CONNECT", b"OPTIONS", b"*", b"/", b"https", b"a:1"])
)


@given(
    st.sampled_from([{}, GET, CONNECT, EXTENDED]),
    st.dictionaries(st.sampled_from(sorted(EXTENDED)), VALUES, max_size=3),
    st.none() | VALUES,
)
def test_any_values_give_a_target_or_a_message_error(
    base: Pseudo, changes: Pseudo, host: bytes | None
) -> None:
    pseudo = {**base, **changes}
    try:
        method, _, authority, path, protocol = parse_target(pseudo, host)
    except Http3StreamError:
        return
    assert method.encode() == pseudo[b":method"]
    assert authority == pseudo.get(b":authority", host or b"")
    assert path == pseudo.get(b":path", b"")
    assert (protocol is not None) == (b":protocol" in pseudo)
