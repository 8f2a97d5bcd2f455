"""A pipe between two threads: nothing is lost, reordered or forgotten to be woken.

Bounded, and without sleeps: every wait of a test thread has a limit that only a failure meets.
"""

from __future__ import annotations

import asyncio
import queue
import random
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from h3producer.pipe import pipe as pipe_module
from h3producer.pipe.errors import InvalidOperationError
from h3producer.pipe.options import PipeOptions
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.scheduler import PipeScheduler
from h3producer.pipe.shared_state import SharedPipeState
from h3producer.pipe.wakeup import SharedWakeup, start_inline
from tests.pipe.harness import write

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from h3producer.pipe.scheduler import Schedules

S = TypeVar("S")

LIMIT = 30.0
"""Seconds until a thread that waits is taken to hang."""

ROUNDS = 300


@pytest.fixture(autouse=True)
def _threads_switch_as_often_as_they_can() -> Iterator[None]:
    """So that what can go wrong does."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


class OneThread:
    """The single-thread scheduler of the documentation."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Callable[[], object] | None] = queue.Queue()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def schedule(self, action: Callable[[S], object], state: S) -> None:
        self.queue.put(lambda: action(state))

    def work(self) -> None:
        while (action := self.queue.get()) is not None:
            action()

    def start(self, coroutine: Coroutine[object, None, object]) -> None:
        self.schedule(start_inline, coroutine)

    def stop(self) -> None:
        self.queue.put(None)
        self.thread.join(LIMIT)
        assert not self.thread.is_alive()


