"""Bytes are counted once, in whatever order their offsets come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from h3producer.trace.ranges import ByteRanges

OFFSETS = st.integers(0, 40)


@given(st.lists(st.tuples(OFFSETS, OFFSETS)))
def test_it_is_a_set_of_bytes(pieces: list[tuple[int, int]]) -> None:
    ranges, model = ByteRanges(), set[int]()
    for start, end in pieces:
        new = set(range(start, end)) - model
        assert ranges.add(start, end) == len(new)
        model |= new
        assert ranges.total == len(model)
