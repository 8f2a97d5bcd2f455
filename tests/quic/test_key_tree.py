"""Keys of the past that nobody can compute any more, while all that are to come are known."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.keys.key_tree import DEPTH, KeyTree

NUMBERS = st.integers(0, 2**DEPTH - 1)


def tree() -> KeyTree:
    return KeyTree(b"s" * 32)


@given(NUMBERS, NUMBERS)
def test_what_is_forgotten_is_gone_and_all_else_is_as_before(limit: int, number: int) -> None:
    made = tree()
    made.forget_before(limit)
    assert made.key(number) == (None if number < limit else tree().key(number))


@given(st.lists(NUMBERS, max_size=8))
def test_however_often_something_is_forgotten_little_is_kept(limits: list[int]) -> None:
    made = tree()
    for limit in sorted(limits):
        made.forget_before(limit)
        assert len(made._nodes) <= DEPTH + 1


@pytest.mark.parametrize("limit", [0, 1, 2**31, 2**DEPTH - 1])
def test_the_first_that_is_kept_is_known(limit: int) -> None:
    made = tree()
    made.forget_before(limit)
    assert made.key(limit) == tree().key(limit)
    assert made.key(limit - 1) is None


def test_all_keys_differ() -> None:
    made = tree()
    assert len({made.key(number) for number in (*range(100), 2**31, 2**DEPTH - 1)}) == 102


def test_another_secret_has_other_keys() -> None:
    assert tree().key(7) != KeyTree(b"t" * 32).key(7)


def test_what_was_forgotten_is_not_handed_to_another_process() -> None:
    made = tree()
    made.forget_before(1000)
    there = pickle.loads(pickle.dumps(made))
    assert there == made
    assert there.key(999) is None
    assert there.key(1000) == tree().key(1000)
    assert b"s" * 32 not in pickle.dumps(made)
