"""Integers and strings with a prefix: the examples of RFC 7541 C.1, every cut, the bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.wire.prefixed import encode_integer, encode_string, pull_integer, skip_string
from h3producer.wire.varint import MAX_VARINT

BITS = st.integers(3, 8)


@pytest.mark.parametrize(
    ("value", "bits", "octets"), [(10, 5, "0a"), (1337, 5, "1f9a0a"), (42, 8, "2a")]
)
def test_the_examples_of_the_rfc_are_read_and_written(value: int, bits: int, octets: str) -> None:
    data = bytes.fromhex(octets)
    assert encode_integer(value, bits, 0) == data
    assert pull_integer(data, 0, bits) == (value, len(data))


@given(st.integers(0, MAX_VARINT), BITS, st.binary(max_size=3))
def test_an_integer_is_read_back_between_other_bits(value: int, bits: int, after: bytes) -> None:
    pattern = 0xFF & ~((1 << bits) - 1)
    data = b"\xff" + encode_integer(value, bits, pattern)
    assert data[1] & pattern == pattern
    assert pull_integer(data + after, 1, bits) == (value, len(data))


@given(st.integers(0, MAX_VARINT), BITS)
def test_a_cut_integer_is_none_at_every_cut(value: int, bits: int) -> None:
    data = encode_integer(value, bits, 0)
    assert [pull_integer(data[:cut], 0, bits) for cut in range(len(data))] == [None] * len(data)


def test_zeros_may_pad_an_integer() -> None:
    assert pull_integer(bytes.fromhex("1f8000"), 0, 5) == (31, 3)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param("07f9ffffffffffffff3f", id="one-above-62-bits"),
        pytest.param("07ffffffffffffffff7f", id="63-bits"),
        pytest.param("07808080808080808080", id="nine-octets-and-no-end"),
        pytest.param("07ffffffffffffffffffffff7f", id="row198-beyond-64-bits"),
        pytest.param("0780808080808080808000", id="zeros-that-pad-too-far"),
    ],
)
def test_more_than_62_bits_are_refused(octets: str) -> None:
    with pytest.raises(ValueError, match="62 bits"):
        pull_integer(bytes.fromhex(octets), 0, 3)


def test_the_largest_integer_is_not_refused() -> None:
    assert pull_integer(bytes.fromhex("07f8ffffffffffffff3f"), 0, 3) == (MAX_VARINT, 10)


@given(st.binary(max_size=200), st.sampled_from([3, 7]))
def test_a_string_is_skipped_whole_or_not_at_all(octets: bytes, bits: int) -> None:
    data = encode_string(octets, bits, 0)
    assert data.endswith(octets)
    assert skip_string(data + b"x", 0, bits) == len(data)
    assert [skip_string(data[:cut], 0, bits) for cut in range(len(data))] == [None] * len(data)
