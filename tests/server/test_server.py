"""Tests of `server/server.py`: the order of the steps, and every way to start and to stop.

The sockets are a fake that writes down what it is asked; its switches are events.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from h3producer.config import Config
from h3producer.observe.observer import Observer
from h3producer.server import server as server_module
from h3producer.server.errors import StartupError
from h3producer.server.health import HealthState
from h3producer.server.requests import Requests
from h3producer.server.server import Server
from tests.server.streams import FakeRequest, FakeStream, as_stream

if TYPE_CHECKING:
    from pathlib import Path

    from h3producer.http3.stream import Handler, Http3Stream
    from h3producer.quic.engine import Credentials


class FakeListeners:
    """Sockets that are not there. `drained` is set: no connection is left after `shutdown`."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.addresses: list[tuple[str, int]] = []
        self.observer = Observer(Config())
        self.drained = asyncio.Event()
        self.drained.set()
        self.handshakes = 0
        self.handler: Handler | None = None
        self.refusal: StartupError | None = None

    def bind(self) -> None:
        self.log.append("bind")
        if self.refusal is not None:
            raise self.refusal
        self.addresses = [("127.0.0.1", 4433)]

    def start(self, credentials: Credentials, handler: Handler) -> None:
        self.log.append("start")
        self.handler = handler

    def present(self, credentials: Credentials) -> None:
        self.log.append("present")

    def announce_shutdown(self) -> None:
        self.log.append("announce_shutdown")

    def shutdown(self) -> None:
        self.log.append("shutdown")

    async def wait_drained(self) -> None:
        await self.drained.wait()

    def close_connections(self) -> None:
        self.log.append("close_connections")

    async def close(self) -> None:
        self.log.append("close")


