"""Tests of `observe/meters.py` and `observe/merger.py`: sums, buckets, and those of workers."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from h3producer.observe.instrument import Instrument, Kind
from h3producer.observe.instruments import ACTIVE_HANDSHAKES, LOOP_LAG, REFUSED, RETRIES
from h3producer.observe.merger import Merger
from h3producer.observe.meters import MAX_SERIES, OTHER, Meters, Snapshot, added

SMALL = Instrument("small", Kind.HISTOGRAM, "s", "Two buckets.", bounds=(1.0, 2.0))


def number(snapshot: Snapshot, instrument: Instrument, *labels: str) -> float:
    (sums,) = [sums for names, sums in snapshot[instrument.name] if names == list(labels)]
    return sums[0]


def test_what_is_counted_adds_up_by_its_labels() -> None:
    meters = Meters()
    meters.add(REFUSED, 1, ("max_connections",))
    meters.add(REFUSED, 2, ("max_connections",))
    meters.add(REFUSED, 5, ("limit_concurrency",))
    snapshot = meters.snapshot()
    assert number(snapshot, REFUSED, "max_connections") == 3
    assert number(snapshot, REFUSED, "limit_concurrency") == 5


def test_a_gauge_goes_up_and_down() -> None:
    meters = Meters()
    meters.add(ACTIVE_HANDSHAKES)
    meters.add(ACTIVE_HANDSHAKES)
    meters.add(ACTIVE_HANDSHAKES, -1)
    assert number(meters.snapshot(), ACTIVE_HANDSHAKES) == 1


def test_a_number_that_others_count_is_set() -> None:
    meters = Meters()
    meters.set(RETRIES, 7)
    meters.set(RETRIES, 9)
    assert number(meters.snapshot(), RETRIES) == 9


def test_a_value_is_in_the_bucket_whose_bound_it_does_not_exceed() -> None:
    meters = Meters()
    for value in (0.5, 1.0, 1.5, 2.0, 9.0):
        meters.record(SMALL, value)
    assert meters.snapshot() == {"small": [([], [2, 2, 1, 14.0])]}


def test_series_have_a_bound_and_nothing_is_lost() -> None:
    meters = Meters()
    for value in range(MAX_SERIES + 10):
        meters.add(REFUSED, 1, (str(value),))
    series = meters.snapshot()[REFUSED.name]
    assert len(series) == MAX_SERIES + 1
    assert number(meters.snapshot(), REFUSED, OTHER) == 10


def test_a_snapshot_is_json_and_does_not_change() -> None:
    meters = Meters()
    meters.record(LOOP_LAG, 0.01)
    snapshot = meters.snapshot()
    before = json.dumps(snapshot)
    meters.record(LOOP_LAG, 0.01)
    assert json.dumps(snapshot) == before
    assert added([json.loads(before)]) == snapshot


@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 5))), max_size=4))
def test_sums_of_many_are_those_of_one_that_saw_it_all(
    processes: list[list[tuple[int, float]]],
) -> None:
    whole = Meters()
    parts = []
    for seen in processes:
        part = Meters()
        for label, value in seen:
            for meters in (whole, part):
                meters.add(REFUSED, label, (str(label),))
                meters.record(SMALL, round(value))
        parts.append(part.snapshot())
    together = {name: sorted(series) for name, series in added(parts).items()}
    assert together == {name: sorted(series) for name, series in whole.snapshot().items()}


# Workers


def counted(retries: float, handshakes: float) -> Snapshot:
    return {RETRIES.name: [([], [retries])], ACTIVE_HANDSHAKES.name: [([], [handshakes])]}


def test_workers_together_have_counted_the_sum() -> None:
    merged = Merger().merged({0: (10, counted(3, 1)), 1: (11, counted(4, 2))})
    assert number(merged, RETRIES) == 7
    assert number(merged, ACTIVE_HANDSHAKES) == 3


def test_what_a_worker_has_counted_stays_counted_when_it_is_replaced() -> None:
    merger = Merger()
    merger.merged({0: (10, counted(100, 5))})
    merged = merger.merged({0: (12, counted(1, 0))})
    assert number(merged, RETRIES) == 101
    assert number(merged, ACTIVE_HANDSHAKES) == 0


def test_of_a_worker_that_does_not_answer_the_last_that_it_said_stands() -> None:
    merger = Merger()
    merger.merged({0: (10, counted(100, 5)), 1: (11, counted(10, 1))})
    merged = merger.merged({1: (11, counted(20, 2))})
    assert number(merged, RETRIES) == 120
    assert number(merged, ACTIVE_HANDSHAKES) == 2


def test_a_worker_that_answers_again_is_not_counted_twice() -> None:
    merger = Merger()
    merger.merged({0: (10, counted(100, 5))})
    merger.merged({})
    assert number(merger.merged({0: (10, counted(101, 5))}), RETRIES) == 101
