"""The service of this folder in Falcon.

    h3producer --app-dir examples frameworks.falcon:app
    h3producer get https://localhost:4433/

Falcon closes a stream whose client has left when the next part is to be sent.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import logging
from typing import TYPE_CHECKING

import falcon
from falcon.asgi import App

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from typing import Any

    from falcon.asgi import Request, Response, WebSocket

logger = logging.getLogger("h3producer.example")


class Shop:
    """Middleware whose only work is at the start and at the end."""

    greeting = "Closed"

    async def process_startup(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        self.greeting = "Hello"

    async def process_shutdown(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        logger.info("The shop has closed.")


class Greeting:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def on_get(self, request: Request, response: Response) -> None:
        response.media = {"greeting": self._shop.greeting, "url": request.uri}


class Orders:
    async def on_post(self, request: Request, response: Response) -> None:
        wanted = await request.get_media()
        response.status = falcon.HTTP_201
        response.media = {"item": wanted["item"], "total": wanted["count"] * 3}


class Subscriptions:
    async def on_post(self, request: Request, response: Response) -> None:
        response.media = await request.get_media()


class Files:
    async def on_post(self, request: Request, response: Response) -> None:
        digest = hashlib.sha256()
        async for part in await request.get_media():
            async for piece in part.stream:
                digest.update(piece)
            response.media = {"name": part.filename, "sha256": digest.hexdigest()}


class Count:
    async def on_get(self, request: Request, response: Response, limit: int) -> None:
        async def numbers() -> AsyncIterator[bytes]:
            for number in range(limit):
                yield b"%d\n" % number

        response.content_type = falcon.MEDIA_TEXT
        response.stream = numbers()


class Clock:
    async def on_get(self, request: Request, response: Response, pause: float) -> None:
        async def ticks() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"tick\n"
                    await asyncio.sleep(pause)
            finally:
                logger.info("The clock has stopped.")

        response.content_type = falcon.MEDIA_TEXT
        response.stream = ticks()


class Mails:
    async def on_post(self, request: Request, response: Response) -> None:
        wanted = await request.get_media()
        response.status = falcon.HTTP_202
        response.schedule(functools.partial(send_mail, wanted["to"]))


async def send_mail(to: str) -> None:
    logger.info("Mailed to %s.", to)


class Bug:
    async def on_get(self, request: Request, response: Response) -> None:
        raise KeyError("a bug")


class Echo:
    async def on_websocket(self, request: Request, websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            while True:
                await websocket.send_text(await websocket.receive_text())
        except falcon.WebSocketDisconnected:
            pass


shop = Shop()
app = App(middleware=[shop])
app.add_route("/", Greeting(shop))
app.add_route("/orders", Orders())
app.add_route("/subscriptions", Subscriptions())
app.add_route("/files", Files())
app.add_route("/count/{limit:int}", Count())
app.add_route("/clock/{pause:float}", Clock())
app.add_route("/mails", Mails())
app.add_route("/bug", Bug())
app.add_route("/echo", Echo())
