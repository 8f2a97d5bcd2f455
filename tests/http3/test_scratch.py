"""Memory that goes nowhere."""

from __future__ import annotations

import pytest

from h3producer.http3.scratch import ScratchMemory


@pytest.mark.parametrize("hint", [0, 1, 4096, 4097, 100_000])
def test_there_is_always_as_much_as_was_asked_for_and_never_none(hint: int) -> None:
    assert len(ScratchMemory().get(hint)) >= max(hint, 1)


def test_a_block_that_is_large_enough_is_used_again() -> None:
    scratch = ScratchMemory()
    scratch.get(100)[0] = 7
    assert scratch.get(50)[0] == 7


def test_a_larger_block_leaves_the_one_before_as_it_is() -> None:
    scratch = ScratchMemory()
    before = scratch.get(100)
    before[0] = 7
    assert len(scratch.get(10_000)) >= 10_000
    before[1] = 8
    assert bytes(before[:2]) == b"\x07\x08"


def test_a_negative_hint_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        ScratchMemory().get(-1)