class App:
    """An ASGI application with a lifespan that may refuse to start, or wait at either end."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.refuses = False
        self.may_start = asyncio.Event()
        self.may_start.set()
        self.may_stop = asyncio.Event()
        self.may_stop.set()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        self.log.append("startup")
        await self.may_start.wait()
        if self.refuses:
            await send({"type": "lifespan.startup.failed", "message": "no"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.log.append("lifespan shutdown")
        await self.may_stop.wait()
        await send({"type": "lifespan.shutdown.complete"})


START = ["bind", "startup", "start"]
STOP = ["shutdown", "close_connections", "lifespan shutdown", "close"]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Development certificates go here."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def app(log: list[str]) -> App:
    return App(log)


@pytest.fixture
def listeners(log: list[str]) -> FakeListeners:
    return FakeListeners(log)


@pytest.fixture
def server(app: App, listeners: FakeListeners) -> Server:
    return Server(Config(app=app), listeners=listeners)


async def steps(count: int = 20) -> None:
    """Let the tasks go on as far as they can."""
    for _ in range(count):
        await asyncio.sleep(0)


# Starting


async def test_the_block_runs_between_all_steps_of_start_and_stop(
    server: Server, log: list[str]
) -> None:
    async with server as entered:
        assert entered is server
        assert log == START
    assert log == START + STOP


async def test_started_is_true_from_the_first_answer_on(server: Server) -> None:
    assert server.started is False
    async with server:
        assert server.started is True
    assert server.started is True


async def test_the_addresses_are_those_that_were_bound(server: Server) -> None:
    assert server.addresses == []
    async with server:
        assert server.addresses == [("127.0.0.1", 4433)]


async def test_it_says_where_it_serves(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "h3producer.error")
    async with server:
        pass
    assert "Serving HTTP/3 (over UDP) on https://127.0.0.1:4433/; Ctrl-C stops." in caplog.messages
    assert caplog.messages[-1] == "Stopped."


async def test_a_server_serves_once(server: Server) -> None:
    async with server:
        pass
    with pytest.raises(RuntimeError, match="serves once"):
        await server.serve()


async def test_an_application_that_cannot_be_loaded_binds_nothing(
    listeners: FakeListeners, log: list[str]
) -> None:
    with pytest.raises(StartupError, match="There is no module 'absent_module'"):
        await Server(Config(app="absent_module:app"), listeners=listeners).serve()
    assert log == []


async def test_a_port_in_use_starts_nothing(
    server: Server, listeners: FakeListeners, log: list[str]
) -> None:
    listeners.refusal = StartupError("Port 4433 is in use.")
    with pytest.raises(StartupError, match="in use"):
        await server.serve()
    assert log == ["bind", "close"]
    assert server.started is False


async def test_a_certificate_that_cannot_be_read_closes_the_sockets(
    app: App, listeners: FakeListeners, log: list[str]
) -> None:
    with pytest.raises(StartupError, match="Cannot read the certificate"):
        await Server(Config(app=app, certfile="/absent"), listeners=listeners).serve()
    assert log == ["bind", "close"]


async def test_an_application_that_refuses_to_start_closes_the_sockets(
    server: Server, app: App, log: list[str]
) -> None:
    app.refuses = True
    with pytest.raises(StartupError, match="lifespan startup failed: no"):
        await server.serve()
    assert log == ["bind", "startup", "close"]


async def test_an_exit_during_startup_stops_after_it(server: Server, log: list[str]) -> None:
    server.should_exit = True
    await server.serve()
    assert log == START + STOP


async def test_force_during_startup_ends_it_at_once(
    server: Server, app: App, log: list[str]
) -> None:
    app.may_start.clear()
    task = asyncio.create_task(server.serve())
    await steps()
    server.force_exit = True
    with pytest.raises(StartupError, match="stopped before it had started"):
        await task
    assert log == ["bind", "startup", "close"]


# Stopping


async def serving(server: Server) -> asyncio.Task[None]:
    task = asyncio.create_task(server.serve())
    await steps()
    assert server.started
    return task


async def test_should_exit_stops(server: Server, log: list[str]) -> None:
    task = await serving(server)
    server.should_exit = True
    await task
    assert log == START + STOP
    assert server.should_exit
    assert not server.force_exit


async def test_force_exit_alone_stops_too(server: Server, log: list[str]) -> None:
    task = await serving(server)
    server.force_exit = True
    await task
    assert server.should_exit
    assert log == START + STOP


async def test_false_changes_nothing(server: Server) -> None:
    task = await serving(server)
    server.should_exit = server.force_exit = False
    await steps()
    assert not task.done()
    server.should_exit = True
    await task


async def test_it_can_be_stopped_from_another_thread(server: Server) -> None:
    task = await serving(server)
    thread = threading.Thread(target=setattr, args=(server, "should_exit", True))
    thread.start()
    await task
    thread.join()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_gracefully(
    server: Server, log: list[str], number: signal.Signals
) -> None:
    task = await serving(server)
    signal.raise_signal(number)
    await task
    assert not server.force_exit
    assert log == START + STOP


async def test_it_waits_for_the_connections_to_drain(
    server: Server, listeners: FakeListeners, log: list[str]
) -> None:
    listeners.drained.clear()
    task = await serving(server)
    server.should_exit = True
    await steps()
    assert log == [*START, "shutdown"]
    listeners.drained.set()
    await task
    assert log == START + STOP


# Draining: others are told before anything changes


def draining(listeners: FakeListeners, delay: float) -> Server:
    return Server(
        Config(app=Held(), drain_delay=delay, health_path="/healthz"), listeners=listeners
    )


async def probe(listeners: FakeListeners) -> tuple[int | None, bytes]:
    assert listeners.handler is not None
    stream = FakeStream(FakeRequest(path=b"/healthz"))
    await listeners.handler(as_stream(stream))
    return stream.response.status, stream.response.body


async def test_health_follows_the_life_of_the_server(server: Server, app: App) -> None:
    app.may_start.clear()
    states = []
    task = asyncio.create_task(server.serve())
    await steps()
    states.append(server.health.state)
    app.may_start.set()
    await steps()
    states.append(server.health.state)
    server.should_exit = True
    await task
    states.append(server.health.state)
    assert states == [HealthState.STARTING, HealthState.SERVING, HealthState.DRAINING]


async def test_a_server_that_drains_says_so_and_changes_nothing_else(
    listeners: FakeListeners, log: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "h3producer.error")
    server = draining(listeners, delay=3600)
    task = await serving(server)
    assert await probe(listeners) == (200, b"serving\n")
    signal.raise_signal(signal.SIGTERM)
    await steps()
    assert await probe(listeners) == (503, b"draining\n")
    assert log == ["bind", "start"]
    assert caplog.messages[-1] == "Draining: stopping in 3600 seconds."
    server.force_exit = True
    await task


async def test_after_the_delay_it_stops(listeners: FakeListeners, log: list[str]) -> None:
    task = await serving(server := draining(listeners, delay=0.001))
    server.should_exit = True
    await task
    assert log == ["bind", "start", "shutdown", "close_connections", "close"]


async def test_a_second_term_does_not_shorten_the_delay(
    listeners: FakeListeners, log: list[str]
) -> None:
    task = await serving(server := draining(listeners, delay=3600))
    for _ in range(2):
        signal.raise_signal(signal.SIGTERM)
        await steps()
    assert log == ["bind", "start"]
    server.force_exit = True
    await task


async def test_a_second_int_ends_the_delay(listeners: FakeListeners, log: list[str]) -> None:
    task = await serving(draining(listeners, delay=3600))
    for _ in range(2):
        signal.raise_signal(signal.SIGINT)
        await steps()
    await task
    assert log == ["bind", "start", "shutdown", "close_connections", "close"]


async def test_who_leaves_the_block_by_an_exception_waits_for_no_balancer(
    listeners: FakeListeners,
) -> None:
    with pytest.raises(RuntimeError, match="boom"):
        async with draining(listeners, delay=3600):
            raise RuntimeError("boom")


async def test_without_a_health_path_the_application_hears_of_everything(
    listeners: FakeListeners,
) -> None:
    async with Server(Config(app=Held()), listeners=listeners):
        assert isinstance(listeners.handler, Requests)


# Requests at the end


class Held:
    """A handler that holds every request until `go_on`, or until it is cancelled."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.ended = ""

    async def __call__(self, stream: Http3Stream) -> None:
        try:
            await self.go_on.wait()
            self.ended = "well"
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise


