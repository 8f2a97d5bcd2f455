"""Tests of `server/requests.py`: the limit, and who is inside."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.http3.cause import Cause
from h3producer.server.requests import Requests
from tests.server.streams import FakeRequest, FakeStream, as_stream

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream


async def answer(stream: Http3Stream) -> None:
    stream.response.start(200, [])
    await stream.response.complete(b"hello")


class Held:
    """A handler that holds its requests until it is told to go on."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, stream: Http3Stream) -> None:
        await self.go_on.wait()
        await answer(stream)


async def started(requests: Requests, stream: FakeStream) -> asyncio.Task[None]:
    """The request's task, after its first step."""
    task = asyncio.create_task(requests(as_stream(stream)))
    await asyncio.sleep(0)
    return task


# CONNECT


async def test_who_serves_pages_is_no_proxy() -> None:
    stream = FakeStream(FakeRequest("CONNECT"))
    await Requests(answer, Config())(as_stream(stream))
    assert stream.response.status == 501
    assert stream.response.completed


async def test_who_takes_connect_hears_of_it() -> None:
    class Proxy(Held):
        takes_connect = True

    handler = Proxy()
    handler.go_on.set()
    stream = FakeStream(FakeRequest("CONNECT"))
    await Requests(handler, Config())(as_stream(stream))
    assert stream.response.status == 200


async def test_a_handler_judges_which_protocols_it_speaks() -> None:
    stream = FakeStream(FakeRequest("CONNECT"))
    stream.request.protocol = "websocket"
    await Requests(answer, Config())(as_stream(stream))
    assert stream.response.status == 200


# Who is inside


async def test_a_request_is_inside_while_its_handler_runs() -> None:
    handler = Held()
    requests = Requests(handler, Config())
    task = await started(requests, FakeStream())
    assert len(requests) == 1
    handler.go_on.set()
    await task
    assert len(requests) == 0


async def test_what_the_handler_raises_goes_through() -> None:
    async def fail(_stream: Http3Stream) -> None:
        raise RuntimeError("boom")

    requests = Requests(fail, Config())
    with pytest.raises(RuntimeError, match="boom"):
        await requests(as_stream(FakeStream()))
    assert len(requests) == 0


async def test_wait_idle_returns_at_once_without_requests() -> None:
    await Requests(answer, Config()).wait_idle()


async def test_wait_idle_waits_for_the_last_request() -> None:
    handler = Held()
    requests = Requests(handler, Config())
    await started(requests, FakeStream())
    (await started(requests, FakeStream())).cancel()
    idle = asyncio.create_task(requests.wait_idle())
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(requests) == 1
    assert not idle.done()
    handler.go_on.set()
    await idle
    assert len(requests) == 0


async def test_cancel_ends_every_request_and_waits_for_it() -> None:
    requests = Requests(Held(), Config())
    tasks = [await started(requests, FakeStream()) for _ in range(3)]
    assert await requests.cancel(timeout=5) == 0
    assert all(task.cancelled() for task in tasks)


async def test_cancel_counts_the_requests_that_ignore_it() -> None:
    handler = Held()

    async def stubborn(stream: Http3Stream) -> None:
        try:
            await handler.go_on.wait()
        except asyncio.CancelledError:
            await handler(stream)

    requests = Requests(stubborn, Config())
    task = await started(requests, FakeStream())
    assert await requests.cancel(timeout=0) == 1
    handler.go_on.set()
    await task


async def test_cancel_without_requests_does_nothing() -> None:
    assert await Requests(answer, Config()).cancel(timeout=0) == 0


# The limit


async def test_beyond_the_limit_the_answer_is_503() -> None:
    handler = Held()
    requests = Requests(handler, Config(limit_concurrency=1))
    first, second = FakeStream(), FakeStream()
    task = await started(requests, first)
    await requests(as_stream(second))
    assert (second.response.status, second.response.body) == (503, b"Service Unavailable")
    assert (b"content-length", b"19") in second.response.headers
    assert second.cause is Cause.LIMIT_CONCURRENCY
    handler.go_on.set()
    await task
    assert first.response.status == 200


async def test_when_a_request_has_left_another_may_enter() -> None:
    requests = Requests(answer, Config(limit_concurrency=1))
    for _ in range(2):
        stream = FakeStream()
        await requests(as_stream(stream))
        assert stream.response.status == 200
