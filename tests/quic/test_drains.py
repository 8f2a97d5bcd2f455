"""One waiter per stream, each woken by name, by rule, or all together."""

from __future__ import annotations

import asyncio

import pytest

from h3producer.pipe.wakeup import start_inline
from h3producer.quic.drains import Drains
from tests.virtual import settle


async def wait(drains: Drains, stream_id: int) -> asyncio.Task[None]:
    task = asyncio.create_task(drains.wait(stream_id))
    await settle()
    return task


async def test_a_waiter_goes_on_when_its_stream_is_woken() -> None:
    drains = Drains()
    task = await wait(drains, 0)
    drains.wake(4)
    await settle()
    assert not task.done()
    drains.wake(0)
    await task
    assert not drains


async def test_waiters_go_on_where_there_is_room() -> None:
    drains = Drains()
    tasks = {stream_id: await wait(drains, stream_id) for stream_id in (0, 4, 8)}
    drains.wake_where(lambda stream_id: stream_id != 4)
    await settle()
    assert [stream_id for stream_id, task in tasks.items() if task.done()] == [0, 8]
    drains.wake_all()
    await tasks[4]


async def test_a_second_waiter_of_a_stream_is_refused() -> None:
    drains = Drains()
    task = await wait(drains, 0)
    with pytest.raises(RuntimeError, match="already being drained"):
        await drains.wait(0)
    drains.wake_all()
    await task


async def test_a_canceled_waiter_makes_room_for_the_next() -> None:
    drains = Drains()
    task = await wait(drains, 0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not drains
    task = await wait(drains, 0)
    drains.wake(0)
    await task


async def test_a_canceled_waiter_leaves_its_successor_alone() -> None:
    drains = Drains()
    first = await wait(drains, 0)
    drains.wake(0)
    first.cancel()
    second = start_inline(drains.wait(0))
    await settle()
    assert first.cancelled()
    assert drains
    drains.wake(0)
    assert second.done()


def test_a_waiter_that_runs_inline_may_wait_again_at_once() -> None:
    drains = Drains()
    steps: list[int] = []

    async def pump() -> None:
        for step in range(3):
            await drains.wait(0)
            steps.append(step)

    task = start_inline(pump())
    drains.wake_where(lambda stream_id: True)
    assert steps == [0]
    drains.wake_all()
    drains.wake(0)
    assert steps == [0, 1, 2]
    assert task.done()
