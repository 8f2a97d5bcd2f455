"""Tests of `server/request_limit.py`: who is told after how many requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.server.request_limit import RequestLimit
from tests.server.streams import FakeStream, as_stream

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream


async def test_with_each_so_many_it_is_said_and_all_are_handled() -> None:
    log: list[str] = []

    async def handler(stream: Http3Stream) -> None:
        log.append("request")

    limited = RequestLimit(handler, 3, lambda: log.append("limit"))
    for _ in range(7):
        await limited(as_stream(FakeStream()))
    assert log == ["request"] * 2 + ["limit"] + ["request"] * 3 + ["limit"] + ["request"] * 2
