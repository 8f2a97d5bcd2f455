"""A client that does not read, from QUIC to the screen."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.http3.connection import Http3Connection
from h3producer.observe.connections import connections_answer
from tests.http3.harness import GET
from tests.pair import Client, Pair

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream

rich_console = pytest.importorskip("rich.console", reason="rich is not installed")

KIB = 1024


async def endless(stream: Http3Stream) -> None:
    stream.response.start(200)
    while not (await stream.response.write(bytes(8 * KIB))).is_completed:
        pass


async def test_a_client_that_does_not_read_is_seen_to_hold_its_writer_up() -> None:
    from h3producer.top.rows import view
    from h3producer.top.table import render

    pair = Pair(
        lambda transport: Http3Connection(transport, endless, Config()),
        client=Client(max_stream_data=32 * KIB),
    )
    await pair.connect()
    pair.client.stop_reading()
    pair.client.send(0, GET, end_stream=True)
    await pair.drive()

    answer = connections_answer(pair.transports, worker=None, now=pair.loop.now, wall_time=1e9)
    console = rich_console.Console(width=120, file=io.StringIO(), color_system=None)
    shown = view(answer, None, "unsent")
    console.print(render(shown, "here", sort="unsent", streams=True, size=(120, None)))

    text = console.file.getvalue()
    assert "1 connection, 1 request, 1 paused" in text
    assert re.search(r" 0 200 GET / +\d+K +paused", text)