async def request(listeners: FakeListeners) -> asyncio.Task[None]:
    assert listeners.handler is not None
    running = listeners.handler(as_stream(FakeStream()))
    task = asyncio.ensure_future(running)
    await asyncio.sleep(0)
    return task


async def test_it_waits_for_requests_that_outlive_their_connection(
    listeners: FakeListeners, log: list[str]
) -> None:
    handler = Held()
    server = Server(Config(app=handler), listeners=listeners)
    task = await serving(server)
    await request(listeners)
    server.should_exit = True
    await steps()
    assert log == ["bind", "start", "shutdown"]
    handler.go_on.set()
    await task
    assert handler.ended == "well"


async def test_after_the_grace_period_requests_are_cancelled(
    listeners: FakeListeners,
    log: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(server_module, "DISCONNECT_GRACE", 0)
    handler = Held()
    server = Server(Config(app=handler, timeout_graceful_shutdown=0), listeners=listeners)
    task = await serving(server)
    await request(listeners)
    server.should_exit = True
    await task
    assert handler.ended == "cancelled"
    assert log == ["bind", "start", "shutdown", "close_connections", "close"]
    assert "1 requests were cut short." in caplog.messages


async def test_clients_that_do_not_acknowledge_the_last_of_it_cut_no_request_short(
    listeners: FakeListeners, caplog: pytest.LogCaptureFixture
) -> None:
    listeners.drained.clear()
    server = Server(Config(app=Held(), timeout_graceful_shutdown=0), listeners=listeners)
    task = await serving(server)
    server.should_exit = True
    await task
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


async def test_a_request_that_ignores_its_cancellation_is_left_behind(
    listeners: FakeListeners, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server_module, "DISCONNECT_GRACE", 0)
    monkeypatch.setattr(server_module, "CANCEL_GRACE", 0)
    go_on = asyncio.Event()

    async def stubborn(stream: Http3Stream) -> None:
        try:
            await go_on.wait()
        except asyncio.CancelledError:
            await go_on.wait()

    server = Server(Config(app=stubborn, timeout_graceful_shutdown=0), listeners=listeners)
    task = await serving(server)
    left_behind = await request(listeners)
    server.should_exit = True
    await task
    assert "1 requests ignored their cancellation." in caplog.messages
    go_on.set()
    await left_behind


async def test_a_second_int_stops_now(
    server: Server, listeners: FakeListeners, log: list[str]
) -> None:
    listeners.drained.clear()
    task = await serving(server)
    signal.raise_signal(signal.SIGINT)
    await steps()
    assert log == [*START, "shutdown"]
    signal.raise_signal(signal.SIGINT)
    await task
    assert log == START + STOP


async def test_a_third_int_is_pythons_own(server: Server) -> None:
    task = await serving(server)
    # All three before the loop runs again, as when somebody's code never lets it.
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    await task


async def test_a_second_term_changes_nothing(server: Server, listeners: FakeListeners) -> None:
    listeners.drained.clear()
    task = await serving(server)
    for _ in range(2):
        signal.raise_signal(signal.SIGTERM)
        await steps()
    assert not task.done()
    listeners.drained.set()
    await task


async def test_force_ends_a_lifespan_shutdown_that_takes_too_long(
    server: Server, app: App, log: list[str]
) -> None:
    app.may_stop.clear()
    task = await serving(server)
    server.should_exit = True
    await steps()
    assert log[-1] == "lifespan shutdown"
    server.force_exit = True
    await task
    assert log[-1] == "close"


async def test_cancelling_serve_is_a_stop_by_force(
    server: Server, listeners: FakeListeners, log: list[str]
) -> None:
    listeners.drained.clear()
    task = await serving(server)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == START + STOP


async def test_being_cancelled_while_stopping_still_closes_the_sockets(
    server: Server, listeners: FakeListeners, log: list[str]
) -> None:
    listeners.drained.clear()
    task = await serving(server)
    server.should_exit = True
    await steps()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log[-2:] == ["lifespan shutdown", "close"]


async def test_an_error_in_the_block_stops_by_force_and_goes_through(
    server: Server, listeners: FakeListeners, log: list[str]
) -> None:
    listeners.drained.clear()
    with pytest.raises(RuntimeError, match="boom"):
        async with server:
            raise RuntimeError("boom")
    assert log == START + STOP


# A successor


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "LEAVE_GRACE", 0)


