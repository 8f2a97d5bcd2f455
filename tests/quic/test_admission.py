"""Counts and limits, driven by numbers: each limit at its edge and one past it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.quic.admission import Admission, Obstacle, source_of

if TYPE_CHECKING:
    from h3producer.quic.admission import Seat
    from h3producer.quic.engine import Address

VICTIM = ("192.0.2.7", 4567)
OTHER = ("192.0.2.8", 4567)


def admission(**limits: int | str | None) -> Admission:
    return Admission(Config(**limits))  # type: ignore[arg-type]  # a limit or a mode each


def take(of: Admission, count: int, address: Address = VICTIM) -> list[Seat]:
    """Seats of clients that have not proven their address."""
    return [of.admit(address, is_proven=False) for _ in range(count)]


# Half-open connections


def test_half_open_connections_have_a_limit() -> None:
    counts = admission(retry="never", max_half_open_connections=3)
    take(counts, 2)
    assert counts.obstacle(OTHER) is None
    take(counts, 1)
    assert counts.obstacle(OTHER) is Obstacle.CROWD


def test_a_handshake_that_ends_makes_room_however_it_ends() -> None:
    counts = admission(retry="never", max_half_open_connections=3)
    completed, failed, forgotten = take(counts, 3)
    completed.handshake_completed()
    failed.handshake_over()
    forgotten.leave()
    assert counts.half_open == 0
    assert counts.obstacle(OTHER) is None


def test_an_end_is_counted_once() -> None:
    counts = admission()
    first, _ = take(counts, 2)
    first.handshake_over()
    first.handshake_over()
    first.leave()
    assert (counts.connections, counts.half_open) == (1, 1)


# All connections


def test_connections_have_a_limit_half_open_ones_included() -> None:
    counts = admission(max_connections=2)
    (seat,) = take(counts, 1)
    seat.handshake_completed()
    assert counts.obstacle(OTHER) is None
    take(counts, 1)
    assert counts.obstacle(OTHER) is Obstacle.FULL
    seat.leave()
    assert counts.obstacle(OTHER) is None


# Connections per address


def test_an_address_has_a_limit_once_it_is_proven() -> None:
    counts = admission(max_connections_per_address=2)
    first, second = take(counts, 2)
    first.handshake_completed()
    assert counts.obstacle(VICTIM) is None
    second.handshake_completed()
    assert counts.obstacle(VICTIM) is Obstacle.SHARE
    assert counts.obstacle(OTHER) is None


def test_forged_packets_do_not_lock_out_the_address_on_them() -> None:
    counts = admission(max_connections_per_address=2)
    take(counts, 100)
    assert counts.obstacle(VICTIM) is None


def test_a_retry_token_proves_the_address_before_the_handshake() -> None:
    counts = admission(max_connections_per_address=1)
    counts.admit(VICTIM, is_proven=True)
    assert counts.obstacle(VICTIM) is Obstacle.SHARE


def test_a_proven_connection_is_counted_once() -> None:
    counts = admission(max_connections_per_address=2)
    seat = counts.admit(VICTIM, is_proven=True)
    assert seat.handshake_completed()
    assert counts.obstacle(VICTIM) is None


def test_of_handshakes_that_run_together_the_last_ones_may_not_stay() -> None:
    counts = admission(max_connections_per_address=2)
    assert [seat.handshake_completed() for seat in take(counts, 3)] == [True, True, False]


def test_whoever_leaves_makes_room_for_its_address() -> None:
    counts = admission(max_connections_per_address=1)
    (seat,) = take(counts, 1)
    seat.handshake_completed()
    seat.leave()
    assert counts.obstacle(VICTIM) is None
    assert counts._by_source == {}


def test_without_the_limit_an_address_may_have_all() -> None:
    counts = admission(max_connections_per_address=None)
    for seat in take(counts, 1000 - 1):
        seat.handshake_completed()
    assert counts.obstacle(VICTIM) is None


# What is one address


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (("192.0.2.7", 1), ("192.0.2.7", 2), True),
        (("192.0.2.7", 1), ("192.0.2.8", 1), False),
        (("2001:db8:0:1::1", 1, 0, 0), ("2001:db8:0:1:ffff::2", 1, 0, 0), True),
        (("2001:db8:0:1::1", 1, 0, 0), ("2001:db8:0:2::1", 1, 0, 0), False),
        (("fe80::1%eth0", 1, 0, 2), ("fe80::2%eth0", 1, 0, 2), True),
        (("::ffff:192.0.2.7", 1, 0, 0), ("192.0.2.7", 1), True),
        (("::ffff:192.0.2.7", 1, 0, 0), ("::ffff:192.0.2.8", 1, 0, 0), False),
    ],
)
def test_an_address_is_an_ipv4_one_or_an_ipv6_network(
    one: Address, other: Address, is_same: bool
) -> None:
    assert (source_of(one) == source_of(other)) is is_same


# Retry


def test_auto_begins_at_the_threshold() -> None:
    counts = admission(retry="auto", retry_threshold=4)
    take(counts, 3)
    assert not counts.asks_for_proof
    take(counts, 1)
    assert counts.asks_for_proof


def test_auto_ends_at_half_of_the_threshold() -> None:
    counts = admission(retry="auto", retry_threshold=4)
    seats = take(counts, 4)
    seats[0].leave()
    assert counts.asks_for_proof
    seats[1].handshake_completed()
    assert not counts.asks_for_proof


def test_between_the_two_it_is_as_it_was() -> None:
    counts = admission(retry="auto", retry_threshold=4)
    take(counts, 4)[0].leave()
    take(counts, 4)[0].leave()
    assert counts.asks_for_proof


@pytest.mark.parametrize(
    ("retry", "asks", "reads"), [("always", True, True), ("never", False, False)]
)
def test_the_other_modes_do_not_depend_on_the_load(retry: str, asks: bool, reads: bool) -> None:
    counts = admission(retry=retry, retry_threshold=1)
    for _ in range(2):
        assert (counts.asks_for_proof, counts.reads_proofs) == (asks, reads)
        take(counts, 1)
