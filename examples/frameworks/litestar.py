"""The service of this folder in Litestar.

    h3producer --app-dir examples frameworks.litestar:app
    h3producer get https://localhost:4433/

Litestar cancels a stream as soon as its client has left, also while it waits for something.
"""

# No postponed annotations: Litestar reads them when the module is loaded.

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from litestar import Litestar, Request, Response, WebSocket, get, post, websocket
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import State, UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import WebSocketDisconnect
from litestar.logging import LoggingConfig
from litestar.params import Body
from litestar.response import Stream

logger = logging.getLogger("h3producer.example")


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    app.state.greeting = "Hello"
    yield
    logger.info("The shop has closed.")


@dataclass
class Order:
    item: str
    count: int


@dataclass
class Subscription:
    name: str
    topic: str


@dataclass
class Mail:
    to: str


FormData = Annotated[Subscription, Body(media_type=RequestEncodingType.URL_ENCODED)]
FileData = Annotated[dict[str, UploadFile], Body(media_type=RequestEncodingType.MULTI_PART)]


@get("/")
async def greet(request: Request[None, None, State]) -> dict[str, str]:
    return {"greeting": request.app.state.greeting, "url": str(request.url)}


@post("/orders")
async def order(data: Order) -> dict[str, str | int]:
    return {"item": data.item, "total": data.count * 3}


@post("/subscriptions", status_code=200)
async def subscribe(data: FormData) -> Subscription:
    return data


@post("/files", status_code=200)
async def upload(data: FileData) -> dict[str, str]:
    file = data["file"]
    digest = hashlib.sha256()
    while piece := await file.read(64 * 1024):
        digest.update(piece)
    return {"name": file.filename, "sha256": digest.hexdigest()}


@get("/count/{limit:int}")
async def count(limit: int) -> Stream:
    async def numbers() -> AsyncIterator[str]:
        for number in range(limit):
            yield f"{number}\n"

    return Stream(numbers(), media_type="text/plain")


@get("/clock/{pause:float}")
async def tick(pause: float) -> Stream:
    async def ticks() -> AsyncIterator[str]:
        try:
            while True:
                yield "tick\n"
                await asyncio.sleep(pause)
        finally:
            logger.info("The clock has stopped.")

    return Stream(ticks(), media_type="text/plain")


@post("/mails", status_code=202)
async def mail(data: Mail) -> Response[None]:
    return Response(None, background=BackgroundTask(send_mail, data.to))


async def send_mail(to: str) -> None:
    logger.info("Mailed to %s.", to)


@get("/bug")
async def fail() -> None:
    raise KeyError("a bug")


@websocket("/echo")
async def echo(socket: WebSocket[None, None, State]) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass


app = Litestar(
    [greet, order, subscribe, upload, count, tick, mail, fail, echo],
    lifespan=[lifespan],
    request_max_body_size=None,  # Litestar's own 10 MB; --max-request-body-size is the limit
    # Without this Litestar answers an exception with 500 and says nothing.
    logging_config=LoggingConfig(log_exceptions="always", disable_stack_trace={404}),
)
