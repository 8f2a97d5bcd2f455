"""`h3producer top` beside a server that runs, and a client of it that does not read."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import termios
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests.e2e.apps import Streaming, routed
from tests.e2e.observed import PATIENCE
from tests.e2e.server import command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve

pytest.importorskip("rich", reason="rich is not installed")
pytest.importorskip("h11", reason="h11 is not installed")

pytestmark = pytest.mark.once

KIB = 1024
WINDOW = 64 * KIB


async def stalled(serve: Serve, connect: Connect, directory: Path) -> str:
    """A server, and a client that took as much as fits its window; where an operator looks."""
    address = f"unix:{directory}/admin"
    server = await serve(routed(stream=Streaming(32 * 1024 * KIB)), admin_bind=address)
    client = await connect(server, gives_credit=False, max_stream_data=WINDOW)
    stuck = client.request("/stream")
    await client.until(lambda: client.quic.downloaded(stuck.stream_id) == WINDOW)
    await client.settle()
    return address


async def test_a_client_that_does_not_read_is_seen_to_hold_its_writer_up(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    address = await stalled(serve, connect, tmp_path)
    outcome = await command("top", address, "--once", COLUMNS="120")
    assert outcome.exit_code == 0, outcome.stderr
    said = outcome.stdout.decode()
    assert "1 connection, 1 request, 1 paused" in said
    assert re.search(r" 0 200 GET /stream +\d+K .*paused", said), said


async def test_a_script_reads_the_same(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    address = await stalled(serve, connect, tmp_path)
    outcome = await command("top", address, "--json")
    (connection,) = json.loads(outcome.stdout)["connections"]
    assert connection["streams"][0]["paused"] is True


class Screen:
    """A terminal with the command in it."""

    def __init__(self, process: asyncio.subprocess.Process, ours: int) -> None:
        self.process = process
        self.text = ""
        self._ours = ours

    async def shows(self, words: str) -> None:
        """Wait until they are there."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE):
            while words not in self.text:
                self.text += (await loop.run_in_executor(None, os.read, self._ours, 65536)).decode(
                    errors="replace"
                )

    def press(self, key: str) -> None:
        os.write(self._ours, key.encode())

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def terminal(*arguments: str) -> AsyncIterator[Screen]:
    """`h3producer ARGUMENTS` in a terminal of its own, which must be left as it was found."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    before = termios.tcgetattr(theirs)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "h3producer", *arguments),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
    )
    try:
        yield Screen(process, ours)
        assert termios.tcgetattr(theirs) == before
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(theirs)
        os.close(ours)


@pytest.mark.parametrize("how", ["q", "INT"])
async def test_it_is_left_by_a_key_or_by_int(
    serve: Serve, connect: Connect, tmp_path: Path, how: str
) -> None:
    address = await stalled(serve, connect, tmp_path)
    async with terminal("top", address) as screen:
        await screen.shows("paused")
        if how == "q":
            screen.press("q")
        else:
            screen.process.send_signal(signal.SIGINT)
        assert await screen.ended() == 0
