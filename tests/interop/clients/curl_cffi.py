"""curl: libcurl on ngtcp2 and nghttp3, with BoringSSL. Many requests run in parallel."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from curl_cffi import CurlOpt
from curl_cffi.requests import AsyncSession

from tests.interop.clients.program import Answer, GivenUp, Request, Wishes, main

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from curl_cffi.requests import Response

HTTP_3 = 30
"""libcurl's CURL_HTTP_VERSION_3."""

MAX_REQUESTS = 64
"""At once."""

LAST_WORD = 1.0
"""Seconds from giving up an upload until its transfer is taken away."""


class Curl:
    def __init__(self, origin: str, cafile: str, wishes: Wishes) -> None:
        """It has no wish for us to fulfil."""
        self._origin = origin
        self._runner = asyncio.Runner()
        self._session = self._runner.run(self._open(cafile))

    async def _open(self, cafile: str) -> AsyncSession:
        # PIPEWAIT: rather wait for the one connection than open another.
        options = {CurlOpt.PIPEWAIT: 1}
        return AsyncSession(
            http_version="v3only",
            verify=cafile,
            curl_options=options,
            max_clients=MAX_REQUESTS,
            timeout=60,
        )

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        return self._runner.run(self._exchange(requests))

    async def _exchange(self, requests: Sequence[Request]) -> list[Answer]:
        return await asyncio.gather(*map(self._one, requests))

    async def _one(self, request: Request) -> Answer:
        if request.streams:
            return await self._streaming(request)
        if request.gives_up_after is not None:
            return await self._given_up(request, request.gives_up_after)
        response = await self._session.request(
            request.method, self._origin + request.path, headers=request.fields, data=request.body
        )
        return self._answer(response, response.content)

    def _answer(self, response: Response, body: bytes) -> Answer:
        return Answer.of(
            response.status_code,
            response.http_version == HTTP_3,
            dict(response.headers),
            body,
        )

    async def _streaming(self, request: Request) -> Answer:
        loop, has_given_up = asyncio.get_running_loop(), asyncio.Event()

        def pieces() -> Iterator[bytes]:
            try:
                yield from request.pieces()
            except GivenUp:
                loop.call_soon_threadsafe(has_given_up.set)
                raise

        sending = asyncio.ensure_future(
            self._session.request(
                request.method,
                self._origin + request.path,
                headers=request.fields,
                content=pieces(),
            )
        )
        giving_up = asyncio.ensure_future(has_given_up.wait())
        await asyncio.wait({sending, giving_up}, return_when=asyncio.FIRST_COMPLETED)
        if giving_up.done():
            # Now and then a transfer that libcurl has paused does not hear of the exception.
            await asyncio.wait({sending}, timeout=LAST_WORD)
            sending.cancel()
        giving_up.cancel()
        try:
            response = await sending
        except (GivenUp, asyncio.CancelledError):
            return Answer.of(0, True, {}, b"")
        return self._answer(response, response.content)

    async def _given_up(self, request: Request, after: int) -> Answer:
        """What a callback raises ends the transfer, and is raised from it."""
        body = bytearray()

        def take(data: bytes) -> None:
            body.extend(data)
            if len(body) >= after:
                raise GivenUp

        with suppress(GivenUp):
            await self._session.request(
                request.method,
                self._origin + request.path,
                headers=request.fields,
                content_callback=take,
            )
        return Answer.of(0, True, {}, bytes(body))


if __name__ == "__main__":
    main(Curl)
