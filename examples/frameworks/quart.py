"""The service of this folder in Quart.

    h3producer --app-dir examples frameworks.quart:app
    h3producer get https://localhost:4433/

Quart cancels a stream as soon as its client has left, also while it waits for something.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import TYPE_CHECKING

from quart import Quart, Response, request, websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

logger = logging.getLogger("h3producer.example")

app = Quart(__name__)
app.config["MAX_CONTENT_LENGTH"] = None  # Quart's own 16 MB; --max-request-body-size is the limit


@app.before_serving
async def open_shop() -> None:
    app.config["GREETING"] = "Hello"


@app.after_serving
async def close_shop() -> None:
    logger.info("The shop has closed.")


@app.get("/")
async def greet() -> dict[str, str]:
    return {"greeting": app.config["GREETING"], "url": request.url}


@app.post("/orders")
async def order() -> tuple[dict[str, object], int]:
    wanted = await request.get_json()
    return {"item": wanted["item"], "total": wanted["count"] * 3}, 201


@app.post("/subscriptions")
async def subscribe() -> dict[str, str]:
    return dict((await request.form).items())


@app.post("/files")
async def upload() -> dict[str, str | None]:
    file = (await request.files)["file"]
    digest = hashlib.sha256()
    while piece := file.read(64 * 1024):
        digest.update(piece)
    return {"name": file.filename, "sha256": digest.hexdigest()}


@app.get("/count/<int:limit>")
async def count(limit: int) -> Response:
    async def numbers() -> AsyncIterator[str]:
        for number in range(limit):
            yield f"{number}\n"

    return Response(numbers(), mimetype="text/plain")


@app.get("/clock/<float:pause>")
async def tick(pause: float) -> Response:
    async def ticks() -> AsyncIterator[str]:
        try:
            while True:
                yield "tick\n"
                await asyncio.sleep(pause)
        finally:
            logger.info("The clock has stopped.")

    response = Response(ticks(), mimetype="text/plain")
    response.timeout = None  # Quart would end it after a minute
    return response


@app.post("/mails")
async def mail() -> tuple[str, int]:
    wanted = await request.get_json()
    app.add_background_task(send_mail, wanted["to"])
    return "", 202


async def send_mail(to: str) -> None:
    logger.info("Mailed to %s.", to)


@app.get("/bug")
async def fail() -> str:
    raise KeyError("a bug")


@app.websocket("/echo")
async def echo() -> None:
    while True:
        await websocket.send(await websocket.receive())
