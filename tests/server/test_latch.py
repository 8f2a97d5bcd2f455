"""Tests of `server/latch.py`."""

from __future__ import annotations

import asyncio
import threading

from h3producer.server.latch import Latch


async def test_a_wait_ends_when_another_thread_sets_it() -> None:
    latch = Latch()
    waiter = asyncio.create_task(latch.wait())
    await asyncio.sleep(0)
    thread = threading.Thread(target=latch.set)
    thread.start()
    await waiter
    thread.join()
    assert latch.is_set


async def test_a_wait_that_begins_later_does_not_wait() -> None:
    latch = Latch()
    latch.set()
    await latch.wait()


async def test_setting_it_twice_is_setting_it_once() -> None:
    latch = Latch()
    waiters = [asyncio.create_task(latch.wait()) for _ in range(2)]
    await asyncio.sleep(0)
    latch.set()
    latch.set()
    await asyncio.gather(*waiters)


def test_setting_it_after_its_loop_has_closed_does_no_harm() -> None:
    latch = Latch()

    async def begin_to_wait() -> None:
        task = asyncio.create_task(latch.wait())
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(begin_to_wait())
    latch.set()
    assert latch.is_set
