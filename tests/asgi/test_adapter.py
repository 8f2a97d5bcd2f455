"""One application, one namespace, one lifespan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.asgi.errors import LifespanFailed
from tests.asgi.exchange import START, Exchange, body

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send


class App:
    """Has a lifespan, and answers with what the lifespan left in the state."""

    def __init__(self, answer: str = "lifespan.startup.complete") -> None:
        self.answer = answer
        self.steps: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            scope["state"]["word"] = "hello"
            self.steps.append("startup")
            await send({"type": self.answer, "message": "no database"})
            await receive()
            self.steps.append("shutdown")
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await send(START)
            await send(body(scope["state"]["word"].encode()))


async def test_the_lifespan_surrounds_the_requests_and_its_state_reaches_them() -> None:
    app = App()
    adapter = AsgiAdapter(app)
    async with adapter.lifespan():
        exchange = await Exchange(adapter).finished()
        app.steps.append("request")
    assert exchange.body == b"hello"
    assert app.steps == ["startup", "request", "shutdown"]


async def test_a_startup_that_fails_keeps_the_block_from_running() -> None:
    app = App("lifespan.startup.failed")
    with pytest.raises(LifespanFailed, match="no database"):
        async with AsgiAdapter(app).lifespan():
            app.steps.append("served")
    assert app.steps == ["startup"]


async def test_the_application_is_shut_down_when_the_block_raises() -> None:
    app = App()
    with pytest.raises(KeyError):
        async with AsgiAdapter(app).lifespan():
            raise KeyError
    assert app.steps == ["startup", "shutdown"]


async def test_a_callers_namespace_is_used_as_it_is() -> None:
    state: dict[str, Any] = {}
    async with AsgiAdapter(App(), state=state).lifespan():
        assert state == {"word": "hello"}


def test_what_cannot_be_called_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="is a callable, which 'app' is not"):
        AsgiAdapter("app")  # type: ignore[arg-type]


def test_an_adapter_names_its_application() -> None:
    assert repr(AsgiAdapter(App())).startswith("<AsgiAdapter <")


async def test_a_connect_is_answered_without_the_application() -> None:
    app = App()
    exchange = await Exchange(AsgiAdapter(app), method="CONNECT").finished()
    assert exchange.status == 501
    assert app.steps == []
