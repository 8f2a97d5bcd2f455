"""A crowd of requests begins a few at a time, and nobody overtakes."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

from h3producer.http3.turnstile import MAX_STARTS_PER_PASS
from tests.http3.harness import GET, POST

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream
    from tests.http3.conftest import Connect


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


async def test_as_many_as_may_begin_do_so_in_the_next_pass(connect: Connect) -> None:
    client = connect(begun := Begun())
    for number in range(MAX_STARTS_PER_PASS):
        client.send(GET, end=True, on=4 * number)
    await asyncio.sleep(0)
    assert begun.ids == list(range(MAX_STARTS_PER_PASS))


async def test_of_a_crowd_each_pass_begins_a_few_in_their_order(connect: Connect) -> None:
    client = connect(begun := Begun())
    for number in range(100):
        client.send(GET, end=True, on=4 * number)
    passes = [0]
    while len(begun.ids) < 100:
        await asyncio.sleep(0)
        passes.append(len(begun.ids))
    assert max(after - before for before, after in itertools.pairwise(passes)) == (
        MAX_STARTS_PER_PASS
    )
    assert begun.ids == list(range(100))


async def test_who_is_reset_while_it_waits_is_never_begun_and_lets_the_others_in(
    connect: Connect,
) -> None:
    client = connect(begun := Begun())
    for number in range(3 * MAX_STARTS_PER_PASS):
        client.send(POST, on=4 * number)
    client.reset(on=4 * (3 * MAX_STARTS_PER_PASS - 2))
    await client.idle()
    expected = [*range(3 * MAX_STARTS_PER_PASS - 2), 3 * MAX_STARTS_PER_PASS - 1]
    assert begun.ids == expected


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
