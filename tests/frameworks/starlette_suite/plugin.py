"""The plugin of pytest by which Starlette's tests run over HTTP/3; `__main__.py` names it.

This file knows which two things of `starlette.testclient` are replaced: how a request travels, and
who runs the lifespan. It refuses to know tests. Its one rule: each test is reported with whether it
made a request, since a test that made none says nothing about us.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette import testclient

from h3producer.server.errors import StartupError
from tests.frameworks.starlette_suite.served import call
from tests.frameworks.starlette_suite.transport import Http3Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = "STARLETTE_SUITE_RESULTS"
"""The environment variable that names the file for the results."""

_results: list[dict[str, Any]] = []


def enter(client: Any) -> Any:
    """`TestClient.__enter__`: the server's own lifespan, and what the application raised in it."""
    served = client._transport.served
    served.lifespan_error = None
    try:
        call(served.open(has_lifespan=True))
    except StartupError:
        if served.lifespan_error is not None:
            raise served.lifespan_error from None
        raise
    return client


def leave(client: Any, *_: object) -> None:
    """`TestClient.__exit__`."""
    served = client._transport.served
    call(served.close())
    if served.lifespan_error is not None:
        raise served.lifespan_error


def pytest_configure() -> None:
    testclient._TestClientTransport = Http3Transport  # type: ignore[misc]  # the point of it all
    testclient.TestClient.__enter__ = enter  # type: ignore[method-assign]
    testclient.TestClient.__exit__ = leave  # type: ignore[method-assign]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without those on trio, on which this server does not run."""
    left = [item for item in items if "trio" not in item.name]
    config.hook.pytest_deselected(items=[item for item in items if item not in left])
    items[:] = left


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    Http3Transport.made_requests = False
    return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        _results.append(
            {
                "test": report.nodeid,
                "outcome": report.outcome,
                "over_http3": Http3Transport.made_requests,
                "because": report.longreprtext[-1500:],
            }
        )


def pytest_sessionfinish() -> None:
    Path(os.environ[RESULTS]).write_text(json.dumps(_results))
