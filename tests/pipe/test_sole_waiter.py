"""Tests of `pipe/sole_waiter.py`: one waits, others wake."""

from __future__ import annotations

import asyncio

import pytest

from h3producer.pipe.sole_waiter import SoleWaiter
from h3producer.pipe.wakeup import start_inline


async def test_whoever_waits_goes_on_when_woken_and_may_wait_again() -> None:
    place = SoleWaiter()
    for _ in range(2):
        waiting = asyncio.create_task(place.wait())
        await asyncio.sleep(0)
        assert place.is_taken
        place.wake()
        await waiting
        assert not place.is_taken


def test_waking_nobody_is_no_mistake_and_is_not_remembered() -> None:
    place = SoleWaiter()
    place.wake()
    waiting = start_inline(place.wait())
    assert place.is_taken
    place.wake()
    assert not place.is_taken
    assert waiting is not None


async def test_cancelling_the_wait_makes_the_place_free() -> None:
    place = SoleWaiter()
    waiting = asyncio.create_task(place.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not place.is_taken
    place.wake()
