"""How a coroutine waits for a `Wakeup`, with an event loop and without."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import threading
import weakref
from typing import TYPE_CHECKING

import pytest

from h3producer.pipe.wakeup import InlineTask, SharedWakeup, Wakeup, start_inline

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

KINDS = [Wakeup, SharedWakeup]


@pytest.fixture(params=KINDS)
def wakeup(request: pytest.FixtureRequest) -> Wakeup:
    kind: type[Wakeup] = request.param
    return kind()


async def wait_for(wakeup: Wakeup, log: list[str]) -> str:
    log.append("waits")
    await wakeup
    log.append("goes on")
    return "result"


def test_an_inline_waiter_goes_on_inside_wake(wakeup: Wakeup) -> None:
    log: list[str] = []
    task = start_inline(wait_for(wakeup, log))
    log.append("wakes")
    wakeup.wake()
    log.append("woke")
    assert log == ["waits", "wakes", "goes on", "woke"]
    assert task.result() == "result"


def test_what_was_woken_before_does_not_wait(wakeup: Wakeup) -> None:
    wakeup.wake()
    assert start_inline(wait_for(wakeup, [])).done()


def test_waking_twice_is_harmless(wakeup: Wakeup) -> None:
    log: list[str] = []
    start_inline(wait_for(wakeup, log))
    wakeup.wake()
    wakeup.wake()
    assert log == ["waits", "goes on"]


def test_the_repr_says_what_became_of_the_wait(wakeup: Wakeup) -> None:
    name = type(wakeup).__name__
    assert repr(wakeup) == f"<{name} pending>"
    wakeup.wake()
    assert repr(wakeup) == f"<{name} woken>"
    canceled = type(wakeup)()
    canceled.cancel()
    assert repr(canceled) == f"<{name} canceled>"


async def test_a_task_goes_on_in_the_next_pass_of_its_loop(wakeup: Wakeup) -> None:
    log: list[str] = []
    task = asyncio.create_task(wait_for(wakeup, log))
    await asyncio.sleep(0)
    wakeup.wake()
    assert log == ["waits"]
    assert await task == "result"


async def test_a_waiting_task_costs_no_future(
    wakeup: Wakeup, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = asyncio.create_task(wait_for(wakeup, []))
    monkeypatch.setattr(asyncio.BaseEventLoop, "create_future", None)
    await asyncio.sleep(0)
    wakeup.wake()
    await asyncio.sleep(0)
    assert task.done()


async def test_asyncio_takes_a_wakeup_for_a_future(wakeup: Wakeup) -> None:
    async def waits() -> None:
        await wakeup

    coroutine = waits()
    assert coroutine.send(None) is wakeup
    assert asyncio.isfuture(wakeup)
    assert wakeup.get_loop() is asyncio.get_running_loop()
    coroutine.close()


async def test_cancelling_the_task_raises_where_it_waits(wakeup: Wakeup) -> None:
    log: list[str] = []
    task = asyncio.create_task(wait_for(wakeup, log))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert wakeup.is_woken
    wakeup.wake()
    assert log == ["waits"]


async def test_the_message_of_a_cancellation_arrives(wakeup: Wakeup) -> None:
    task = asyncio.create_task(wait_for(wakeup, []))
    await asyncio.sleep(0)
    task.cancel("enough")
    with pytest.raises(asyncio.CancelledError, match="enough"):
        await task


async def test_a_task_cancelled_after_it_was_woken_is_cancelled_all_the_same(
    wakeup: Wakeup,
) -> None:
    task = asyncio.create_task(wait_for(wakeup, []))
    await asyncio.sleep(0)
    wakeup.wake()
    assert wakeup.cancel() is False
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_callback_added_after_the_wake_is_scheduled_at_once(wakeup: Wakeup) -> None:
    called: list[Wakeup] = []
    wakeup.wake()
    wakeup.add_done_callback(called.append)
    assert called == []
    await asyncio.sleep(0)
    assert called == [wakeup]
    wakeup.result()


async def test_the_task_keeps_its_context(wakeup: Wakeup) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")

    async def waits() -> str:
        variable.set("mine")
        await wakeup
        return variable.get()

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    wakeup.wake()
    assert await task == "mine"


def test_a_cancelled_wakeup_has_no_result(wakeup: Wakeup) -> None:
    assert wakeup.cancel()
    assert not wakeup.cancel()
    with pytest.raises(asyncio.CancelledError):
        wakeup.result()


async def test_a_shared_wakeup_wakes_a_task_from_another_thread() -> None:
    wakeup = SharedWakeup()
    thread = threading.Thread(target=wakeup.wake)
    async with asyncio.timeout(10):
        task = asyncio.create_task(wait_for(wakeup, []))
        await asyncio.sleep(0)
        thread.start()
        assert await task == "result"
    thread.join()


def test_an_inline_waiter_that_was_woken_while_it_stopped_goes_straight_on() -> None:
    class WokenMeanwhile(SharedWakeup):
        """Another thread wakes it between the coroutine's stop and `park`."""

        def __await__(self) -> Generator[Wakeup, None, None]:
            yield self

        def park(self, waiter: object) -> bool:
            self.wake()
            return super().park(waiter)  # type: ignore[arg-type]  # never called

    log: list[str] = []
    assert start_inline(wait_for(WokenMeanwhile(), log)).done()
    assert log == ["waits", "goes on"]


# InlineTask


async def give(value: str) -> str:
    return value


async def fail(error: BaseException) -> None:
    raise error


def test_an_inline_task_starts_at_once_and_has_a_result() -> None:
    task = start_inline(give("x"))
    assert (task.done(), task.result()) == (True, "x")


