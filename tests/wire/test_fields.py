"""The rules that requests, responses and trailers share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.wire.fields import (
    CONNECTION_SPECIFIC,
    KNOWN_NAMES,
    clean_value,
    field_section_size,
    is_field_name,
    parse_content_length,
    values_are_clean,
)

FORBIDDEN = [*range(0x09), *range(0x0A, 0x20), 0x7F]
TOKEN_CHARACTERS = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"


def test_row154_every_token_character_may_stand_in_a_name() -> None:
    assert is_field_name(TOKEN_CHARACTERS)


@pytest.mark.parametrize("octet", sorted(set(range(256)) - set(TOKEN_CHARACTERS)))
def test_no_other_octet_may_stand_in_a_name(octet: int) -> None:
    assert not is_field_name(b"x" + bytes((octet,)) + b"y")
    assert not is_field_name(b"x" + bytes((octet,)))


def test_row135_no_name_is_empty() -> None:
    assert not is_field_name(b"")


def test_the_known_names_are_names_and_not_connection_specific() -> None:
    assert all(is_field_name(name) for name in KNOWN_NAMES)
    assert KNOWN_NAMES.isdisjoint(CONNECTION_SPECIFIC | {b"te"})


@pytest.mark.parametrize("octet", FORBIDDEN)
def test_row138_to_142_a_control_character_is_forbidden_anywhere(octet: int) -> None:
    for value in (b"%c", b"a%c", b"%ca", b"a%cb"):
        assert clean_value(value % octet) is None
        assert not values_are_clean([b"fine", value % octet])


@pytest.mark.parametrize("octet", sorted(set(range(256)) - set(FORBIDDEN)))
def test_row153_and_row154_every_other_octet_may_stand_inside(octet: int) -> None:
    value = b"a%cb" % octet
    assert clean_value(value) == value
    assert values_are_clean([value])


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        pytest.param(b" a", b"a", id="row143"),
        pytest.param(b"a\t", b"a", id="row144"),
        pytest.param(b" ", b"", id="row145"),
        pytest.param(b"\t a b \t ", b"a b", id="both-ends"),
        pytest.param(b"\xa0a", b"\xa0a", id="a-no-break-space-is-no-white-space"),
    ],
)
def test_white_space_around_a_value_is_taken_off(value: bytes, cleaned: bytes) -> None:
    assert clean_value(value) == cleaned
    assert values_are_clean([value]) == (value == cleaned)


def test_no_values_at_all_are_clean() -> None:
    assert values_are_clean([])


@given(st.lists(st.binary(max_size=6), max_size=5))
def test_values_are_clean_if_and_only_if_each_is(values: list[bytes]) -> None:
    assert values_are_clean(values) == all(clean_value(value) == value for value in values)


@pytest.mark.parametrize(
    ("value", "length"),
    [
        (b"0", 0),
        (b"13", 13),
        (b"007", 7),
        (b"9223372036854775807", (1 << 63) - 1),
        pytest.param(b"9223372036854775808", None, id="row173-two-to-the-63"),
        pytest.param(b"18446744073709551616", None, id="row173-twenty-digits"),
        pytest.param(b"9" * 5000, None, id="row175-5000-digits"),
        pytest.param(b"abc", None, id="row167"),
        pytest.param(b"0x5", None, id="row168"),
        pytest.param(b"1_0", None, id="row169"),
        pytest.param(b"", None, id="row170"),
        pytest.param(b"5, 6", None, id="row172"),
        pytest.param("٥".encode(), None, id="row174"),  # noqa: RUF001
        pytest.param(b"5, 5", None, id="row177"),
        pytest.param(b"+5", None, id="plus"),
        pytest.param(b"-0", None, id="minus"),
        pytest.param(b"5\n", None, id="trailing-newline"),
        pytest.param(b"5.0", None, id="fraction"),
    ],
)
def test_a_content_length_is_decimal_digits_of_63_bits(value: bytes, length: int | None) -> None:
    assert parse_content_length(value) == length


def test_a_field_section_counts_32_octets_for_each_field() -> None:
    assert field_section_size([(b":status", b"200")]) == 42
    assert field_section_size([(b"a", b""), (b"bc", b"def")]) == 33 + 37


def test_an_empty_field_section_has_no_size() -> None:
    assert field_section_size([]) == 0
