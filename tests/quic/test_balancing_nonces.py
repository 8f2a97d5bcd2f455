"""Nonces: no number comes twice, and when there are no more, none comes."""

from __future__ import annotations

import pytest

from h3producer.quic.balancing.nonces import CountedNonces, NoncesExhausted, RandomNonces


def test_a_counter_goes_on_behind_its_start() -> None:
    nonces = CountedNonces(4, start=7)
    assert [nonces.next().hex() for _ in range(2)] == ["00000007", "00000008"]


def test_behind_the_last_number_comes_zero() -> None:
    nonces = CountedNonces(4, start=0xFFFFFFFF)
    assert [nonces.next().hex() for _ in range(2)] == ["ffffffff", "00000000"]


def test_a_counter_uses_each_number_once_and_then_ends() -> None:
    nonces = CountedNonces(1, start=200)
    assert len({nonces.next() for _ in range(256)}) == 256
    with pytest.raises(NoncesExhausted):
        nonces.next()


def test_a_counter_ends_where_its_share_does() -> None:
    nonces = CountedNonces(4, start=0, count=1)
    nonces.next()
    with pytest.raises(NoncesExhausted):
        nonces.next()


def test_a_counter_begins_somewhere_else_each_time() -> None:
    assert CountedNonces(16).next() != CountedNonces(16).next()


def test_random_nonces_have_their_length() -> None:
    nonces = RandomNonces(5)
    assert [len(nonces.next()) for _ in range(3)] == [5, 5, 5]
    assert RandomNonces(16).next() != RandomNonces(16).next()
