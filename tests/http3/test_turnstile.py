"""A crowd of requests begins a few at a time, each line in turn, and nobody overtakes in a line."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import pytest

from h3producer.http3.turnstile import (
    ALONE,
    CROWD_MEMORY,
    MAX_STARTS,
    STARTS_AT_ONCE,
    TOGETHER,
    Turnstile,
)
from tests.http3.harness import GET, POST

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from h3producer.http3.stream import Http3Stream
    from tests.http3.conftest import Connect


QUICK = 2**-12
"""Seconds of a first step; a power of two, so that sums of it are exact."""


class Crowd:
    """Handlers at a turnstile, and a clock that moves only by `seconds` in each first step."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 1000.0
        self.turnstile = Turnstile(lambda: self.now)
        self.passes: list[list[Hashable]] = []
        """Whose handlers began, pass by pass of the event loop."""
        self._steps: list[Hashable] = []

    def arrive(self, key: Hashable, count: int = 1) -> None:
        """So many requests of a key come, in this pass."""
        for _ in range(count):
            self.turnstile.enter(key, self._handler(key))

    def _handler(self, key: Hashable) -> Callable[[], None]:
        def step() -> None:
            self.now += self.seconds
            self._steps.append(key)

        def begin() -> None:
            asyncio.get_running_loop().call_soon(step)

        return begin

    async def run(self, passes: int = 1) -> None:
        """Let the loop come round so many times."""
        for _ in range(passes):
            self._steps = []
            await asyncio.sleep(0)
            self.passes.append(self._steps)

    async def run_out(self) -> None:
        """Until nobody is left; the passes without a step behind the last one do not count."""
        await self.run(2)
        while self.passes[-1] or self.passes[-2]:
            await self.run()
        self.passes = [each for each in self.passes if each]

    @property
    def begun(self) -> list[Hashable]:
        return [key for each in self.passes for key in each]


async def test_a_few_requests_begin_in_the_next_pass() -> None:
    crowd = Crowd(seconds=1.0)
    crowd.arrive("a", STARTS_AT_ONCE)
    await crowd.run()
    assert crowd.passes == [["a"] * STARTS_AT_ONCE]


async def test_a_line_that_is_alone_begins_as_many_as_take_the_time_of_a_pass() -> None:
    crowd = Crowd(seconds=QUICK)
    crowd.arrive("a", 100)
    await crowd.run_out()
    assert len(crowd.begun) == 100
    behind_the_first = [len(each) for each in crowd.passes[3:-1]]
    assert set(behind_the_first) == {int(ALONE / QUICK)}


async def test_a_line_beside_others_begins_what_takes_a_fraction_of_that() -> None:
    crowd = Crowd(seconds=QUICK)
    crowd.arrive("b")
    crowd.arrive("a", 100)
    await crowd.run_out()
    behind_the_first = [len(each) for each in crowd.passes[3:-1]]
    assert set(behind_the_first) == {int(TOGETHER / QUICK)}


async def test_a_handler_that_takes_longer_than_a_pass_may_begins_all_the_same() -> None:
    crowd = Crowd(seconds=10 * ALONE)
    crowd.arrive("a", 20)
    await crowd.run_out()
    assert [len(each) for each in crowd.passes] == [STARTS_AT_ONCE, *[1] * 16]


async def test_handlers_that_take_no_time_begin_as_a_connection_can_have_streams() -> None:
    crowd = Crowd(seconds=0.0)
    crowd.arrive("a", 1000)
    await crowd.run_out()
    assert max(len(each) for each in crowd.passes) == MAX_STARTS


async def test_it_takes_a_few_passes_to_believe_that_handlers_have_become_quick() -> None:
    crowd = Crowd(seconds=ALONE)
    crowd.arrive("a", 100)
    await crowd.run(4)
    crowd.seconds = 0.0
    await crowd.run_out()
    sizes = [len(each) for each in crowd.passes[5:]]
    assert all(after <= 2 * before + 1 for before, after in itertools.pairwise(sizes))
    assert max(sizes) > 8


async def test_what_a_pass_may_begin_at_once_follows_what_they_took() -> None:
    crowd = Crowd(seconds=QUICK)
    crowd.arrive("a", 100)
    await crowd.run_out()
    crowd.passes.clear()
    crowd.arrive("a", 20)
    await crowd.run()
    assert crowd.passes == [["a"] * int(ALONE / QUICK)]


