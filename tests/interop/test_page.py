"""All that a browser does over HTTP/3, on one page, in a real one; see `examples/browser`.

Chromium is no Python package and Playwright is large, so where they are not installed these tests
are skipped: Debian's `chromium` and the extra `browser` bring them.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from tests.interop.chromium import CHROMIUM
from tests.interop.page import visit

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None, reason="Playwright is not installed here"
    ),
]


async def test_everything_on_the_page_goes_over_http_3(tmp_path: Path) -> None:
    rows = await visit(tmp_path)

    assert {row.what: row.protocol for row in rows} == dict.fromkeys(
        (
            "page",
            "100 images",
            "streamed response",
            "server-sent events",
            "upload",
            "streaming upload",
            "aborted download",
            "WebSocket",
            "WebTransport",
        ),
        "h3",
    ), rows