@pytest.mark.usefixtures("no_grace")
async def test_with_a_successor_the_end_is_announced_before_anybody_is_refused(
    server: Server, log: list[str]
) -> None:
    async with server:
        server.has_successor = True
    assert log == [*START, "announce_shutdown", *STOP]


@pytest.mark.usefixtures("no_grace")
async def test_with_a_successor_there_is_no_delay_for_load_balancers(
    app: App, listeners: FakeListeners, log: list[str]
) -> None:
    async with Server(Config(app=app, drain_delay=3600.0), listeners=listeners) as server:
        server.has_successor = True
    assert log[-1] == "close"


@pytest.mark.usefixtures("no_grace")
async def test_with_a_successor_those_who_are_about_to_connect_are_waited_for(
    server: Server, listeners: FakeListeners, log: list[str]
) -> None:
    task = await serving(server)
    server.has_successor = True
    listeners.handshakes = 1
    server.should_exit = True
    await steps()
    assert log[-1] == "announce_shutdown"
    listeners.handshakes = 0
    await task
    assert log[-1] == "close"


async def test_force_ends_the_leave_taking_too(server: Server, listeners: FakeListeners) -> None:
    task = await serving(server)
    server.has_successor = True
    listeners.handshakes = 1
    server.should_exit = True
    await steps()
    server.force_exit = True
    await task


# A limit on requests, and somebody who looks after it


async def nothing(stream: Http3Stream) -> None: ...


async def test_the_limit_on_requests_ends_it_gracefully(
    listeners: FakeListeners, log: list[str]
) -> None:
    config = Config(app=nothing, limit_max_requests=2)
    task = await serving(Server(config, listeners=listeners))
    await request(listeners)
    await steps()
    assert not task.done()
    await request(listeners)
    await task
    assert log[-1] == "close"


async def test_the_limit_has_a_jitter_of_its_own(
    listeners: FakeListeners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "randint", lambda low, high: high)
    config = Config(app=nothing, limit_max_requests=1, limit_max_requests_jitter=1)
    task = await serving(Server(config, listeners=listeners))
    await request(listeners)
    await steps()
    assert not task.done()
    await request(listeners)
    await task


async def test_who_is_looked_after_asks_to_retire_and_goes_on(listeners: FakeListeners) -> None:
    asked: list[str] = []
    config = Config(app=nothing, limit_max_requests=1)
    server = Server(config, listeners=listeners, retire=lambda: asked.append("retire"))
    task = await serving(server)
    await request(listeners)
    await steps()
    assert asked == ["retire"]
    assert not task.done()
    server.should_exit = True
    await task


async def test_who_is_looked_after_does_not_say_what_its_parent_says(
    listeners: FakeListeners, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "h3producer.error")
    async with Server(Config(app=nothing), listeners=listeners, retire=lambda: None):
        pass
    assert not [each for each in caplog.messages if "Serving" in each or "Stop" in each]
