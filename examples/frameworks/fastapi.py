"""The service of this folder in FastAPI.

    h3producer --app-dir examples frameworks.fastapi:app
    h3producer get https://localhost:4433/

FastAPI streams as Starlette does: the generator is closed when the next part is to be sent.
"""

# No postponed annotations: FastAPI reads them when the module is loaded.

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, FastAPI, Form, Request, UploadFile, WebSocket
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

logger = logging.getLogger("h3producer.example")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
    yield {"greeting": "Hello"}
    logger.info("The shop has closed.")


app = FastAPI(lifespan=lifespan)


class Order(BaseModel):
    item: str
    count: int


class Mail(BaseModel):
    to: str


@app.get("/")
async def greet(request: Request) -> dict[str, str]:
    return {"greeting": request.state.greeting, "url": str(request.url)}


@app.post("/orders", status_code=201)
async def order(wanted: Order) -> dict[str, str | int]:
    return {"item": wanted.item, "total": wanted.count * 3}


@app.post("/subscriptions")
async def subscribe(name: Annotated[str, Form()], topic: Annotated[str, Form()]) -> dict[str, str]:
    return {"name": name, "topic": topic}


@app.post("/files")
async def upload(file: UploadFile) -> dict[str, str | None]:
    digest = hashlib.sha256()
    while piece := await file.read(64 * 1024):
        digest.update(piece)
    return {"name": file.filename, "sha256": digest.hexdigest()}


@app.get("/count/{limit}")
async def count(limit: int) -> StreamingResponse:
    async def numbers() -> AsyncIterator[str]:
        for number in range(limit):
            yield f"{number}\n"

    return StreamingResponse(numbers(), media_type="text/plain")


@app.get("/clock/{pause}")
async def tick(pause: float) -> StreamingResponse:
    async def ticks() -> AsyncIterator[str]:
        try:
            while True:
                yield "tick\n"
                await asyncio.sleep(pause)
        finally:
            logger.info("The clock has stopped.")

    return StreamingResponse(ticks(), media_type="text/plain")


@app.post("/mails", status_code=202)
async def mail(wanted: Mail, tasks: BackgroundTasks) -> None:
    tasks.add_task(send_mail, wanted.to)


async def send_mail(to: str) -> None:
    logger.info("Mailed to %s.", to)


@app.get("/bug")
async def fail() -> None:
    raise KeyError("a bug")


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)
