"""Variable-length integers: the examples of RFC 9000 A.1, every form, every cut."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from h3producer.wire.varint import MAX_VARINT, encode_varint, pull_varint

RFC_9000_A1 = [
    ("c2197c5eff14e88c", 151_288_809_941_952_652),
    ("9d7f3e7d", 494_878_333),
    ("7bbd", 15_293),
    ("25", 37),
]
SHORTEST = [
    (0, 1),
    (63, 1),
    (64, 2),
    (16_383, 2),
    (16_384, 4),
    (1_073_741_823, 4),
    (1_073_741_824, 8),
    (MAX_VARINT, 8),
]


@pytest.mark.parametrize(("octets", "value"), RFC_9000_A1)
def test_the_examples_of_the_rfc_are_read_and_written(octets: str, value: int) -> None:
    data = bytes.fromhex(octets)
    assert pull_varint(data, 0) == (value, len(data))
    assert encode_varint(value) == data


@pytest.mark.parametrize(("value", "length"), SHORTEST)
def test_the_shortest_form_is_written(value: int, length: int) -> None:
    assert len(encode_varint(value)) == length


@pytest.mark.parametrize(
    "octets", ["4025", "80000025", "c000000000000025"], ids=["row25", "row82", "eight-octets"]
)
def test_longer_forms_are_read(octets: str) -> None:
    data = bytes.fromhex(octets)
    assert pull_varint(data, 0) == (37, len(data))


@pytest.mark.parametrize("value", [-1, MAX_VARINT + 1])
def test_a_value_outside_of_62_bits_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="0 to 2\\^62-1"):
        encode_varint(value)


@given(st.integers(0, MAX_VARINT), st.binary(max_size=3), st.binary(max_size=3))
@example(0, b"", b"")
def test_what_is_written_is_read_back_wherever_it_lies(
    value: int, before: bytes, after: bytes
) -> None:
    data = before + encode_varint(value)
    assert pull_varint(data + after, len(before)) == (value, len(data))


@given(st.integers(0, MAX_VARINT))
def test_a_cut_integer_is_none_at_every_cut(value: int) -> None:
    data = encode_varint(value)
    assert [pull_varint(data[:cut], 0) for cut in range(len(data))] == [None] * len(data)


@given(st.binary(max_size=9), st.integers(0, 9))
def test_any_bytes_give_an_integer_in_range_or_none(data: bytes, offset: int) -> None:
    pulled = pull_varint(data, offset)
    assert pulled is None or (0 <= pulled[0] <= MAX_VARINT and offset < pulled[1] <= len(data))
