"""soyokaze: Cloudflare's quiche, with BoringSSL. Many requests run in parallel."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import soyokaze

from tests.interop.clients.program import Answer, Request, main

if TYPE_CHECKING:
    from collections.abc import Sequence


class Soyokaze:
    def __init__(self, origin: str, cafile: str) -> None:
        self._url = urlsplit(origin)
        self._runner = asyncio.Runner()
        self._client = soyokaze.Client(
            soyokaze.ClientConfig(
                versions=[soyokaze.Version.V3_0], roots=[Path(cafile).read_text()]
            )
        )
        self._connection: soyokaze.Connection | None = None

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        return self._runner.run(self._exchange(requests))

    async def _exchange(self, requests: Sequence[Request]) -> list[Answer]:
        connection = self._connection = self._connection or await self._connect()
        for request in requests:
            await connection.send(self._message(request))
        # They come as they are ready; streams are numbered in the order of the requests.
        responses = [await self._receive(connection) for _ in requests]
        responses.sort(key=lambda response: response.stream_id)
        return [await self._answer(response) for response in responses]

    async def _connect(self) -> soyokaze.Connection:
        port = soyokaze.Port.QUIC(self._url.port)
        return await self._client.connect(self._url.hostname, port)

    def _message(self, request: Request) -> soyokaze.Message:
        message = soyokaze.Message.request(
            soyokaze.Method[request.method], request.path, soyokaze.Version.V3_0
        )
        for name, value in {"host": self._url.netloc, **request.fields}.items():
            message.append_header(name, value)
        if request.body is not None:
            message.set_body(request.body)
        return message

    async def _receive(self, connection: soyokaze.Connection) -> soyokaze.Message:
        while (response := await connection.receive()).is_informational():
            pass
        return response

    async def _answer(self, response: soyokaze.Message) -> Answer:
        return Answer.of(
            response.status_code,
            response.version is soyokaze.Version.V3_0,
            dict(response.headers.fields()),
            await response.body(),
        )


if __name__ == "__main__":
    main(Soyokaze)