async def test_lines_take_turns() -> None:
    crowd = Crowd(seconds=TOGETHER)
    for key in "abc":
        crowd.arrive(key, STARTS_AT_ONCE + 3)
    await crowd.run_out()
    assert crowd.begun[3 * STARTS_AT_ONCE :] == list("abcabcabc")


async def test_who_comes_to_a_crowd_of_others_begins_in_the_next_pass() -> None:
    crowd = Crowd(seconds=TOGETHER)
    crowd.arrive("a", 100)
    await crowd.run(5)
    crowd.arrive("b")
    await crowd.run()
    assert "b" in crowd.passes[-1]


async def test_another_line_is_remembered_for_a_while() -> None:
    crowd = Crowd(seconds=0.0)
    crowd.arrive("b")
    crowd.arrive("a")
    await crowd.run()
    crowd.now += 0.9 * CROWD_MEMORY
    crowd.arrive("a", 50)
    await crowd.run()
    assert len(crowd.passes[-1]) == STARTS_AT_ONCE


async def test_and_forgotten_then() -> None:
    crowd = Crowd(seconds=0.0)
    crowd.arrive("a", 300)
    await crowd.run_out()
    crowd.arrive("b")
    crowd.arrive("a")
    await crowd.run()
    crowd.now += 1.1 * CROWD_MEMORY
    crowd.arrive("a", 50)
    await crowd.run()
    assert len(crowd.passes[-1]) == 50


@pytest.mark.parametrize("count", [1, STARTS_AT_ONCE, 50])
async def test_behind_a_crowd_nothing_is_left(count: int) -> None:
    crowd = Crowd(seconds=0.0001)
    crowd.arrive("a", count)
    await crowd.run_out()
    assert len(crowd.begun) == count
    assert not crowd.turnstile._lines
    assert not crowd.turnstile._is_turning


class Begun:
    """An application that notes who has begun, and answers when the test says so."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.may_answer = asyncio.Event()

    async def __call__(self, stream: Http3Stream) -> None:
        self.ids.append(stream.stream_id // 4)
        await self.may_answer.wait()
        stream.response.start(204)
        await stream.response.complete()


async def test_a_crowd_of_one_connection_begins_in_its_order(connect: Connect) -> None:
    client = connect(begun := Begun())
    for number in range(100):
        client.send(GET, end=True, on=4 * number)
    await asyncio.sleep(0)
    assert len(begun.ids) < 100
    await client.idle()
    assert begun.ids == list(range(100))


async def test_who_is_reset_while_it_waits_is_never_begun_and_lets_the_others_in(
    connect: Connect,
) -> None:
    client = connect(begun := Begun())
    for number in range(100):
        client.send(POST, on=4 * number)
    client.reset(on=4 * 98)
    await client.idle()
    assert begun.ids == [*range(98), 99]


async def test_content_that_comes_while_it_waits_is_there_when_it_begins(
    connect: Connect,
) -> None:
    bodies: dict[int, bytes] = {}

    async def read(stream: Http3Stream) -> None:
        bodies[stream.stream_id // 4] = await stream.body.read_chunk()
        stream.response.start(204)
        await stream.response.complete()

    client = connect(read)
    for number in range(100):
        client.send(POST, b"\x00\x02%02d" % number, end=True, on=4 * number)
    await client.idle()
    assert {bodies[number][:1] for number in range(10)} == {b"0"}
    assert len(bodies) == 100


async def test_behind_a_crowd_a_single_request_begins_at_once_again(connect: Connect) -> None:
    client = connect(begun := Begun())
    begun.may_answer.set()
    for number in range(100):
        client.send(GET, end=True, on=4 * number)
    await client.idle()
    assert len(begun.ids) == 100
    client.send(GET, end=True, on=400)
    await asyncio.sleep(0)
    assert begun.ids[-1] == 100


async def test_a_crowd_that_is_cut_leaves_nobody_waiting(connect: Connect) -> None:
    client = connect(begun := Begun())
    for number in range(100):
        client.send(GET, on=4 * number)
    client.lose()
    await client.idle()
    assert begun.ids == []
    assert client.is_clean
