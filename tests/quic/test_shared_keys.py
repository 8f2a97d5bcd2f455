"""Keys that processes have in common."""

from __future__ import annotations

import pickle

from h3producer.quic.shared_keys import SharedKeys


def test_all_who_have_the_secret_have_the_same_keys() -> None:
    assert SharedKeys.derive(b"s" * 32) == SharedKeys.derive(b"s" * 32)


def test_another_secret_has_other_keys() -> None:
    one, other = SharedKeys.derive(b"s" * 32), SharedKeys.derive(b"t" * 32)
    assert one.retry != other.retry
    assert one.reset != other.reset


def test_without_a_secret_they_are_random() -> None:
    assert SharedKeys.derive() != SharedKeys.derive()


def test_they_can_be_handed_to_another_process() -> None:
    keys = SharedKeys.derive()
    assert pickle.loads(pickle.dumps(keys)) == keys


def test_they_are_not_in_the_repr() -> None:
    keys = SharedKeys.derive(b"s" * 32)
    assert repr(keys.retry) not in repr(keys)
    assert repr(keys.reset) not in repr(keys)
