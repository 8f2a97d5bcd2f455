"""The service of this folder in Starlette.

    h3producer --app-dir examples frameworks.starlette:app
    h3producer get https://localhost:4433/

Starlette closes a stream whose client has left when the next part is to be sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.websockets import WebSocket

logger = logging.getLogger("h3producer.example")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
    yield {"greeting": "Hello"}
    logger.info("The shop has closed.")


async def greet(request: Request) -> Response:
    return JSONResponse({"greeting": request.state.greeting, "url": str(request.url)})


async def order(request: Request) -> Response:
    wanted = await request.json()
    return JSONResponse({"item": wanted["item"], "total": wanted["count"] * 3}, 201)


async def subscribe(request: Request) -> Response:
    async with request.form() as form:
        return JSONResponse(dict(form.items()))


async def upload(request: Request) -> Response:
    digest = hashlib.sha256()
    async with request.form() as form:
        file = form["file"]
        assert isinstance(file, UploadFile)
        while piece := await file.read(64 * 1024):
            digest.update(piece)
        return JSONResponse({"name": file.filename, "sha256": digest.hexdigest()})


async def count(request: Request) -> Response:
    async def numbers() -> AsyncIterator[str]:
        for number in range(request.path_params["limit"]):
            yield f"{number}\n"

    return StreamingResponse(numbers(), media_type="text/plain")


async def tick(request: Request) -> Response:
    async def ticks() -> AsyncIterator[str]:
        try:
            while True:
                yield "tick\n"
                await asyncio.sleep(request.path_params["pause"])
        finally:
            logger.info("The clock has stopped.")

    return StreamingResponse(ticks(), media_type="text/plain")


async def mail(request: Request) -> Response:
    wanted = await request.json()
    return Response(status_code=202, background=BackgroundTask(send_mail, wanted["to"]))


async def send_mail(to: str) -> None:
    logger.info("Mailed to %s.", to)


async def fail(request: Request) -> Response:
    raise KeyError("a bug")


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/", greet),
        Route("/orders", order, methods=["POST"]),
        Route("/subscriptions", subscribe, methods=["POST"]),
        Route("/files", upload, methods=["POST"]),
        Route("/count/{limit:int}", count),
        Route("/clock/{pause:float}", tick),
        Route("/mails", mail, methods=["POST"]),
        Route("/bug", fail),
        WebSocketRoute("/echo", echo),
    ],
)
