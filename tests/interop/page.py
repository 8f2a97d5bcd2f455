"""`examples/browser` in a real Chromium, through Playwright: the rows of its table.

    python -m tests.interop.page

renews the picture in `docs/`. This file knows how to open the page and when it is done. It refuses
to know with which flags (`chromium.py`) and what a row must say. Its one rule: what the page shows
is what a person would see.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.e2e.server import command_server
from tests.interop.chromium import CHROMIUM, WEBSOCKET_OVER_HTTP_3, printed_flags

__all__ = ["Row", "visit"]

ROOT = Path(__file__).parent.parent.parent
PICTURE = ROOT / "docs" / "browser.png"

PATIENCE = 40_000.0
"""Milliseconds until the page is done; it takes three seconds on an idle machine."""


class Row(NamedTuple):
    """What the page says of one thing that it did."""

    what: str
    result: str
    protocol: str


async def visit(state: Path, picture: Path | None = None) -> list[Row]:
    """Serve the page, let Chromium do all that is on it, and read the table.

    `state` is a directory for the development certificate. Needs Playwright and Chromium.
    """
    from playwright.async_api import async_playwright

    arguments = ("--app-dir", str(ROOT / "examples" / "browser"), "app:app", "--webtransport")
    address = ("--host", "localhost", "--port", "0")
    async with (
        command_server(*arguments, *address, XDG_STATE_HOME=str(state)) as server,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*printed_flags(server), WEBSOCKET_OVER_HTTP_3]
        )
        page = await browser.new_page(viewport={"width": 1000, "height": 540})
        await page.goto(f"https://localhost:{server.address[1]}/")
        await page.wait_for_selector("body[data-done]", timeout=PATIENCE)
        rows = [
            Row(*(await row.locator("td").all_inner_texts())[:3])
            for row in await page.locator("tbody tr").all()
        ]
        if picture is not None:
            await page.screenshot(path=picture)
        await browser.close()
    return rows


def main() -> None:
    with tempfile.TemporaryDirectory() as state:
        rows = asyncio.run(visit(Path(state), PICTURE))
    for row in rows:
        print(f"{row.what:20} {row.protocol:4} {row.result}")


if __name__ == "__main__":
    main()
