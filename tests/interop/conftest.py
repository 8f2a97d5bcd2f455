"""What an interop test asks for: our server, and each of the independent clients in its process.

    async def test_hello(browser: Browser) -> None:
        [answer] = await browser.exchange({"path": "/hello"})
        assert answer["status"] == 200

A client that is not installed fails its tests: they are what `make test` promises. One that died
is started again for the next test.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from h3producer.config import Config
from h3producer.server.server import Server
from tests.deadline import deadline
from tests.interop.app import app
from tests.interop.authority import Authority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Browser", "authority", "browser", "deadline", "origin"]

ROOT = Path(__file__).parent.parent.parent
CLIENTS = ["curl_cffi", "niquests", "httpcloak", "soyokaze"]

PATIENCE = 25.0
"""Seconds for one line of requests; the longest takes one."""

LINE = 1 << 20
"""Bytes of an answer; bodies are not in it, only their digests."""


class Browser:
    """One client program and its one connection; see `clients/program.py`."""

    def __init__(self, name: str, origin: str, cafile: Path) -> None:
        self.name = name
        self._command = (f"tests.interop.clients.{name}", origin, str(cafile))
        self._process: asyncio.subprocess.Process | None = None

    async def exchange(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """Make requests on the connection; what came back, by the client's account."""
        process = self._process = self._process or await self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE):
                process.stdin.write(json.dumps(requests).encode() + b"\n")
                line = await process.stdout.readline()
        except TimeoutError:
            raise AssertionError(f"{self.name} has no answer: {await self._end()}") from None
        if not line:
            raise AssertionError(f"{self.name} died: {await self._end()}")
        answers = json.loads(line)
        assert isinstance(answers, list), f"{self.name} raised: {answers}"
        return answers

    async def close(self) -> None:
        """End the program."""
        if self._process is not None:
            await self._end()

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            limit=LINE,
        )

    async def _end(self) -> str:
        process, self._process = self._process, None
        assert process is not None
        if process.returncode is None:
            process.kill()
        _, errors = await process.communicate()
        return f"exit code {process.returncode}, {errors.decode(errors='replace')[-2000:]}"


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
