"""Clients that nobody tells to speak HTTP/3 find it by `alt-svc`: stock browsers, and curl.

Where a browser is not installed its test is skipped: Debian's `chromium`, `firefox-esr` and
`libnss3-tools` bring them. curl's is in the wheel of curl-cffi.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from curl_cffi import Curl, CurlInfo, CurlOpt

from h3producer.config import Config
from h3producer.server.server import Server
from tests.e2e.apps import hello
from tests.interop.stock_browsers import BROWSERS, browsing
from tests.interop.switching import SwitchingApp

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.authority import Authority

pytestmark = pytest.mark.once


def config_of(app: object, authority: Authority) -> Config:
    return Config(
        app=app,
        port=0,
        with_tcp=True,
        certfile=str(authority.certfile),
        keyfile=str(authority.keyfile),
    )


@pytest.mark.parametrize("name", ["Chromium", "Firefox"])
async def test_a_stock_browser_comes_by_tcp_and_goes_on_over_http_3(
    name: str, authority: Authority, tmp_path: Path
) -> None:
    if name not in BROWSERS:
        pytest.skip(f"{name} or certutil is not installed here")
    app = SwitchingApp()
    async with Server(config_of(app, authority)) as server:
        url = f"https://localhost:{server.addresses[0][1]}/"
        async with browsing(name, url, tmp_path, authority.cafile):
            told = await app.told()
        server.force_exit = True

    # The page itself came over TCP, and very soon all else over QUIC.
    assert (told["page"], app.seen[0]) == ("h2", ("2", "/"))
    assert told["tries"][-1] == "h3"
    assert len(told["tries"]) <= 5, "It took its time."
    assert told["stream"] == "h3"
    assert ("3", "/stream") in app.seen
    # Browsers open a WebSocket over TCP: on the HTTP/2 connection that is there (RFC 8441).
    assert told["socket"] == "hello"
    assert ("2", "/socket") in app.seen


async def test_curl_goes_on_over_http_3_once_it_has_heard_of_it(
    authority: Authority, tmp_path: Path
) -> None:
    cache = str(tmp_path / "alt-svc.txt").encode()

    def version_of_a_get(url: str) -> int:
        curl = Curl()
        curl.setopt(CurlOpt.URL, url.encode())
        curl.setopt(CurlOpt.CAINFO, str(authority.cafile).encode())
        curl.setopt(CurlOpt.WRITEDATA, BytesIO())
        curl.setopt(CurlOpt.ALTSVC, cache)
        curl.setopt(CurlOpt.ALTSVC_CTRL, 1 << 3 | 1 << 4 | 1 << 5)  # HTTP/1.1, HTTP/2, HTTP/3
        curl.perform()
        version = int(curl.getinfo(CurlInfo.HTTP_VERSION))
        curl.close()  # writes the cache
        return version

    async with Server(config_of(hello, authority)) as server:
        url = f"https://localhost:{server.addresses[0][1]}/"
        versions = [await asyncio.to_thread(version_of_a_get, url) for _ in range(3)]
        server.force_exit = True

    http_2, http_3 = 3, 30
    assert versions == [http_2, http_3, http_3]
