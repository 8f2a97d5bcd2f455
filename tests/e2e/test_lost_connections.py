"""A server that is killed, and a worker: whoever comes back to it hears at once that it is gone.

Without a stateless reset a client would wait for its idle timeout, which is 30 s here.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest

from h3producer.client.connection import connect
from h3producer.client.errors import ClientError
from h3producer.client.target import Target
from tests.e2e.server import command, command_server

if TYPE_CHECKING:
    from pathlib import Path

    from h3producer.client.connection import ClientConnection
    from h3producer.server.certificates.files import CertificateFiles

pytestmark = pytest.mark.once

SOON = 10.0
"""Seconds: a third of the idle timeout, on a machine that has much else to do."""


def arguments(files: CertificateFiles) -> tuple[str, ...]:
    certificate = ("--certfile", str(files.certfile), "--keyfile", str(files.keyfile))
    return ("tests.e2e.whereabouts:app", *certificate, "--host", "127.0.0.1")


async def process_of(client: ClientConnection) -> int:
    """Which process answers."""
    response = client.request("GET", "/where")
    assert await response.head() == 200
    return int(dict(response.headers)[b"x-process"])


async def hears_that_it_is_lost(client: ClientConnection) -> None:
    async with asyncio.timeout(SOON):
        with pytest.raises(ClientError, match="ended: Stateless reset: the peer has lost the conn"):
            await client.request("GET").head()


async def test_a_server_that_was_killed_and_is_back_says_so(
    files: CertificateFiles, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(os.urandom(32))
    words = (*arguments(files), "--secret-file", str(secret))
    async with command_server(*words, "--port", "0") as server:
        target = Target.from_url(server.url)
        async with connect(target, cafile=files.certfile) as client:
            await process_of(client)
            server.process.kill()
            await server.process.wait()
            async with command_server(*words, "--port", str(target.port)):
                await hears_that_it_is_lost(client)


@pytest.mark.parametrize("steering", ["kernel", "relay"])
async def test_clients_of_a_worker_that_was_killed_hear_it_from_another(
    files: CertificateFiles, steering: str
) -> None:
    words = (*arguments(files), "--port", "0", "--workers", "2", "--steering", steering)
    async with command_server(*words) as server:
        target = Target.from_url(server.url)
        async with connect(target, cafile=files.certfile) as client:
            os.kill(await process_of(client), signal.SIGKILL)
            await server.says("Worker .* ended")
            await hears_that_it_is_lost(client)


async def test_a_secret_that_is_none_is_one_sentence(files: CertificateFiles) -> None:
    for workers in ("1", "2"):
        words = (*arguments(files), "--port", "0", "--workers", workers)
        outcome = await command(*words, "--secret-file", "missing")
        assert outcome.exit_code == 3
        sentence = "Cannot read the secret file 'missing': No such file or directory."
        assert sentence in outcome.stderr
