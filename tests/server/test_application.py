"""Tests of `server/application.py`: both kinds of application, and the lifespan of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.config import Config
from h3producer.server.application import Application
from h3producer.server.errors import AppLoadError, StartupError

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream


async def handler(stream: Http3Stream) -> None: ...


class App:
    """An ASGI application that writes down its lifespan; `failure` refuses to start."""

    def __init__(self, failure: str | None = None) -> None:
        self.events: list[str] = []
        self.failure = failure

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        while True:
            event = (await receive())["type"]
            self.events.append(event)
            if self.failure is not None:
                await send({"type": f"{event}.failed", "message": self.failure})
                return
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return


def test_a_handler_is_itself() -> None:
    assert Application(Config(app=handler)).handler is handler


def test_an_asgi_application_gets_an_adapter() -> None:
    assert isinstance(Application(Config(app=App())).handler, AsgiAdapter)


def test_an_adapter_of_the_users_own_is_taken_as_it_is() -> None:
    adapter = AsgiAdapter(App())
    assert Application(Config(app=adapter)).handler is adapter


def test_anything_else_is_refused() -> None:
    with pytest.raises(AppLoadError, match="'int' cannot be called"):
        Application(Config(app=1))


async def test_the_lifespan_goes_around_the_block() -> None:
    app = App()
    async with Application(Config(app=app)).lifespan():
        assert app.events == ["lifespan.startup"]
    assert app.events == ["lifespan.startup", "lifespan.shutdown"]


async def test_a_handler_has_no_lifespan() -> None:
    async with Application(Config(app=handler)).lifespan():
        pass


async def test_a_block_that_raises_gets_its_shutdown_and_its_error() -> None:
    app = App()
    with pytest.raises(RuntimeError, match="boom"):
        async with Application(Config(app=app)).lifespan():
            raise RuntimeError("boom")
    assert app.events[-1] == "lifespan.shutdown"


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        ("no database", "The application's lifespan startup failed: no database."),
        ("", "The application's lifespan startup failed."),
        (
            'Traceback:\n  File "x"\nValueError: no database.\n',
            "The application's lifespan startup failed: ValueError: no database.",
        ),
    ],
)
async def test_a_refusal_is_one_sentence(failure: str, sentence: str) -> None:
    with pytest.raises(StartupError) as caught:
        async with Application(Config(app=App(failure))).lifespan():
            pytest.fail("the block must not run")
    assert str(caught.value) == sentence


async def test_what_does_not_fit_into_a_sentence_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(StartupError):
        async with Application(Config(app=App("first\nlast"))).lifespan():
            pytest.fail("the block must not run")
    assert caplog.messages == ["The application failed to start:\nfirst\nlast"]
