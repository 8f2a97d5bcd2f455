"""httpcloak: quic-go, with the handshake of a browser. Many requests run in parallel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpcloak

from tests.interop.clients.background_loop import BackgroundLoop
from tests.interop.clients.program import Answer, Request, Wishes, main

if TYPE_CHECKING:
    from collections.abc import Sequence


class Httpcloak:
    def __init__(self, origin: str, cafile: str, wishes: Wishes) -> None:
        """`cafile` is of no use: the library knows the system's authorities or none."""
        self._origin = origin
        self._loop = BackgroundLoop()
        self._session = httpcloak.Session(
            http_version="h3", verify=False, disable_ech=True, timeout=60
        )

    def update_keys(self) -> None:
        """quic-go does so by itself, after a hundred packets."""

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        return self._loop.run(self._exchange(requests))

    async def _exchange(self, requests: Sequence[Request]) -> list[Answer]:
        return await asyncio.gather(*map(self._one, requests))

    async def _one(self, request: Request) -> Answer:
        if request.gives_up_after is not None:
            return await asyncio.to_thread(self._given_up, request, request.gives_up_after)
        response = await self._session.request_async(
            request.method, self._origin + request.path, headers=request.fields, data=request.body
        )
        fields = {name: ", ".join(values) for name, values in response.headers.items()}
        return Answer.of(response.status_code, response.protocol == "h3", fields, response.content)

    def _given_up(self, request: Request, after: int) -> Answer:
        body = b""
        response = self._session.request_stream(
            request.method, self._origin + request.path, headers=request.fields
        )
        for piece in response.iter_content(16_384):
            body += piece
            if len(body) >= after:
                break
        response.close()
        return Answer.of(response.status_code, response.protocol == "h3", {}, body)


if __name__ == "__main__":
    main(Httpcloak)
