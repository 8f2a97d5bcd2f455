"""What an interop test asks for: our server, and each of the independent clients in its process.

    async def test_hello(client: ClientProcess) -> None:
        [answer] = await client.exchange({"path": "/hello"})
        assert answer["status"] == 200

A client of pip that is not installed fails its tests: they are what `make test` promises. One that
died is started again for the next test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from h3producer.config import Config
from h3producer.server.server import Server
from tests.deadline import deadline
from tests.interop.app import InteropApp
from tests.interop.authority import Authority
from tests.interop.client_process import ClientProcess
from tests.interop.roster import contender_named

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.raw_client import Address

__all__ = ["authority", "client", "deadline", "server_address"]

CLIENTS = ["curl_cffi", "niquests", "httpcloak", "soyokaze"]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made_in(tmp_path_factory.mktemp("authority"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server_address(authority: Authority) -> AsyncIterator[Address]:
    """Our server, in this loop."""
    config = Config(
        app=InteropApp(),
        host="127.0.0.1",
        port=0,
        certfile=str(authority.certfile),
        keyfile=str(authority.keyfile),
    )
    async with Server(config) as server:
        yield server.addresses[0]
        server.force_exit = True


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=CLIENTS)
async def client(
    request: pytest.FixtureRequest, server_address: Address, authority: Authority
) -> AsyncIterator[ClientProcess]:
    """Each of the clients in turn."""
    client = ClientProcess(contender_named(request.param), server_address, authority.cafile)
    yield client
    await client.close()
