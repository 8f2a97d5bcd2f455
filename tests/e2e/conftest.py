"""What an end-to-end test asks for: a certificate, servers, raw clients, and an end in time.

    async def test_hello(serve: Serve, connect: Connect) -> None:
        client = await connect(await serve(hello))
        assert (await client.get("/")).status == 200

Clients go before servers when a test ends, and a server goes by force.
"""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from h3producer.server.certificates.development import make_development_certificate
from h3producer.server.certificates.files import CertificateFiles
from tests.deadline import deadline
from tests.e2e.raw_client import RawClient
from tests.e2e.server import address_of, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from h3producer.server.server import Server
    from tests.e2e.raw_client import Address, Connect
    from tests.e2e.server import Serve

__all__ = ["connect", "deadline", "files", "no_faults", "serve"]


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    """A development certificate, as `h3producer cert` makes it."""
    files = CertificateFiles.in_directory(tmp_path_factory.mktemp("certificate"))
    files.write(make_development_certificate())
    return files


@pytest.fixture
async def serve(files: CertificateFiles) -> AsyncIterator[Serve]:
    async with AsyncExitStack() as servers:

        async def serve(app: object, **settings: object) -> Server:
            return await servers.enter_async_context(running(app, files, **settings))

        yield serve


@pytest.fixture
async def connect(serve: Serve, files: CertificateFiles) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as clients:

        async def connect(
            to: Server | Address, *, gives_credit: bool = True, **settings: int
        ) -> RawClient:
            address = to if isinstance(to, tuple) else address_of(to)
            client = RawClient.connected(
                address, cafile=files.certfile, gives_credit=gives_credit, **settings
            )
            return await clients.enter_async_context(client)

        yield connect


@pytest.fixture(autouse=True)
def no_faults(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client or an application does, the server itself must not fail.

    What applications raise is logged under `h3producer.error`, and is the tests' own doing.
    """
    yield
    faults = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.levelno >= logging.ERROR and record.name != "h3producer.error"
    ]
    assert not faults, faults
