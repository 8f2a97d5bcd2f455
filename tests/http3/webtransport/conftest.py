"""Fixtures of the tests of WebTransport: a host, and a client whose session it has accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.http3.conftest import errors
from tests.http3.webtransport.harness import Host, SessionClient, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.http3.conftest import LoggedErrors

__all__ = ["client", "errors", "host"]


@pytest.fixture
def host() -> Host:
    return Host()


@pytest_asyncio.fixture(params=["whole", "bytewise"])
async def client(
    request: pytest.FixtureRequest, host: Host, errors: LoggedErrors
) -> AsyncIterator[SessionClient]:
    """Its session is on stream 0; each test runs twice, with its bytes whole and one at a time."""
    client = await opened(host, split=request.param == "bytewise")
    yield client
    await client.end()
