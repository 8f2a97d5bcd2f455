"""Tests of `observe/watch.py` and `observe/observer.py`: who is watched, and what they hear."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.errors import ErrorCode
from h3producer.http3.connection import Http3Connection
from h3producer.observe.access_log import AccessLog
from h3producer.observe.observer import Observer
from h3producer.observe.watch import ConnectionWatch
from h3producer.quic.transport import EngineTransport
from tests.http3.harness import GET, POST, echo, hello
from tests.pair import Pair

if TYPE_CHECKING:
    from h3producer.http3.stream import Handler, Http3Stream
    from h3producer.http3.transport import QuicTransport


async def served(handler: Handler, observer: Observer | None = None) -> Pair:
    """A pair whose server is watched."""
    config = Config(idle_timeout=10.0)
    watcher = observer or Observer(config)

    def accept(transport: QuicTransport) -> Http3Connection:
        return Http3Connection(transport, handler, config, watch=watcher.watch(transport))

    pair = Pair(accept, config)
    await pair.connect()
    return pair


@pytest.fixture(autouse=True)
def _read(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "h3producer.access")


async def test_an_exchange_is_logged_once_its_response_is_handed_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pair = await served(hello)
    pair.client.send(0, GET, end_stream=True)
    await pair.drive()
    assert caplog.messages == ['192.0.2.1:50000 - "GET / HTTP/3" 200']


async def test_a_client_that_closes_the_connection_cuts_its_exchanges(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pair = await served(echo)
    pair.client.send(0, POST)
    await pair.drive()
    pair.client.close(ErrorCode.H3_NO_ERROR)
    await pair.drive()
    assert caplog.messages[0].endswith("reset H3_NO_ERROR by client")


async def test_a_server_that_closes_the_connection_cuts_them_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pair = await served(echo)
    pair.client.send(0, POST)
    await pair.drive()
    pair.transport.close(ErrorCode.H3_NO_ERROR)
    await pair.drive()
    assert caplog.messages[0].endswith("reset H3_NO_ERROR by server")


async def test_a_client_that_breaks_a_rule_is_cut_by_the_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pair = await served(echo)
    pair.client.send(0, POST)
    await pair.drive()
    pair.client.inject((0x21, b""))  # a frame type that QUIC does not have
    await pair.drive()
    assert caplog.messages[-1].endswith("by server")


async def test_a_client_that_vanishes_has_cut_them(caplog: pytest.LogCaptureFixture) -> None:
    async def patient(stream: Http3Stream) -> None:
        await stream.wait_closed()

    pair = await served(patient)
    pair.client.send(0, POST)
    await pair.drive()
    pair.loses_to_server = lambda _: True
    await pair.advance(60.0)
    assert caplog.messages[0].endswith("by client")


async def test_what_comes_after_goaway_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    pair = await served(echo)
    pair.client.send(0, POST)
    await pair.drive()
    pair.endpoint.shutdown()
    pair.client.send(4, GET, end_stream=True)
    await pair.drive(0.0)
    assert caplog.messages[0].endswith('"- - HTTP/3" - reset H3_REQUEST_REJECTED by server')


async def test_a_log_that_fails_costs_no_exchange(caplog: pytest.LogCaptureFixture) -> None:
    class FullLog(AccessLog):
        def write(self, *_: object) -> None:
            raise RuntimeError("the disk is full")

    class Unlucky(Observer):
        def watch(self, transport: QuicTransport) -> ConnectionWatch:
            assert isinstance(transport, EngineTransport)
            return ConnectionWatch(transport, time.monotonic, FullLog("text"))

    pair = await served(hello, Unlucky(Config()))
    pair.client.send(0, GET, end_stream=True)
    await pair.drive()
    assert pair.client.fins == {0}
    assert "the access log failed" in caplog.text


async def test_nobody_watches_where_no_log_is_wanted() -> None:
    pair = await served(hello)
    assert Observer(Config(access_log=False)).watch(pair.transport) is None


async def test_nobody_watches_for_a_log_that_nobody_reads(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "h3producer.access")
    pair = await served(hello)
    assert Observer(Config()).watch(pair.transport) is None
