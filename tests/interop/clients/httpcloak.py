"""httpcloak: quic-go, with the handshake of a browser. Many requests run in parallel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpcloak

from tests.interop.clients.program import Answer, Request, main

if TYPE_CHECKING:
    from collections.abc import Sequence


class Httpcloak:
    def __init__(self, origin: str, cafile: str) -> None:
        """`cafile` is of no use: the library knows the system's authorities or none."""
        self._origin = origin
        self._runner = asyncio.Runner()
        self._session = httpcloak.Session(http_version="h3", verify=False, disable_ech=True)

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        return self._runner.run(self._exchange(requests))

    async def _exchange(self, requests: Sequence[Request]) -> list[Answer]:
        return await asyncio.gather(*map(self._one, requests))

    async def _one(self, request: Request) -> Answer:
        response = await self._session.request_async(
            request.method, self._origin + request.path, headers=request.fields, data=request.body
        )
        fields = {name: ", ".join(values) for name, values in response.headers.items()}
        return Answer.of(response.status_code, response.protocol == "h3", fields, response.content)


if __name__ == "__main__":
    main(Httpcloak)