class OneLoop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.scheduler = PipeScheduler.loop(self.loop)
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def schedule(self, action: Callable[[S], object], state: S) -> None:
        self.scheduler.schedule(action, state)

    def start(self, coroutine: Coroutine[object, None, object]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(LIMIT)
        assert not self.thread.is_alive()
        self.loop.close()


Side = OneThread | OneLoop
KINDS: dict[str, type[Side]] = {"thread": OneThread, "loop": OneLoop}


@pytest.fixture(params=KINDS)
def reader_side(request: pytest.FixtureRequest) -> Iterator[Side]:
    side = KINDS[request.param]()
    yield side
    side.stop()


@pytest.fixture(params=KINDS)
def writer_side(request: pytest.FixtureRequest) -> Iterator[Side]:
    side = KINDS[request.param]()
    yield side
    side.stop()


def options(reader: Schedules, writer: Schedules) -> PipeOptions:
    return PipeOptions(
        pause_writer_threshold=64,
        resume_writer_threshold=16,
        minimum_segment_size=8,
        reader_scheduler=reader,
        writer_scheduler=writer,
    )


async def write_all(pipe: Pipe, data: bytes, choice: random.Random) -> None:
    rest = data
    while rest:
        size = choice.randint(1, 40)
        part, rest = rest[:size], rest[size:]
        if choice.random() < 0.5:
            pipe.writer.write(part)
        else:
            pipe.writer.get_memory(len(part))[: len(part)] = part
            pipe.writer.advance(len(part))
        await pipe.writer.flush()
    pipe.writer.complete()


async def read_all(pipe: Pipe, choice: random.Random, done: queue.Queue[bytes]) -> None:
    data = bytearray()
    while True:
        result = await pipe.reader.read()
        buffer = result.buffer
        taken = buffer.slice(0, choice.randint(0, len(buffer)))
        data += taken.to_bytes()
        pipe.reader.advance_to(taken.end, buffer.end)
        if result.is_completed and len(taken) == len(buffer):
            break
    pipe.reader.complete()
    done.put(bytes(data))


@pytest.mark.parametrize("seed", range(3))
def test_two_threads_carry_every_byte_in_order(
    reader_side: Side, writer_side: Side, seed: int
) -> None:
    choice = random.Random(seed)
    data = choice.randbytes(20 * ROUNDS)
    pipe = Pipe(options(reader_side, writer_side))
    done: queue.Queue[bytes] = queue.Queue()
    reader_side.start(read_all(pipe, random.Random(seed), done))
    writer_side.start(write_all(pipe, data, choice))
    assert done.get(timeout=LIMIT) == data


def test_continuations_run_in_the_thread_of_their_scheduler(reader_side: Side) -> None:
    pipe = Pipe(options(reader_side, PipeScheduler.inline))
    threads: queue.Queue[int | None] = queue.Queue()

    async def look() -> None:
        threads.put(threading.current_thread().ident)
        await pipe.reader.read()
        threads.put(threading.current_thread().ident)

    reader_side.start(look())
    seen = {threads.get(timeout=LIMIT)}
    write(pipe, b"abc")
    seen.add(threads.get(timeout=LIMIT))
    assert seen == {reader_side.thread.ident}


def test_cancellations_from_a_third_thread_lose_nothing(
    reader_side: Side, writer_side: Side
) -> None:
    data = random.Random(7).randbytes(20 * ROUNDS)
    pipe = Pipe(options(reader_side, writer_side))
    done: queue.Queue[bytes] = queue.Queue()
    reader_side.start(read_all(pipe, random.Random(7), done))
    writer_side.start(write_all(pipe, data, random.Random(7)))
    for _ in range(ROUNDS):
        pipe.reader.cancel_pending_read()
        pipe.writer.cancel_pending_flush()
    assert done.get(timeout=LIMIT) == data


class Recording:
    """A lock that notes how often it is taken, and that it is given back."""

    def __init__(self) -> None:
        self.depth = self.taken = 0

    def __enter__(self) -> None:
        self.depth += 1
        self.taken += 1

    def __exit__(self, *_error: object) -> None:
        self.depth -= 1


def test_every_transition_that_an_end_calls_takes_the_lock() -> None:
    """`append` needs none: until `commit`, unflushed bytes belong to the writer alone."""
    called = set(re.findall(r"state\.(\w+)\(", Path(pipe_module.__file__).read_text()))
    free = {"append", "refuse_write", "wake_reader", "wake_writer"}
    for name in called - free:
        assert name in vars(SharedPipeState), f"{name} runs without the lock"


@pytest.mark.parametrize("size", [1, 100])
def test_the_lock_is_taken_and_given_back_also_after_an_error(size: int) -> None:
    state = SharedPipeState(PipeOptions(pause_writer_threshold=50))
    lock = Recording()
    state.lock = lock  # type: ignore[assignment]  # all that is asked of it
    state.append(bytes(size))
    state.commit()
    with pytest.raises(InvalidOperationError):
        state.advance_read(None, None)
    assert (lock.taken, lock.depth) == (2, 0)


@pytest.mark.parametrize("step", ["wake", "cancel", "park"])
def test_every_step_of_a_shared_wakeup_takes_its_lock(step: str) -> None:
    wakeup = SharedWakeup()
    lock = Recording()
    wakeup._lock = lock  # type: ignore[assignment]  # all that is asked of it

    async def park() -> None:
        await wakeup

    if step == "park":
        start_inline(park())
    else:
        getattr(wakeup, step)()
    assert (lock.taken, lock.depth) == (1, 0)


def test_a_writer_released_by_a_read_that_was_woken_meanwhile_is_not_released_twice() -> None:
    """Between the two steps of `read_at_least` the other thread brought what it waits for."""
    state = SharedPipeState(PipeOptions(pause_writer_threshold=4))
    assert state.begin_read(4) is not None
    state.append(b"abcd")
    assert state.commit() is not None
    assert state.release_writer() is None
    assert state.paused


async def test_an_asyncio_reader_is_woken_from_another_thread() -> None:
    writer_side = OneThread()
    pipe = Pipe(PipeOptions(writer_scheduler=writer_side))

    async def send() -> None:
        await pipe.writer.write_async(b"abc")

    async with asyncio.timeout(LIMIT):
        task = asyncio.create_task(pipe.reader.read())
        await asyncio.sleep(0)
        writer_side.start(send())
        result = await task
    assert result.buffer.to_bytes() == b"abc"
    writer_side.stop()
