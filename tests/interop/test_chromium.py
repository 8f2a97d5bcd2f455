"""A real browser, started with the very line that the server prints for it.

Chromium is no Python package, so where it is not installed these tests are skipped: Debian's
package `chromium` brings it. Its QUIC stack is Google's quiche, its TLS BoringSSL.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.server import command_server
from tests.interop.chromium import CHROMIUM, QUIET, printed_flags

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


async def test_chromium_shows_a_page_over_http_3(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    app = ("--app-dir", str(EXAMPLES), "hello:app", "--host", "localhost", "--port", "0")
    async with command_server(*app, XDG_STATE_HOME=str(tmp_path / "state")) as server:
        browser = await asyncio.create_subprocess_exec(
            CHROMIUM,
            *QUIET,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--no-first-run",
            *printed_flags(server),
            "--dump-dom",
            f"https://localhost:{server.address[1]}/",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        page, _ = await asyncio.wait_for(browser.communicate(), 50)

    # Nothing listens on TCP, so it can only have come over HTTP/3.
    assert b"Hello over HTTP/3!" in page
