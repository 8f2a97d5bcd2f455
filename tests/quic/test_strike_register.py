"""The memory of what was used: once, for a while, up to a number."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.keys.strike_register import CLOCK_JITTER, StrikeRegister, register_size
from h3producer.quic.siblings.shared_memory import Lock, share_memory

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


def shared_by(count: int, capacity: int = 8) -> tuple[int, list[StrikeRegister]]:
    """The memory, and the registers of so many processes on it."""
    memory = share_memory(register_size(capacity))
    return memory, [StrikeRegister(WINDOW, capacity, memory) for _ in range(count)]


def test_what_one_process_has_seen_all_have() -> None:
    memory, (one, other) = shared_by(2)
    assert one.strike(b"a", 100.0)
    assert not other.strike(b"a", 101.0)
    assert other.strike(b"b", 101.0)
    assert len(one) == len(other) == 2
    os.close(memory)


def test_when_the_clock_has_gone_back_nothing_is_taken() -> None:
    """An id that was forgotten by then would be new again."""
    used = StrikeRegister(WINDOW)
    used.strike(b"a", 100.0)
    used.strike(b"b", 100.0 + 3 * WINDOW)
    assert not used.strike(b"a", 105.0)


def test_processes_need_not_read_the_clock_in_the_order_in_which_they_ask() -> None:
    used = StrikeRegister(WINDOW)
    used.strike(b"a", 100.0)
    assert used.strike(b"b", 100.0 - CLOCK_JITTER / 2)


@pytest.mark.skipif(sys.platform == "win32", reason="there, all have memory of their own")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the child runs little
def test_while_another_process_is_in_the_way_nothing_is_taken() -> None:
    memory, (used,) = shared_by(1)
    ready, go_on = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        with Lock(memory):
            os.write(ready[1], b"!")
            os.read(go_on[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    assert not used.strike(b"a", 100.0)
    os.write(go_on[1], b"!")
    os.waitpid(child, 0)
    assert used.strike(b"a", 100.0)
    for each in (memory, *ready, *go_on):
        os.close(each)
