"""Fixtures of the core's tests: clients that are looked at afterwards, and errors in the log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.fakes import RecordingWatch
from tests.http3.harness import CONFIG, Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from h3producer.config import Config
    from h3producer.http3.stream import Handler


class Connect(Protocol):
    def __call__(
        self, handler: Handler, *, config: Config = CONFIG, early: bool = False
    ) -> Client: ...


class LoggedErrors(logging.Handler):
    """Remembers what was logged as an error or worse; each must be asked for."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)

    def take(self) -> list[str]:
        """The messages so far, each with its exception; forgets them."""
        records, self._records = self._records, []
        return [_describe(record) for record in records]


def _describe(record: logging.LogRecord) -> str:
    exception = record.exc_info and record.exc_info[1]
    return f"{record.getMessage()}: {exception!r}"


@pytest.fixture
def errors() -> Iterator[LoggedErrors]:
    """Errors logged by us, and by asyncio about a task of ours; none may be left over."""
    handler = LoggedErrors()
    loggers = [logging.getLogger("h3producer"), logging.getLogger("asyncio")]
    for logger in loggers:
        logger.addHandler(handler)
    yield handler
    for logger in loggers:
        logger.removeHandler(handler)
    assert handler.take() == []


@pytest.fixture(params=["whole", "bytewise"])
async def connect(request: pytest.FixtureRequest, errors: LoggedErrors) -> AsyncIterator[Connect]:
    """Makes clients; each test runs twice, with the client's bytes whole, and one at a time with
    somebody who watches."""
    clients: list[Client] = []

    def connect(handler: Handler, *, config: Config = CONFIG, early: bool = False) -> Client:
        split = request.param == "bytewise"
        watch = RecordingWatch() if split else None
        client = Client(handler, config=config, split=split, early=early, watch=watch)
        clients.append(client)
        return client

    yield connect
    for client in clients:
        await client.check()
