"""What a test of the TCP side asks for: a server with both sides, and a client of either version.

    async def test_hello(served: Serve, dial: Dial) -> None:
        client = await dial(await served(hello))
        assert (await client.get("/")).status == 200

`dial` is there once for HTTP/1.1 and once for HTTP/2.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.deadline import deadline
from tests.e2e.conftest import connect, files, no_faults, serve
from tests.e2e.server import running
from tests.server.tcp.clients import Client, Http1Client, Http2Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from h3producer.server.certificates.files import CertificateFiles
    from h3producer.server.server import Server
    from tests.e2e.server import Serve

__all__ = [
    "VERSIONS",
    "Dial",
    "connect",
    "deadline",
    "dial",
    "files",
    "no_faults",
    "serve",
    "served",
]


VERSIONS: list[type[Client]] = [Http1Client, Http2Client]


class Dial(Protocol):
    """Connect to a server."""

    async def __call__(self, to: Server | tuple[str, int]) -> Client: ...


@pytest.fixture
async def served(files: CertificateFiles) -> AsyncIterator[Serve]:
    async with AsyncExitStack() as servers:

        async def serve(app: object, **settings: object) -> Server:
            settings = {"with_tcp": True, **settings}
            return await servers.enter_async_context(running(app, files, **settings))

        yield serve


@pytest.fixture(params=VERSIONS, ids=["http/1.1", "http/2"])
async def dial(request: pytest.FixtureRequest, served: Serve) -> AsyncIterator[Dial]:
    """A client of each version; it goes before the server."""
    async with AsyncExitStack() as clients:

        async def dial(to: Server | tuple[str, int]) -> Client:
            return await clients.enter_async_context(await request.param.connected(to))

        yield dial
