"""Which datagram size is tried, and which is used: the search on its own, without a packet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.mtu_search import (
    BASE_SIZE,
    BLACK_HOLE_PAUSE,
    LIKELY_SIZE,
    MAX_LOSSES,
    RAISE_PAUSE,
    STEP,
    MtuSearch,
)

CEILING = 1452
JUMBO = 8952


def probe(search: MtuSearch, mtu: int, now: float = 0.0) -> list[int]:
    """Search a path that takes datagrams of `mtu` bytes, until there is a rest; what was tried."""
    tried = []
    while (size := search.next_probe(now)) is not None:
        tried.append(size)
        if size <= mtu:
            search.probe_passed(size)
        else:
            search.probe_lost(size)
    return tried


def test_it_begins_with_what_every_path_takes() -> None:
    assert MtuSearch(CEILING).size == BASE_SIZE


def test_a_wide_path_takes_one_probe() -> None:
    search = MtuSearch(CEILING)
    assert probe(search, 9000) == [CEILING]
    assert search.size == CEILING


def test_nothing_is_tried_above_the_ceiling() -> None:
    assert max(probe(MtuSearch(1400), 9000)) == 1400


def test_nothing_is_tried_if_the_ceiling_is_the_base() -> None:
    assert MtuSearch(BASE_SIZE).next_probe(0.0) is None


def test_an_ethernet_frame_is_tried_before_a_larger_ceiling() -> None:
    assert probe(MtuSearch(JUMBO), JUMBO) == [LIKELY_SIZE, JUMBO]


def test_a_lost_probe_is_tried_again() -> None:
    search = MtuSearch(CEILING)
    search.probe_lost(CEILING)
    assert search.next_probe(0.0) == CEILING


def test_losses_of_one_size_do_not_count_against_the_next() -> None:
    search = MtuSearch(JUMBO)
    for _ in range(MAX_LOSSES - 1):
        search.probe_lost(LIKELY_SIZE)
    search.probe_passed(LIKELY_SIZE)
    search.probe_lost(JUMBO)
    assert search.next_probe(0.0) == JUMBO


@given(st.integers(BASE_SIZE, JUMBO), st.integers(BASE_SIZE, JUMBO + 100))
def test_the_size_comes_near_to_what_the_path_takes(ceiling: int, mtu: int) -> None:
    search = MtuSearch(ceiling)
    tried = probe(search, mtu)
    assert search.size <= min(ceiling, mtu) < search.size + STEP + 1
    assert len(tried) <= MAX_LOSSES * 11


def test_behind_a_search_larger_sizes_rest() -> None:
    search = MtuSearch(CEILING)
    probe(search, 1300, now=10.0)
    assert search.next_probe(9.0 + RAISE_PAUSE) is None


def test_behind_the_rest_they_are_tried_again() -> None:
    """RFC 8899 §5.1.1: the path may have become wider."""
    search = MtuSearch(CEILING)
    probe(search, 1300, now=10.0)
    assert probe(search, 9000, now=10.0 + RAISE_PAUSE) == [CEILING]


def test_packets_that_vanish_in_a_row_bring_the_base_back() -> None:
    search = MtuSearch(CEILING)
    probe(search, 9000)
    for _ in range(MAX_LOSSES):
        search.packet_lost()
    assert search.size == BASE_SIZE


def test_packets_that_are_lost_now_and_then_do_not() -> None:
    search = MtuSearch(CEILING)
    probe(search, 9000)
    for _ in range(10):
        for _ in range(MAX_LOSSES - 1):
            search.packet_lost()
        search.packet_passed()
    assert search.size == CEILING


def test_behind_a_black_hole_there_is_a_rest() -> None:
    search = MtuSearch(CEILING)
    probe(search, 9000)
    search.fall_back()
    assert search.next_probe(0.0) is None
    assert search.next_probe(BLACK_HOLE_PAUSE - 1) is None


def test_behind_that_rest_all_sizes_are_tried_again() -> None:
    search = MtuSearch(CEILING)
    probe(search, 9000)
    search.fall_back()
    probe(search, 1380)
    probe(search, 1380, now=BLACK_HOLE_PAUSE)
    assert 1380 - STEP <= search.size <= 1380


@pytest.mark.parametrize("passes", [True, False])
def test_a_probe_from_before_a_black_hole_says_nothing(passes: bool) -> None:
    search = MtuSearch(CEILING)
    search.fall_back()
    if passes:
        search.probe_passed(CEILING)
    else:
        search.probe_lost(CEILING)
    assert search.size == BASE_SIZE
