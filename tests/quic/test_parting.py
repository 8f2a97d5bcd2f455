"""Tests of `quic/parting.py`: a connection that ends in peace lets its client read to the end."""

from __future__ import annotations

from h3producer.quic.limits import LINGER
from h3producer.quic.parting import Parting


def test_nothing_is_said_before_all_is_delivered() -> None:
    parting = Parting(0x100, "")
    assert not parting.is_due(False, 1000.0)
    assert parting.due > 1e9


def test_what_is_delivered_may_be_read_for_a_moment() -> None:
    parting = Parting(0x100, "")
    assert not parting.is_due(True, 10.0)
    assert parting.due == 10.0 + LINGER
    assert not parting.is_due(True, 10.0 + LINGER / 2)
    assert parting.is_due(True, 10.0 + LINGER)


def test_what_is_sent_meanwhile_may_be_read_as_long() -> None:
    parting = Parting(0x100, "")
    parting.is_due(True, 10.0)
    parting.is_due(False, 10.1)
    assert not parting.is_due(True, 10.2)
    assert parting.due == 10.2 + LINGER
