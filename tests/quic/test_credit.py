"""Credit follows what was consumed, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.credit import ConnectionCredit, ReceiveCredit


def make_credit(window: int = 1000, stream_window: int = 400) -> tuple[ConnectionCredit, list[int]]:
    announced: list[int] = []
    return ConnectionCredit(window, stream_window, announced.append), announced


def test_the_first_limit_is_one_window() -> None:
    assert ReceiveCredit(400).limit == 400


def test_a_limit_moves_in_steps_of_a_quarter_window() -> None:
    credit = ReceiveCredit(400)
    assert not credit.consume(99)
    assert credit.limit == 400
    assert credit.consume(1)
    assert credit.limit == 500


def test_a_window_of_one_byte_still_moves() -> None:
    credit = ReceiveCredit(1)
    assert credit.consume(1)
    assert credit.limit == 2


@given(st.integers(1, 5000), st.lists(st.integers(1, 300)))
def test_a_limit_never_lags_by_a_quarter_window_and_never_runs_ahead(
    window: int, counts: list[int]
) -> None:
    credit = ReceiveCredit(window)
    for count in counts:
        credit.consume(count)
        assert 0 <= credit.consumed + window - credit.limit < max(1, window // 4)


def test_what_arrived_moves_no_limit() -> None:
    credit, announced = make_credit()
    for stream_id in (0, 4, 8):
        assert credit.data_delivered(stream_id, 300)
    assert announced == []


def test_what_was_consumed_moves_the_limits_of_stream_and_connection() -> None:
    credit, announced = make_credit()
    credit.data_delivered(0, 300)
    assert credit.consume(0, 300, 300) == 700
    assert announced == [1300]


def test_streams_share_the_limit_of_their_connection() -> None:
    credit, announced = make_credit()
    for stream_id in (0, 4):
        credit.data_delivered(stream_id, 200)
        credit.consume(stream_id, 200, 200)
    assert announced == [1400]


def test_more_than_was_delivered_cannot_be_consumed() -> None:
    credit, announced = make_credit()
    credit.data_delivered(0, 10)
    assert credit.consume(0, 10_000, 10) == 400
    assert credit.consume(0, 10_000, 10) == 400
    assert announced == []


def test_stopping_credits_what_was_delivered_unread() -> None:
    credit, announced = make_credit()
    credit.data_delivered(0, 300)
    assert credit.stop(0, 300)
    assert announced == [1300]


def test_stopping_twice_is_stopping_once() -> None:
    credit, announced = make_credit()
    credit.data_delivered(0, 300)
    assert credit.stop(0, 300)
    assert not credit.stop(0, 300)
    assert announced == [1300]


def test_what_comes_on_a_stopped_stream_is_unwanted_and_credited() -> None:
    credit, announced = make_credit()
    credit.stop(0, 0)
    assert not credit.data_delivered(0, 250)
    assert announced == [1250]


def test_a_stopped_stream_gets_no_credit_of_its_own() -> None:
    credit, _ = make_credit()
    credit.stop(0, 0)
    credit.data_delivered(0, 400)
    assert credit.consume(0, 400, 400) == 400


def test_a_reset_credits_the_final_size_though_bytes_are_missing() -> None:
    credit, announced = make_credit()
    credit.data_delivered(0, 100)
    credit.stream_reset(0, 100, 400)
    assert announced == [1400]


def test_what_is_consumed_after_a_reset_is_not_counted_twice() -> None:
    credit, announced = make_credit()
    credit.data_delivered(0, 300)
    credit.stream_reset(0, 300, 300)
    credit.consume(0, 300, 300)
    assert announced == [1300]


def test_a_discarded_stream_credits_what_nobody_read() -> None:
    credit, announced = make_credit()
    credit.data_delivered(0, 300)
    credit.consume(0, 50, 300)
    credit.stream_discarded(0, 300)
    assert announced == [1300]


def test_a_stream_that_was_never_read_is_credited_when_it_is_discarded() -> None:
    credit, announced = make_credit()
    credit.data_delivered(0, 300)
    credit.stream_discarded(0, 300)
    assert announced == [1300]


def test_nothing_is_kept_of_a_discarded_stream() -> None:
    credit, announced = make_credit()
    credit.data_delivered(0, 300)
    credit.stop(0, 300)
    credit.stream_discarded(0, 300)
    assert credit.data_delivered(0, 1)
    assert announced == [1300]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["deliver", "consume", "stop", "reset", "discard"]),
            st.sampled_from([0, 4, 8]),
            st.integers(0, 400),
        )
    )
)
def test_whatever_happens_the_connection_never_holds_more_than_its_window(
    steps: list[tuple[str, int, int]],
) -> None:
    credit, announced = make_credit()
    offsets = dict.fromkeys((0, 4, 8), 0)
    over: set[int] = set()
    for step, stream_id, count in steps:
        if stream_id in over:
            continue
        if step == "deliver":
            offsets[stream_id] += count
            credit.data_delivered(stream_id, offsets[stream_id])
        elif step == "consume":
            credit.consume(stream_id, count, offsets[stream_id])
        elif step == "stop":
            credit.stop(stream_id, offsets[stream_id])
        else:
            over.add(stream_id)
            if step == "reset":
                credit.stream_reset(stream_id, offsets[stream_id], offsets[stream_id] + count)
                offsets[stream_id] += count
            else:
                credit.stream_discarded(stream_id, offsets[stream_id])
    assert all(limit <= 1000 + sum(offsets.values()) for limit in announced)
    assert announced == sorted(set(announced))
