"""Where an empty name lies in an encoded section."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.wire.field_lines import find_empty_name
from h3producer.wire.prefixed import encode_integer, encode_string
from h3producer.wire.varint import MAX_VARINT

EMPTY_NAMES = [
    pytest.param("20", id="plain"),
    pytest.param("28", id="huffman"),
    pytest.param("30", id="never-indexed"),
    pytest.param("38", id="never-indexed-huffman"),
]

LINES = st.one_of(
    st.builds(
        lambda index, pattern: encode_integer(index, 6, pattern),
        st.integers(0, MAX_VARINT),
        st.sampled_from([0x80, 0xC0]),
    ),
    st.builds(
        lambda index, pattern, value: (
            encode_integer(index, 4, 0x40 | pattern) + encode_string(value, 7, 0)
        ),
        st.integers(0, 200),
        st.sampled_from([0, 0x10, 0x20, 0x30]),
        st.binary(max_size=150),
    ),
    st.builds(
        lambda pattern, name, value: (
            encode_string(name, 3, 0x20 | pattern) + encode_string(value, 7, 0x80)
        ),
        st.sampled_from([0, 0x08, 0x10]),
        st.binary(min_size=1, max_size=20),
        st.binary(max_size=150),
    ),
    st.builds(lambda index: encode_integer(index, 4, 0x10), st.integers(0, 100)),
    st.builds(
        lambda index, n, value: encode_integer(index, 3, n) + encode_string(value, 7, 0),
        st.integers(0, 100),
        st.sampled_from([0, 0x08]),
        st.binary(max_size=9),
    ),
)


@pytest.mark.parametrize("line", EMPTY_NAMES)
def test_an_empty_name_is_found_in_each_form(line: str) -> None:
    assert find_empty_name(b"\0\0" + bytes.fromhex(line) + b"\1v", 2) == 2


@given(st.lists(LINES, max_size=4).map(b"".join))
def test_it_is_found_behind_any_lines(before: bytes) -> None:
    assert find_empty_name(before + b"\x20\1v", 0) == len(before)


@given(st.lists(LINES, max_size=4).map(b"".join))
def test_lines_without_an_empty_name_have_none(section: bytes) -> None:
    assert find_empty_name(section, 0) is None


@pytest.mark.parametrize(
    "section",
    [
        pytest.param("", id="no-lines"),
        pytest.param("51054120", id="value-longer-than-the-section"),
        pytest.param("25612020", id="name-longer-than-the-section"),
        pytest.param("2161", id="no-value"),
        pytest.param("ff", id="index-cut"),
        pytest.param("ffffffffffffffffffff7f20", id="index-beyond-62-bits"),
        pytest.param("27ffffffffffffffffff7f20", id="length-beyond-62-bits"),
    ],
)
def test_a_section_that_is_cut_has_none(section: str) -> None:
    assert find_empty_name(bytes.fromhex(section), 0) is None


@given(st.binary(max_size=60))
def test_in_any_bytes_it_is_found_where_it_is_or_not_at_all(section: bytes) -> None:
    offset = find_empty_name(section, 0)
    assert offset is None or section[offset] & 0xE7 == 0x20
