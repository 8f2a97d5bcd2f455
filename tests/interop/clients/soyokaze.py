"""soyokaze: Cloudflare's quiche, with BoringSSL. Many requests run in parallel."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import soyokaze

from tests.interop.clients.background_loop import BackgroundLoop
from tests.interop.clients.program import Answer, Request, Wishes, main

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_MESSAGE = 256 << 20
"""Bytes of a response that it takes; by itself it takes 64 MiB."""


class Soyokaze:
    def __init__(self, origin: str, cafile: str, wishes: Wishes) -> None:
        """It has no wish for us to fulfil."""
        self._url = urlsplit(origin)
        self._loop = BackgroundLoop()
        self._client = soyokaze.Client(
            soyokaze.ClientConfig(
                versions=[soyokaze.Version.V3_0],
                roots=[Path(cafile).read_text()],
                limits=soyokaze.ClientLimits(
                    message=soyokaze.Limits(
                        max_message_size=MAX_MESSAGE,
                        max_message_body_size=MAX_MESSAGE,
                        max_connection_buffer_size=MAX_MESSAGE,
                    )
                ),
            )
        )
        self._connection: soyokaze.Connection | None = None

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        return self._loop.run(self._exchange(requests))

    async def _exchange(self, requests: Sequence[Request]) -> list[Answer]:
        connection, self._connection = self._connection, None  # it is kept if nothing goes wrong
        if connection is None or not connection.reusable():
            connection = await self._connect()
        if requests[0].gives_up_after is not None:
            return [await self._given_up(connection, requests[0])]
        for request in requests:
            await connection.send(self._message(request))
        # They come as they are ready; streams are numbered in the order of the requests.
        responses = [await self._receive(connection) for _ in requests]
        responses.sort(key=lambda response: response.stream_id)
        answers = [await self._answer(response) for response in responses]
        self._connection = connection
        return answers

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

    async def _given_up(self, connection: soyokaze.Connection, request: Request) -> Answer:
        """It shows no content before all of it has come, and can leave only altogether."""
        await connection.send(self._message(request))
        receiving = asyncio.ensure_future(connection.receive())
        await asyncio.wait({receiving}, timeout=0.2)
        await connection.close()
        await asyncio.wait({receiving})
        return Answer.of(0, True, {}, b"")

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
