"""The memory of what was used: once, for a while, up to a number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.strike_register import StrikeRegister

WINDOW = 20.0


def test_an_id_may_be_used_once() -> None:
    used = StrikeRegister(WINDOW)
    assert used.strike(b"a", 100.0)
    assert not used.strike(b"a", 100.0)


def test_each_id_is_its_own() -> None:
    used = StrikeRegister(WINDOW)
    assert used.strike(b"a", 100.0)
    assert used.strike(b"b", 100.0)


def test_an_id_that_is_used_again_and_again_is_still_forgotten_in_time() -> None:
    """Asking does not prolong it, so that nobody can lock another's ticket."""
    used = StrikeRegister(WINDOW)
    used.strike(b"a", 100.0)
    asked = [used.strike(b"a", 100.0 + 5.0 * step) for step in range(1, 9)]
    assert True in asked
    assert asked.index(True) >= 3


def test_when_it_is_full_nothing_more_is_taken() -> None:
    used = StrikeRegister(WINDOW, capacity=3)
    taken = [used.strike(id_, 100.0) for id_ in (b"a", b"b", b"c", b"d")]
    assert taken == [True, True, True, False]


def test_what_is_full_has_room_again_two_windows_later() -> None:
    used = StrikeRegister(WINDOW, capacity=1)
    used.strike(b"a", 100.0)
    assert not used.strike(b"b", 100.0 + WINDOW)
    assert used.strike(b"b", 100.0 + 2 * WINDOW)


def test_after_a_long_silence_all_is_forgotten() -> None:
    used = StrikeRegister(WINDOW)
    used.strike(b"a", 100.0)
    used.strike(b"b", 1000.0)
    assert len(used) == 1


USES = st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c", b"d"]), st.floats(0, 15)), max_size=40)


@given(USES, st.integers(1, 4))
def test_no_id_is_used_twice_within_the_window(
    uses: list[tuple[bytes, float]], capacity: int
) -> None:
    used = StrikeRegister(WINDOW, capacity)
    now, last = 100.0, dict[bytes, float]()
    for id_, pause in uses:
        now += pause
        if used.strike(id_, now):
            assert now - last.get(id_, -WINDOW) >= WINDOW
            last[id_] = now
        assert len(used) <= capacity
