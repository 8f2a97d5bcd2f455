"""SETTINGS payloads: RFC 9114 §7.2.4, with the rows of the requirements list in the test ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.wire.settings import Setting, encode_settings, parse_settings
from h3producer.wire.varint import MAX_VARINT, encode_varint

RESERVED = {0x00, 0x02, 0x03, 0x04, 0x05}
VARINTS = st.integers(0, MAX_VARINT)

MALFORMED = [
    pytest.param("0001", ErrorCode.H3_SETTINGS_ERROR, id="row59-setting-0"),
    pytest.param("0201", ErrorCode.H3_SETTINGS_ERROR, id="enable-push-of-http2"),
    pytest.param("0301", ErrorCode.H3_SETTINGS_ERROR, id="row19-max-concurrent-streams"),
    pytest.param("0401", ErrorCode.H3_SETTINGS_ERROR, id="row20-initial-window-size"),
    pytest.param("0501", ErrorCode.H3_SETTINGS_ERROR, id="row21-max-frame-size"),
    pytest.param("40030a", ErrorCode.H3_SETTINGS_ERROR, id="row19-in-a-long-form"),
    pytest.param("06010601", ErrorCode.H3_SETTINGS_ERROR, id="twice-the-same"),
    pytest.param("0601400602", ErrorCode.H3_SETTINGS_ERROR, id="twice-in-another-form"),
    pytest.param("21002100", ErrorCode.H3_SETTINGS_ERROR, id="twice-a-grease"),
    pytest.param("06", ErrorCode.H3_FRAME_ERROR, id="row23-no-value"),
    pytest.param("0680", ErrorCode.H3_FRAME_ERROR, id="value-cut"),
    pytest.param("0601c0", ErrorCode.H3_FRAME_ERROR, id="second-identifier-cut"),
]


@pytest.mark.parametrize(("payload", "code"), MALFORMED)
def test_a_malformed_payload_has_its_code(payload: str, code: ErrorCode) -> None:
    with pytest.raises(Http3ConnectionError) as caught:
        parse_settings(bytes.fromhex(payload))
    assert caught.value.error_code is code


def test_row24_an_empty_payload_says_nothing() -> None:
    assert parse_settings(b"") == {}


def test_row22_unknown_and_grease_settings_are_kept_beside_the_known() -> None:
    payload = encode_settings({0x21: 5, Setting.H3_DATAGRAM: 1, MAX_VARINT: 7})
    assert parse_settings(payload) == {0x21: 5, 0x33: 1, MAX_VARINT: 7}


@pytest.mark.parametrize("value", [0, 1])
def test_row316_datagrams_are_off_or_on(value: int) -> None:
    assert parse_settings(encode_settings({0x33: value})) == {Setting.H3_DATAGRAM: value}


@pytest.mark.parametrize("value", [2, MAX_VARINT])
def test_row316_any_other_value_for_datagrams_is_an_error(value: int) -> None:
    with pytest.raises(Http3ConnectionError, match="H3_SETTINGS_ERROR"):
        parse_settings(encode_settings({0x33: value}))


def test_a_limit_of_62_bits_is_not_cut_to_32() -> None:
    payload = encode_settings({Setting.MAX_FIELD_SECTION_SIZE: 1 << 32})
    assert parse_settings(payload)[Setting.MAX_FIELD_SECTION_SIZE] == 1 << 32


def test_row419_three_thousand_settings_are_read() -> None:
    settings = {0x1000 + index: index for index in range(3000)}
    assert parse_settings(encode_settings(settings)) == settings


def test_kestrels_settings_are_encoded_as_kestrel_does() -> None:
    assert encode_settings({Setting.MAX_FIELD_SECTION_SIZE: 32_768}).hex() == "0680008000"


def test_settings_keep_their_order() -> None:
    assert encode_settings({Setting.QPACK_BLOCKED_STREAMS: 0, 1: 0}).hex() == "07000100"


@given(
    st.dictionaries(
        VARINTS.filter(lambda key: key not in (*RESERVED, Setting.H3_DATAGRAM)),
        VARINTS,
        max_size=8,
    )
)
def test_what_is_encoded_is_parsed_back(settings: dict[int, int]) -> None:
    assert parse_settings(encode_settings(settings)) == settings


@given(st.integers(0, 63), VARINTS)
def test_every_cut_inside_a_setting_is_a_frame_error(grease: int, value: int) -> None:
    whole = encode_varint(0x21 + 0x1F * grease) + encode_varint(value)
    for cut in range(1, len(whole)):
        with pytest.raises(Http3ConnectionError, match="H3_FRAME_ERROR"):
            parse_settings(whole[:cut])


@given(st.binary(max_size=64))
def test_any_bytes_give_settings_or_a_documented_error(payload: bytes) -> None:
    try:
        outcome = RESERVED.isdisjoint(parse_settings(payload))
    except Http3ConnectionError as error:
        outcome = error.error_code in (ErrorCode.H3_FRAME_ERROR, ErrorCode.H3_SETTINGS_ERROR)
    assert outcome