def test_the_result_of_a_running_inline_task_is_not_there_yet(wakeup: Wakeup) -> None:
    task = start_inline(wait_for(wakeup, []))
    with pytest.raises(asyncio.InvalidStateError):
        task.result()


def test_the_exception_of_an_inline_task_does_not_reach_who_woke_it(wakeup: Wakeup) -> None:
    async def wait_and_fail() -> None:
        await wakeup
        raise KeyError

    task = start_inline(wait_and_fail())
    wakeup.wake()
    for _ in range(2):
        with pytest.raises(KeyError):
            task.result()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_does_reach_who_woke_it(error: type[BaseException]) -> None:
    with pytest.raises(error):
        start_inline(fail(error()))


def test_an_unseen_failure_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        start_inline(fail(KeyError("unseen")))
        gc.collect()
    assert "fail" in caplog.text
    assert "KeyError: 'unseen'" in caplog.text


def test_a_seen_failure_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    task = start_inline(fail(KeyError("seen")))
    with pytest.raises(KeyError):
        task.result()
    del task
    gc.collect()
    assert caplog.text == ""


async def test_an_inline_task_can_be_awaited_by_many_and_many_times(wakeup: Wakeup) -> None:
    task = start_inline(wait_for(wakeup, []))
    waiters = [asyncio.ensure_future(result_of(task)) for _ in range(3)]
    await asyncio.sleep(0)
    wakeup.wake()
    assert [await waiter for waiter in waiters] == ["result"] * 3
    assert await task == "result"


async def result_of(task: InlineTask[str]) -> str:
    return await task


async def test_an_inline_task_that_ends_in_a_thread_just_now_is_not_missed() -> None:
    task = InlineTask(give("x"))

    class Late(list[Wakeup]):
        def append(self, wakeup: Wakeup) -> None:
            task.resume()  # the other thread, between the look at it and the registration
            super().append(wakeup)

    task._waiters = Late()
    assert await task == "x"


async def test_an_inline_task_waits_for_a_future_in_its_loop() -> None:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def waits() -> str:
        return await future

    task = start_inline(waits())
    future.set_result("x")
    assert not task.done()
    assert await task == "x"


async def test_an_inline_task_goes_on_after_sleep_0_in_the_next_pass() -> None:
    task = start_inline(asyncio.sleep(0, "x"))
    assert not task.done()
    assert await task == "x"


def test_sleep_0_without_a_loop_fails_the_task_and_not_who_woke_it() -> None:
    task = start_inline(asyncio.sleep(0))
    with pytest.raises(RuntimeError, match="no running event loop"):
        task.result()


def test_an_inline_task_cannot_await_just_anything() -> None:
    class Strange:
        def __await__(self) -> Generator[str, None, None]:
            yield "strange"

    async def waits() -> None:
        await Strange()

    task = start_inline(waits())
    with pytest.raises(TypeError, match="cannot await 'strange'"):
        task.result()


@pytest.mark.parametrize("kind", [Wakeup, SharedWakeup, None])
async def test_cancelling_an_inline_task_raises_where_it_waits(kind: type[Wakeup] | None) -> None:
    waits_for: Wakeup | asyncio.Future[None] = kind() if kind else asyncio.Future()
    seen: list[str] = []

    async def waits() -> None:
        try:
            await waits_for
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    task = start_inline(waits())
    assert task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled"]
    assert not task.cancel()


def test_an_inline_task_that_does_not_wait_cannot_be_cancelled() -> None:
    tasks: list[InlineTask[None]] = []
    answers: list[bool] = []

    async def cancels_itself(wakeup: Wakeup) -> None:
        await wakeup
        answers.append(tasks[0].cancel())

    wakeup = Wakeup()
    tasks.append(start_inline(cancels_itself(wakeup)))
    wakeup.wake()
    assert answers == [False]
    assert tasks[0].done()


def test_the_repr_names_the_coroutine(wakeup: Wakeup) -> None:
    task = start_inline(wait_for(wakeup, []))
    assert repr(task) == "<InlineTask wait_for pending>"
    wakeup.wake()
    assert repr(task) == "<InlineTask wait_for done>"


async def waits_then_ends(wakeup: Wakeup) -> None:
    await wakeup


def test_a_finished_inline_task_is_freed_without_the_garbage_collector(wakeup: Wakeup) -> None:
    gc.disable()
    try:
        task = start_inline(waits_then_ends(wakeup))
        wakeup.wake()
        dead = weakref.ref(task)
        del task
        assert dead() is None
    finally:
        gc.enable()


async def test_a_wakeup_that_a_task_awaited_is_freed_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        wakeup = Wakeup()
        dead = weakref.ref(wakeup)
        task = asyncio.create_task(waits_then_ends(wakeup))
        await asyncio.sleep(0)
        wakeup.wake()
        await task
        del wakeup, task
        assert dead() is None
    finally:
        gc.enable()


def test_inline_tasks_may_wake_each_other_deeply() -> None:
    """A chain of continuations: each wakes the next and returns through all of them."""
    wakeups = [Wakeup() for _ in range(50)]
    log: list[int] = []

    async def link(number: int) -> None:
        await wakeups[number]
        log.append(number)
        if number + 1 < len(wakeups):
            wakeups[number + 1].wake()

    tasks = [start_inline(link(number)) for number in range(50)]
    wakeups[0].wake()
    assert log == list(range(50))
    assert all(task.done() for task in tasks)


def test_a_coroutine_without_a_name_still_has_a_repr() -> None:
    class Nameless:
        def send(self, _value: None) -> object:
            raise StopIteration("x")

    coroutine: Coroutine[object, None, str] = Nameless()  # type: ignore[assignment]
    assert repr(InlineTask(coroutine)) == "<InlineTask coroutine pending>"
