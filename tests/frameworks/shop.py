"""One example of `examples/frameworks`, served by command, and who visits it.

    async with open_shop("starlette", authority) as shop:
        assert (await shop.get("/")).status_code == 200

This file knows two clients: curl, which shares no code with us, and the raw one, which may leave
whenever it likes. It refuses to know frameworks. Its one rule: what the server logged is read up
to a line that the test itself caused, so that nothing is waited for in vain and nothing is missed.
"""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curl_cffi.requests import AsyncSession

from tests.e2e.raw_client import RawClient
from tests.e2e.server import command_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from curl_cffi.requests import Response

    from tests.e2e.server import CommandServer
    from tests.interop.authority import Authority

__all__ = ["Shop", "ok", "open_shop"]

HTTP_3 = 30
"""libcurl's CURL_HTTP_VERSION_3."""

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


class Shop:
    """A running example."""

    def __init__(self, server: CommandServer, curl: AsyncSession, cafile: Path) -> None:
        self.server = server
        self.url = f"https://localhost:{server.address[1]}"
        self.pid = server.process.pid
        self._curl = curl
        self._cafile = cafile
        self._heard = len(server.log)
        self._letters = 0

    async def get(self, path: str, **options: Any) -> Response:
        """GET by curl over HTTP/3."""
        return await self._curl.get(self.url + path, **options)

    async def digest_of(self, path: str, **options: Any) -> str:
        """The SHA-256 of what GET brings, which is not kept."""
        digest = hashlib.sha256()
        async with self._curl.stream("GET", self.url + path, **options) as response:
            async for piece in response.aiter_content():
                digest.update(piece)
        return digest.hexdigest()

    async def head(self, path: str, **options: Any) -> Response:
        """HEAD by curl over HTTP/3."""
        return await self._curl.head(self.url + path, **options)

    async def post(self, path: str, **options: Any) -> Response:
        """POST by curl over HTTP/3; `options` as in requests: json, data, multipart."""
        return await self._curl.post(self.url + path, **options)

    async def curl_leaves(self) -> None:
        """Close curl's connections; it makes no request after this."""
        await self._curl.close()

    def visitor(
        self, *, gives_credit: bool = True, window: int = 1 << 20
    ) -> AbstractAsyncContextManager[RawClient]:
        """A connection of the raw client, closed at the end of the block.

        `window` is how many bytes of a stream it takes unread; without `gives_credit`, all.
        """
        return RawClient.connected(
            self.server.address,
            cafile=self._cafile,
            gives_credit=gives_credit,
            max_stream_data=window,
        )

    async def says(self, pattern: str) -> None:
        """Wait for a line of the log."""
        await self.server.says(pattern)

    async def said(self) -> str:
        """What was logged since this was last asked, up to now."""
        self._letters += 1
        to = f"nobody-{self._letters}"
        await self.post("/mails", json={"to": to})
        await self.server.says(f"Mailed to {to}")
        lines = self.server.log[self._heard : -1]
        self._heard = len(self.server.log)
        return "\n".join(lines)


def ok(response: Response, status: int = 200) -> Response:
    """A response that came over HTTP/3 and has this status."""
    assert (response.status_code, response.http_version) == (status, HTTP_3)
    return response


@asynccontextmanager
async def open_shop(
    name: str, authority: Authority, *options: str, content: Path = EXAMPLES
) -> AsyncIterator[Shop]:
    """`h3producer --app-dir examples frameworks.NAME:app OPTIONS`, on a free port."""
    files = ("--certfile", str(authority.certfile), "--keyfile", str(authority.keyfile))
    app = ("--app-dir", str(EXAMPLES), f"frameworks.{name}:app", "--port", "0")
    async with (
        command_server(*app, *files, "--no-access-log", *options, CONTENT=str(content)) as server,
        AsyncSession(http_version="v3only", verify=str(authority.cafile)) as curl,
    ):
        yield Shop(server, curl, authority.cafile)
