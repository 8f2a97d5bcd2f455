"""Statements S1 to S3: which continuation runs where, and that none runs under the lock."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING, TypeVar

import pytest

from h3producer.pipe.options import PipeOptions
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.scheduler import PipeScheduler, Schedules, crosses_threads, run_by
from h3producer.pipe.shared_state import SharedPipeState
from h3producer.pipe.wakeup import start_inline
from tests.pipe.harness import Elsewhere, MakePipe, flushing, read, reading, take, write, writing

if TYPE_CHECKING:
    from collections.abc import Callable

S = TypeVar("S")


class Later:
    """Keeps actions until the test runs them."""

    crosses_threads = False

    def __init__(self) -> None:
        self.actions: deque[Callable[[], object]] = deque()

    def schedule(self, action: Callable[[S], object], state: S) -> None:
        self.actions.append(lambda: action(state))

    def run(self) -> None:
        while self.actions:
            self.actions.popleft()()


def test_s1_an_inline_read_goes_on_inside_the_flush(make_pipe: MakePipe) -> None:
    pipe = make_pipe()
    task = reading(pipe)
    pipe.writer.write(b"abc")
    assert not task.done()
    coroutine = pipe.writer.flush()
    with pytest.raises(StopIteration):
        coroutine.send(None)
    assert task.done()


def test_s1_an_inline_flush_goes_on_inside_the_advance(make_pipe: MakePipe) -> None:
    pipe = make_pipe(pause=1)
    task = writing(pipe, b"abc")
    end = read(pipe).buffer.end
    assert not task.done()
    pipe.reader.advance_to(end)
    assert task.done()


def test_s1_a_flush_waits_only_after_the_inline_reader_had_its_turn(make_pipe: MakePipe) -> None:
    """Threshold 1, and yet no wait: the reader advances inside the flush."""
    pipe = make_pipe(pause=1)

    async def pump() -> None:
        while True:
            result = await pipe.reader.read()
            pipe.reader.advance_to(result.buffer.end)
            if result.is_completed:
                return

    task = start_inline(pump())
    for _ in range(10):
        write(pipe, b"abc")
    pipe.writer.complete()
    assert task.done()


def test_s2_the_reader_scheduler_runs_reads_and_the_writer_scheduler_flushes() -> None:
    readers, writers = Later(), Later()
    pipe = Pipe(
        PipeOptions(pause_writer_threshold=1, reader_scheduler=readers, writer_scheduler=writers)
    )
    read_task, flush_task = reading(pipe), writing(pipe, b"abc")
    assert (len(readers.actions), len(writers.actions)) == (1, 0)
    readers.run()
    pipe.reader.advance_to(read_task.result().buffer.end)
    assert (flush_task.done(), len(writers.actions)) == (False, 1)
    writers.run()
    assert flush_task.done()


def test_s2_cancellations_and_completions_go_through_the_schedulers_too() -> None:
    readers, writers = Later(), Later()
    pipe = Pipe(
        PipeOptions(pause_writer_threshold=1, reader_scheduler=readers, writer_scheduler=writers)
    )
    flush_task = writing(pipe, b"abc")
    pipe.writer.cancel_pending_flush()
    take(pipe)
    read_task = reading(pipe)
    pipe.reader.cancel_pending_read()
    assert (len(readers.actions), len(writers.actions)) == (1, 1)
    assert not read_task.done()
    assert not flush_task.done()


def test_s2_a_late_continuation_sees_what_is_true_then() -> None:
    readers = Later()
    pipe = Pipe(PipeOptions(reader_scheduler=readers))
    task = reading(pipe)
    write(pipe, b"abc")
    write(pipe, b"def")
    readers.run()
    assert task.result().buffer.to_bytes() == b"abcdef"


async def test_a_wait_that_was_cancelled_is_not_woken_by_an_action_of_the_past() -> None:
    readers = Later()
    pipe = Pipe(PipeOptions(reader_scheduler=readers))
    first = asyncio.create_task(pipe.reader.read())
    await asyncio.sleep(0)
    write(pipe, b"abc")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    take(pipe)
    second = reading(pipe)
    readers.run()
    assert not second.done()


async def test_s2_the_loop_scheduler_continues_in_the_next_pass() -> None:
    pipe = Pipe(PipeOptions(reader_scheduler=PipeScheduler.loop()))
    task = reading(pipe)
    write(pipe, b"abc")
    assert not task.done()
    await asyncio.sleep(0)
    assert task.done()


def is_free(lock: threading.RLock) -> bool:
    """Whether another thread can take the lock now."""
    answers: list[bool] = []

    def try_it() -> None:
        with lock:
            answers.append(True)

    thread = threading.Thread(target=try_it, daemon=True)
    thread.start()
    thread.join(timeout=5)
    return bool(answers)


def publish(pipe: Pipe) -> None:
    pipe.writer.write(b"abc")
    pipe.writer.publish()


WAKE_READER: dict[str, Callable[[Pipe], object]] = {
    "flush": lambda pipe: writing(pipe, b"abc"),
    "publish": publish,
    "complete_writer": lambda pipe: pipe.writer.complete(),
    "cancel_pending_read": lambda pipe: pipe.reader.cancel_pending_read(),
    "complete_reader": lambda pipe: pipe.reader.complete(),
}
WAKE_WRITER: dict[str, Callable[[Pipe], object]] = {
    "advance_to": take,
    "cancel_pending_flush": lambda pipe: pipe.writer.cancel_pending_flush(),
    "complete_reader": lambda pipe: pipe.reader.complete(),
    "read_at_least": lambda pipe: start_inline(pipe.reader.read_at_least(10)),
}


@pytest.mark.parametrize("name", WAKE_READER)
def test_s3_a_read_continues_without_the_lock(name: str) -> None:
    pipe = Pipe(PipeOptions(reader_scheduler=Elsewhere()))
    state = pipe._state
    assert isinstance(state, SharedPipeState)
    reading(pipe)
    free: list[bool] = []
    state.wake_reader = lambda _wakeup: free.append(is_free(state.lock))
    WAKE_READER[name](pipe)
    assert free == [True]


@pytest.mark.parametrize("name", WAKE_WRITER)
def test_s3_a_flush_continues_without_the_lock(name: str) -> None:
    pipe = Pipe(PipeOptions(pause_writer_threshold=1, reader_scheduler=Elsewhere()))
    state = pipe._state
    assert isinstance(state, SharedPipeState)
    writing(pipe, b"abc")
    free: list[bool] = []
    state.wake_writer = lambda _wakeup: free.append(is_free(state.lock))
    WAKE_WRITER[name](pipe)
    assert free == [True]


def test_a_pipe_takes_its_lock_only_if_a_scheduler_may_cross_threads() -> None:
    loop = asyncio.new_event_loop()
    try:
        crossing: list[Schedules] = [Elsewhere(), PipeScheduler.loop(loop)]
        staying: list[Schedules] = [PipeScheduler.inline, PipeScheduler.loop(), Later()]
        for scheduler in crossing:
            assert crosses_threads(scheduler)
            assert isinstance(Pipe(PipeOptions(writer_scheduler=scheduler))._state, SharedPipeState)
        for scheduler in staying:
            pipe = Pipe(PipeOptions(reader_scheduler=scheduler))
            assert not isinstance(pipe._state, SharedPipeState)
    finally:
        loop.close()


def test_an_inline_scheduler_costs_no_call() -> None:
    assert run_by(PipeScheduler.inline, print) is print


def test_the_inline_scheduler_runs_at_once() -> None:
    seen: list[int] = []
    PipeScheduler.inline.schedule(seen.append, 1)
    assert seen == [1]


def test_a_flush_that_need_not_wait_needs_no_loop(make_pipe: MakePipe) -> None:
    assert flushing(make_pipe()).done()
