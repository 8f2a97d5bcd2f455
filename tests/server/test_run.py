"""Tests of `server/run.py`: how many processes the settings ask for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config, ConfigError
from h3producer.server import run as run_module
from h3producer.server.errors import StartupError
from h3producer.server.run import run, serve
from h3producer.server.server import Server
from h3producer.server.workers import parent

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream


async def app(stream: Http3Stream) -> None: ...


@pytest.fixture
def began(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Config]]:
    """What would have been run, and with which settings."""
    began: list[tuple[str, Config]] = []

    class Recorded(Server):
        def run(self) -> None:
            began.append(("server", self.config))

        async def serve(self) -> None:
            began.append(("serve", self.config))

    monkeypatch.setattr(run_module, "Server", Recorded)
    monkeypatch.setattr(run_module, "configure_logging", lambda config: None)
    monkeypatch.setattr(parent, "run_workers", lambda config: began.append(("workers", config)))
    monkeypatch.setattr(parent, "run_reloading", lambda config: began.append(("reload", config)))
    return began


def names(began: list[tuple[str, Config]]) -> list[str]:
    return [name for name, _ in began]


async def test_serve_takes_an_application_and_a_config(began: list[tuple[str, Config]]) -> None:
    await serve(app, Config(port=1))
    await serve(app)
    assert [(name, each.app, each.port) for name, each in began] == [
        ("serve", app, 1),
        ("serve", app, 4433),
    ]


def test_run_sets_up_logging_first(
    monkeypatch: pytest.MonkeyPatch, began: list[tuple[str, Config]]
) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(run_module, "configure_logging", lambda config: seen.append(names(began)))
    run(app, port=0)
    assert (seen, names(began)) == ([[]], ["server"])


def test_run_refuses_a_wrong_setting() -> None:
    with pytest.raises(ConfigError, match="port must be between"):
        run("hello:app", port=70000)


def test_an_application_object_is_served_by_this_process(began: list[tuple[str, Config]]) -> None:
    run(app, workers=1, limit_max_requests=10)
    assert names(began) == ["server"]


def test_workers_have_a_parent(began: list[tuple[str, Config]]) -> None:
    run("hello:app", workers=2)
    assert names(began) == ["workers"]


def test_with_a_limit_on_requests_one_worker_has_a_parent_too(
    began: list[tuple[str, Config]],
) -> None:
    run("hello:app", limit_max_requests=10)
    assert names(began) == ["workers"]


def test_where_there_are_no_workers_the_limit_ends_the_server(
    monkeypatch: pytest.MonkeyPatch, began: list[tuple[str, Config]]
) -> None:
    monkeypatch.setattr(run_module, "HAS_WORKERS", False)
    run("hello:app", limit_max_requests=10)
    assert names(began) == ["server"]


def test_with_reload_there_is_one_worker_and_that_is_said(
    began: list[tuple[str, Config]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "h3producer.error")
    run("hello:app", reload=True, workers=3)
    assert names(began) == ["reload"]
    assert caplog.messages == ["With reload there is one worker, not 3."]


@pytest.mark.parametrize("settings", [{"workers": 2}, {"reload": True}])
def test_an_application_object_has_no_workers(settings: dict[str, object]) -> None:
    with pytest.raises(StartupError, match="each process imports the application: name it as"):
        run(app, **settings)


@pytest.mark.parametrize(
    ("settings", "what"), [({"workers": 2}, "workers"), ({"reload": True}, "reload")]
)
def test_where_there_are_no_workers_that_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], what: str
) -> None:
    monkeypatch.setattr(run_module, "HAS_WORKERS", False)
    with pytest.raises(StartupError, match=rf"There is no {what} on .*; run one server per port"):
        run("hello:app", **settings)


@pytest.mark.parametrize("settings", [{"workers": 2}, {"reload": True}])
async def test_a_server_alone_refuses_to_be_many(settings: dict[str, object]) -> None:
    config = Config(app=app, **settings)  # type: ignore[arg-type]  # two fields
    with pytest.raises(StartupError, match=r"call h3producer\.run to have workers"):
        await Server(config).serve()
