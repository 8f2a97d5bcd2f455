"""An independent client hears at once that its server has lost the connection (RFC 9000 §10.3).

The server is killed and started again with the same secret. Without a stateless reset these clients
wait for their idle timeout, which is 30 s with most of them.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from tests.e2e.server import command_server
from tests.interop.client_process import ClientProcess
from tests.interop.roster import contender_named

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.authority import Authority

pytestmark = pytest.mark.once

SOON = 4.0
"""Seconds: httpcloak asks elsewhere after 5, whatever it hears; all others wait for longer."""


@pytest.mark.parametrize("name", ["quic_go", "qh3", "curl_cffi", "httpcloak"])
async def test_it_asks_elsewhere_or_gives_up_at_once(
    name: str, authority: Authority, tmp_path: Path
) -> None:
    contender = contender_named(name)
    if contender.installation.version is None:
        pytest.skip(f"{contender.installation} is not installed.")
    secret = tmp_path / "secret"
    secret.write_bytes(os.urandom(32))
    certificate = ("--certfile", str(authority.certfile), "--keyfile", str(authority.keyfile))
    app = ("hello:app", "--app-dir", "examples", "--host", "127.0.0.1")
    words = (*app, *certificate, "--secret-file", str(secret))
    async with command_server(*words, "--port", "0") as server:
        client = ClientProcess(contender, server.address, authority.cafile)
        try:
            await client.exchange({"path": "/"})
            server.process.kill()
            await server.process.wait()
            async with command_server(*words, "--port", str(server.address[1])):
                async with asyncio.timeout(SOON):
                    assert await ends(client)
        finally:
            await client.close()


async def ends(client: ClientProcess) -> bool:
    """Whether the next request fails, or is answered on another connection."""
    try:
        [answer] = await client.exchange({"path": "/"})
    except AssertionError as error:
        return "raised" in str(error)
    return bool(answer["status"] == 200)
