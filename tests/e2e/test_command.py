"""A user's first minute and a server's last, by command: processes, files and signals.

What can go wrong on the way is in `test_command_line.py` and `test_get.py`.
"""

from __future__ import annotations

import signal
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode
from h3producer.server.certificates.files import CertificateFiles
from tests.e2e.server import CommandServer, command, command_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.raw_client import Connect

ROOT = Path(__file__).parent.parent.parent
HELLO = ("--app-dir", str(ROOT / "examples"), "hello:app", "--port", "0")


@asynccontextmanager
async def slow_server(files: CertificateFiles) -> AsyncIterator[CommandServer]:
    """`tests/e2e/slow_app.py`, served by command."""
    certificate = ("--ssl-certfile", str(files.certfile), "--ssl-keyfile", str(files.keyfile))
    app = ("--app-dir", str(ROOT), "tests.e2e.slow_app:app", "--port", "0")
    async with command_server(*app, *certificate) as server:
        yield server


async def test_two_commands_without_any_setup(tmp_path: Path) -> None:
    home = str(tmp_path)
    async with command_server(*HELLO, XDG_STATE_HOME=home) as server:
        assert await command("get", server.url, XDG_STATE_HOME=home) == (
            0,
            b"Hello over HTTP/3!\n",
            "",
        )


async def test_a_certificate_made_by_command_serves(tmp_path: Path) -> None:
    made = await command("cert", "--out", str(tmp_path), "--host", "localhost")
    assert made.exit_code == 0
    files = CertificateFiles.in_directory(tmp_path)

    named = ("--certfile", str(files.certfile), "--keyfile", str(files.keyfile))
    async with command_server(*HELLO, *named) as server:
        url = f"https://localhost:{server.address[1]}/"
        got = await command("get", "--cacert", str(files.certfile), url)

    assert got.stdout == b"Hello over HTTP/3!\n"


async def test_sigterm_lets_a_request_end(files: CertificateFiles, connect: Connect) -> None:
    async with slow_server(files) as server:
        client = await connect(server.address)
        slow = client.request("/slow", method="POST", end=False)
        await slow.until_body(1)

        server.signal(signal.SIGTERM)
        await client.until(lambda: bool(client.goaways))
        slow.send(b"", end=True)

        assert bytes((await slow.over()).body) == b"first last"
        assert await client.closed() == ErrorCode.H3_NO_ERROR
        assert await server.ended() == 0
    said = [line for line in server.log if line.startswith("app: ")]
    assert said == ["app: startup", "app: answered", "app: shutdown"]


async def test_a_second_sigint_does_not_wait(files: CertificateFiles, connect: Connect) -> None:
    async with slow_server(files) as server:
        client = await connect(server.address)
        slow = client.request("/slow", method="POST", end=False)
        await slow.until_body(1)

        server.signal(signal.SIGINT)
        await client.until(lambda: bool(client.goaways))
        assert server.process.returncode is None
        server.signal(signal.SIGINT)

        assert await client.closed() == ErrorCode.H3_NO_ERROR
        assert not slow.ended
        assert await server.ended() == 0
    assert "app: shutdown" in server.log
