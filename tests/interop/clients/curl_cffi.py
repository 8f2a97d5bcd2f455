"""curl: libcurl on ngtcp2 and nghttp3, with BoringSSL. Many requests run in parallel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from curl_cffi import CurlOpt
from curl_cffi.requests import AsyncSession

from tests.interop.clients.program import Answer, Request, main

if TYPE_CHECKING:
    from collections.abc import Sequence

HTTP_3 = 30
"""libcurl's CURL_HTTP_VERSION_3."""


class Curl:
    def __init__(self, origin: str, cafile: str) -> None:
        self._origin = origin
        self._runner = asyncio.Runner()
        self._session = self._runner.run(self._open(cafile))

    async def _open(self, cafile: str) -> AsyncSession:
        # PIPEWAIT: rather wait for the one connection than open another.
        options = {CurlOpt.PIPEWAIT: 1}
        return AsyncSession(http_version="v3only", verify=cafile, curl_options=options)

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        return self._runner.run(self._exchange(requests))

    async def _exchange(self, requests: Sequence[Request]) -> list[Answer]:
        return await asyncio.gather(*map(self._one, requests))

    async def _one(self, request: Request) -> Answer:
        response = await self._session.request(
            request.method, self._origin + request.path, headers=request.fields, data=request.body
        )
        return Answer.of(
            response.status_code,
            response.http_version == HTTP_3,
            dict(response.headers),
            response.content,
        )


if __name__ == "__main__":
    main(Curl)
