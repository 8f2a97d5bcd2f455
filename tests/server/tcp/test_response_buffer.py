"""Tests of `response_buffer.py`: who writes waits for who takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypercorn.protocol.h2 import BufferCompleteError, StreamBuffer

from h3producer.server.tcp.response_buffer import ResponseBuffer

if TYPE_CHECKING:
    from collections.abc import Coroutine


async def is_waiting(steps: Coroutine[object, object, None]) -> asyncio.Task[None]:
    task = asyncio.create_task(steps)
    await asyncio.sleep(0)
    assert not task.done()
    return task


async def test_a_push_below_the_mark_does_not_wait() -> None:
    buffer = ResponseBuffer(4)
    await buffer.push(b"abc")
    assert await buffer.pop(2) == b"ab"
    assert await buffer.pop(10) == b"c"


async def test_a_push_waits_at_the_mark_and_until_there_are_fewer_bytes() -> None:
    buffer = ResponseBuffer(4)
    pushing = await is_waiting(buffer.push(b"abcd"))
    await buffer.pop(1)
    await pushing


async def test_a_window_that_is_shut_lets_nobody_go_on() -> None:
    """Where Hypercorn's own buffer, which ours stands in for, does."""
    buffer = ResponseBuffer(4)
    pushing = await is_waiting(buffer.push(b"abcd"))
    assert await buffer.pop(0) == b""
    await asyncio.sleep(0)
    assert not pushing.done()
    await buffer.close()
    await pushing


async def test_drain_waits_until_it_is_empty() -> None:
    buffer = ResponseBuffer(100)
    await buffer.push(b"ab")
    draining = await is_waiting(buffer.drain())
    await buffer.pop(1)
    await asyncio.sleep(0)
    assert not draining.done()
    await buffer.pop(1)
    await draining


async def test_it_is_complete_when_the_last_byte_has_left() -> None:
    buffer = ResponseBuffer(100)
    await buffer.push(b"a")
    buffer.set_complete()
    assert not buffer.complete
    await buffer.pop(1)
    assert buffer.complete


async def test_nothing_follows_the_end() -> None:
    buffer = ResponseBuffer(100)
    buffer.set_complete()
    with pytest.raises(BufferCompleteError):
        await buffer.push(b"a")


async def test_a_close_releases_whoever_waits() -> None:
    buffer = ResponseBuffer(1)
    pushing = await is_waiting(buffer.push(b"a"))
    draining = await is_waiting(buffer.drain())
    await buffer.close()
    await pushing
    await draining
    assert buffer.complete


def test_it_has_all_that_hypercorn_calls() -> None:
    """A release that calls more fails here first."""
    theirs = {name for name in vars(StreamBuffer) if not name.startswith("_")}
    assert theirs == {"drain", "set_complete", "close", "complete", "push", "pop"}
    assert theirs <= set(dir(ResponseBuffer))
