"""Each row of the table in `asgi/lifespan.py`, and what holds when a wait is cancelled."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from typing import TYPE_CHECKING, Any

import pytest

from h3producer.asgi import lifespan as module
from h3producer.asgi.errors import LifespanFailed
from h3producer.asgi.lifespan import Lifespan, LifespanState
from h3producer.errors import LocalProtocolError

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp, Receive, Scope, Send

STARTED = {"type": "lifespan.startup.complete"}
STOPPED = {"type": "lifespan.shutdown.complete"}


async def whole(app: AsgiApp, state: dict[str, Any] | None = None) -> Lifespan:
    """Startup and shutdown of `app`."""
    lifespan = Lifespan(app, {} if state is None else state)
    await lifespan.startup()
    await lifespan.shutdown()
    return lifespan


async def test_startup_waits_for_the_answer() -> None:
    ready = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await ready.wait()
        await send(STARTED)
        await receive()

    lifespan = Lifespan(app, {})
    starting = asyncio.create_task(lifespan.startup())
    await asyncio.sleep(0)
    assert not starting.done()
    ready.set()
    await starting
    assert lifespan.state is LifespanState.RUNNING
    await lifespan.shutdown()


async def test_the_application_is_asked_twice_and_told_what_it_is() -> None:
    heard: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(scope["type"])
        heard.append(scope["asgi"])
        heard.append(await receive())
        await send(STARTED)
        heard.append(await receive())
        await send(STOPPED)

    await whole(app)
    assert heard == [
        "lifespan",
        {"version": "3.0", "spec_version": "2.0"},
        {"type": "lifespan.startup"},
        {"type": "lifespan.shutdown"},
    ]


async def test_the_application_fills_the_namespace_it_was_given() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["pool"] = "open"
        await send(STARTED)
        await receive()
        await receive()

    namespace: dict[str, Any] = {}
    await whole(app, namespace)
    assert namespace == {"pool": "open"}


async def test_startup_and_shutdown_run_in_one_task_with_one_context() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    tasks: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        token = variable.set("mine")
        tasks.append(asyncio.current_task())
        await send(STARTED)
        await receive()
        tasks.append(asyncio.current_task())
        variable.reset(token)
        await send(STOPPED)

    lifespan = Lifespan(app, {})
    await asyncio.create_task(lifespan.startup())
    assert variable.get(None) is None
    await asyncio.create_task(lifespan.shutdown())
    assert tasks[0] is tasks[1]


async def test_a_failed_startup_raises_the_message_of_the_application() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(LifespanFailed, match=r"^no database$"):
        await whole(app)


async def test_a_failed_startup_may_go_without_a_message() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "lifespan.startup.failed"})

    with pytest.raises(LifespanFailed, match=r"^$"):
        await whole(app)


async def test_what_is_raised_after_a_failed_startup_is_not_logged_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "lifespan.startup.failed", "message": "no database"})
        raise ConnectionError

    with pytest.raises(LifespanFailed):
        await whole(app)
    assert caplog.records == []


async def test_an_application_that_has_failed_hears_no_more() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed"})
        with pytest.raises(LocalProtocolError):
            await receive()
        reached.set()
        raise RuntimeError

    reached = asyncio.Event()
    with pytest.raises(LifespanFailed):
        await whole(app)
    assert reached.is_set()


async def test_an_application_that_raises_at_startup_has_no_lifespan(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"

    with caplog.at_level(logging.INFO):
        lifespan = await whole(app)
    assert lifespan.state is LifespanState.ENDED
    assert [record.levelname for record in caplog.records] == ["INFO"]


async def test_an_application_that_returns_at_startup_has_no_lifespan() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None: ...

    assert (await whole(app)).state is LifespanState.ENDED


async def test_an_application_that_is_no_coroutine_function_has_no_lifespan() -> None:
    def app(scope: Scope, receive: Receive, send: Send) -> Any:
        return None

    assert (await whole(app)).state is LifespanState.ENDED


async def test_system_exit_at_startup_stops_the_start_and_not_the_process() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise SystemExit("no database")

    with pytest.raises(LifespanFailed, match="no database"):
        await whole(app)


@pytest.mark.parametrize("error", [None, KeyError("pool")])
async def test_an_application_that_ends_while_the_server_serves_is_logged(
    error: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(STARTED)
        if error is not None:
            raise error

    lifespan = Lifespan(app, {})
    await lifespan.startup()
    await asyncio.sleep(0)
    await lifespan.shutdown()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "too early" in caplog.text


async def test_a_failed_shutdown_is_logged_once_with_its_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(STARTED)
        await receive()
        await receive()
        await send({"type": "lifespan.shutdown.failed", "message": "pool stuck"})
        raise TimeoutError

    await whole(app)
    assert [record.getMessage() for record in caplog.records] == [
        "The application failed to shut down: pool stuck"
    ]


@pytest.mark.parametrize("answer", [True, False])
async def test_an_exception_at_shutdown_is_logged_with_its_traceback(
    answer: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(STARTED)
        await receive()
        await receive()
        if answer:
            await send(STOPPED)
        raise KeyError("pool")

    await whole(app)
    assert [record.name for record in caplog.records] == ["h3producer.error"]
    assert "KeyError: 'pool'" in caplog.text


async def test_an_application_may_return_instead_of_answering_shutdown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(STARTED)
        await receive()
        await receive()

    await whole(app)
    assert caplog.records == []


async def test_shutdown_waits_for_what_stands_around_the_application() -> None:
    steps: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(STARTED)
        await receive()
        await receive()
        await send(STOPPED)
        await asyncio.sleep(0)
        steps.append("middleware closed")

    await whole(app)
    assert steps == ["middleware closed"]


async def test_an_application_that_stays_after_shutdown_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "EXIT_GRACE", 0)
    ended = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(STARTED)
        await receive()
        await receive()
        await send(STOPPED)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    await whole(app)
    assert ended.is_set()


@pytest.mark.parametrize(
    "message",
    [STOPPED, {"type": "lifespan.shutdown.failed"}, {"type": "http.response.start"}, {}],
)
async def test_an_answer_out_of_turn_raises_at_the_send(message: dict[str, Any]) -> None:
    raised: list[LocalProtocolError] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send(message)
        except LocalProtocolError as error:
            raised.append(error)
        await send(STARTED)
        await receive()
        await receive()

    await whole(app)
    assert "due is lifespan.startup.complete" in str(raised[0])


@pytest.mark.parametrize("answer", [None, "lifespan.startup.complete", {"type": []}])
async def test_what_is_no_message_raises_at_the_send(answer: Any) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(LocalProtocolError, match="is no ASGI message"):
            await send(answer)
        await send(STARTED)
        reached.set()

    reached = asyncio.Event()
    await whole(app)
    assert reached.is_set()


async def test_an_answer_that_comes_twice_raises_at_the_second_send() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(STARTED)
        with pytest.raises(LocalProtocolError, match=r"due is nothing before lifespan\.shutdown"):
            await send(STARTED)
        reached.set()

    reached = asyncio.Event()
    await whole(app)
    assert reached.is_set()


async def test_asking_for_more_after_shutdown_raises(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})

    await whole(app)
    assert "There is no more lifespan message to come." in caplog.text


async def test_cancelling_a_startup_cancels_the_application() -> None:
    ended = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    lifespan = Lifespan(app, {})
    starting = asyncio.create_task(lifespan.startup())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait({starting})
    assert starting.cancelled()
    assert ended.is_set()
    assert lifespan.state is LifespanState.ENDED


async def test_cancelling_a_shutdown_cancels_the_application() -> None:
    ended = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(STARTED)
        await receive()
        await receive()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    lifespan = Lifespan(app, {})
    await lifespan.startup()
    stopping = asyncio.create_task(lifespan.shutdown())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stopping.cancel()
    await asyncio.wait({stopping})
    assert ended.is_set()


async def test_shutdown_before_startup_and_a_second_shutdown_do_nothing() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(STARTED)
        await receive()
        await receive()
        await send(STOPPED)

    await Lifespan(app, {}).shutdown()
    lifespan = await whole(app)
    await lifespan.shutdown()
    assert lifespan.state is LifespanState.ENDED
