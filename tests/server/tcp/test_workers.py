"""Workers with both sides: TCP's sockets are shared by all, and a roll loses no request there."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from tests.e2e.server import command_server
from tests.server.tcp.clients import Http2Client
from tests.server.tcp.conftest import VERSIONS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.server import CommandServer
    from tests.server.tcp.clients import Client

pytestmark = pytest.mark.once

PAUSE = 0.01
"""Seconds between two requests of a client, which is there all the time and leaves the processor to
the processes that start."""

OPTIONS = ("--app-dir", ".", "tests.e2e.worker_app:app", "--host", "127.0.0.1", "--port", "0")


async def answered(version: type[Client], server: CommandServer) -> bytes:
    """What a new client is answered."""
    async with await version.connected(server.address) as client:
        answer = await client.get("/")
        assert (answer.status, answer.ended) == (200, True)
        return bytes(answer.body)


async def test_a_roll_under_load_loses_no_request(tmp_path: Path) -> None:
    async with command_server(
        *OPTIONS, "--workers", "2", "--with-tcp", "--no-access-log", XDG_STATE_HOME=str(tmp_path)
    ) as server:
        before = {await answered(Http2Client, server) for _ in range(10)}
        rolled = asyncio.Event()
        after: set[bytes] = set()

        async def keep_asking(version: type[Client]) -> None:
            while not rolled.is_set():
                async with await version.connected(server.address) as client:
                    # As long as the connection is welcome, on the same one.
                    while not (rolled.is_set() or client.is_told_to_leave):
                        answer = await client.get("/")
                        assert (answer.status, answer.ended) == (200, True)
                        after.add(bytes(answer.body))
                        await asyncio.sleep(PAUSE)

        asking = [asyncio.create_task(keep_asking(version)) for version in VERSIONS]
        server.signal(signal.SIGHUP)
        for _ in range(2):
            await server.says(r"app: shutdown")  # the last that a worker does
        for _ in range(10):
            assert await answered(Http2Client, server) not in before
        rolled.set()
        await asyncio.gather(*asking)

        assert after - before, "Nobody else has answered."
        server.signal(signal.SIGTERM)
        assert await server.ended() == 0
    assert [line for line in server.log if "over TCP" in line][1:] == [], "It was said once."
