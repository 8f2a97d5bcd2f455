"""What an interop test asks for: our server, and each of the independent clients in its process.

    async def test_hello(browser: Browser) -> None:
        [answer] = await browser.exchange({"path": "/hello"})
        assert answer["status"] == 200

A client that is not installed fails its tests: they are what `make test` promises. One that died
is started again for the next test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from h3producer.config import Config
from h3producer.server.server import Server
from tests.deadline import deadline
from tests.interop.app import app
from tests.interop.authority import Authority
from tests.interop.browser import Browser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Browser", "authority", "browser", "deadline", "origin"]

CLIENTS = ["curl_cffi", "niquests", "httpcloak", "soyokaze"]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made_in(tmp_path_factory.mktemp("authority"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def origin(authority: Authority) -> AsyncIterator[str]:
    """Our server, in this loop; its URL."""
    config = Config(
        app=app, port=0, certfile=str(authority.certfile), keyfile=str(authority.keyfile)
    )
    async with Server(config) as server:
        yield f"https://localhost:{server.addresses[0][1]}"
        server.force_exit = True


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=CLIENTS)
async def browser(
    request: pytest.FixtureRequest, origin: str, authority: Authority
) -> AsyncIterator[Browser]:
    """Each of the clients in turn."""
    browser = Browser(request.param, origin, authority.cafile)
    yield browser
    await browser.close()
