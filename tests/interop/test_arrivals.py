"""How a connection begins, with each of the four clients: Retry, IPv6, a stranger's certificate."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.server.server import Server
from tests.interop.app import app
from tests.interop.authority import Authority
from tests.interop.browser import Browser
from tests.interop.conftest import CLIENTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

VERIFYING = ["curl_cffi", "niquests", "soyokaze"]
"""httpcloak knows the system's authorities or none, so here it trusts everybody."""

ADDRESSING = ["curl_cffi", "httpcloak"]
"""soyokaze takes no address for the name of a server; niquests writes one of IPv6 into :authority
without its brackets, which is a malformed request (RFC 3986 §3.2.2)."""


@asynccontextmanager
async def arriving(
    name: str, authority: Authority, *, cafile: Path | None = None, **settings: object
) -> AsyncIterator[Browser]:
    """A client of its own before a server of its own."""
    config = Config(
        app=app,
        certfile=str(authority.certfile),
        keyfile=str(authority.keyfile),
        **{"port": 0, **settings},  # type: ignore[arg-type]  # checked by Config itself
    )
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Server(config))
        host, port = server.addresses[0]
        name_of_host = "[::1]" if host == "::1" else "localhost"
        browser = Browser(name, f"https://{name_of_host}:{port}", cafile or authority.cafile)
        stack.push_async_callback(browser.close)
        yield browser
        await browser.close()
        server.force_exit = True


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_retry_is_followed(authority: Authority, name: str) -> None:
    async with arriving(name, authority, retry="always") as browser:
        [answer] = await browser.exchange({"path": "/hello"})
    assert (answer["status"], answer["version"]) == (200, 3)


@pytest.mark.parametrize("name", ADDRESSING)
async def test_an_ipv6_address_is_reached(authority: Authority, name: str) -> None:
    async with arriving(name, authority, host="::1") as browser:
        [answer] = await browser.exchange({"path": "/hello"})
    assert (answer["status"], answer["version"]) == (200, 3)
    assert answer["fields"]["x-seen-client"].startswith("::1:")


@pytest.mark.parametrize("name", VERIFYING)
async def test_a_strangers_certificate_is_refused(
    authority: Authority, tmp_path: Path, name: str
) -> None:
    stranger = Authority.made_in(tmp_path)
    async with arriving(name, authority, cafile=stranger.cafile) as browser:
        with pytest.raises(AssertionError, match="raised"):
            await browser.exchange({"path": "/hello"})
