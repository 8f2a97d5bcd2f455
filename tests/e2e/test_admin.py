"""What an operator sees of a server that was started by command, alone and with workers."""

from __future__ import annotations

import asyncio
import json
import signal
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from h3producer.client.connection import connect
from h3producer.client.target import Target
from tests.e2e.server import command_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.server import CommandServer

pytest.importorskip("h11", reason="h11 is not installed")
pytest.importorskip("prometheus_client", reason="prometheus-client is not installed")

pytestmark = pytest.mark.once

APP = """
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with an application, and a place for its certificate."""
    (tmp_path / "hello.py").write_text(APP)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def options(here: Path, *more: str) -> list[str]:
    return ["hello:app", "--app-dir", str(here), "--port", "0", *more]


def admin_of(server: CommandServer) -> str:
    """Where operators look, as the server says when it starts."""
    (line,) = [line for line in server.log if "Operators see it on " in line]
    return line.partition(" on ")[2].rstrip(".")


async def page(url: str) -> tuple[int, str]:
    """Status and content."""

    def ask() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    return await asyncio.to_thread(ask)


async def fetch(server: CommandServer, here: Path, times: int = 1) -> None:
    cafile = here / "state" / "h3producer" / "localhost.pem"
    for _ in range(times):
        async with connect(Target.from_url(f"{server.url}/"), cafile=cafile) as connection:
            response = connection.request("GET")
            await response.head()
            assert b"".join([piece async for piece in response]) == b"hello"


async def requests_counted(admin: str) -> float:
    """Of all that were answered with 200."""
    _, said = await page(f"{admin}/metrics")
    lines = [each for each in said.splitlines() if "request_duration_seconds_count{" in each]
    return sum(float(each.rpartition(" ")[2]) for each in lines if '"200"' in each)


async def test_an_operator_sees_requests_and_the_end_coming(here: Path) -> None:
    more = ("--admin-bind", "127.0.0.1:0", "--drain-delay", "30")
    async with command_server(*options(here, *more)) as server:
        admin = admin_of(server)
        await fetch(server, here, 2)
        assert await requests_counted(admin) == 2
        assert await page(f"{admin}/readyz") == (200, "serving\n")
        server.signal(signal.SIGTERM)
        await server.says("Draining")
        assert await page(f"{admin}/readyz") == (503, "draining\n")
        assert (await page(f"{admin}/healthz"))[0] == 200
        server.signal(signal.SIGINT)
        server.signal(signal.SIGINT)
        assert await server.ended() == 0


async def test_with_workers_the_parent_knows_what_all_of_them_have_seen(here: Path) -> None:
    more = ("--admin-bind", "127.0.0.1:0", "--workers", "2")
    async with command_server(*options(here, *more)) as server:
        admin = admin_of(server)
        await fetch(server, here, 6)
        assert await requests_counted(admin) == 6
        assert json.loads((await page(f"{admin}/connections"))[1])["left_out"] == 0
        server.signal(signal.SIGHUP)
        for _ in range(2):
            await server.says(r"Worker \d+ .* serves")
        # Two have gone, and two others have seen nothing yet.
        assert await requests_counted(admin) == 6
        await fetch(server, here)
        assert await requests_counted(admin) == 7
        server.signal(signal.SIGTERM)
        assert await server.ended() == 0
