"""The service of this folder in BlackSheep.

    h3producer --app-dir examples frameworks.blacksheep:app
    h3producer get https://localhost:4433/

BlackSheep has no background tasks: the mail is sent before the response.
"""

# No postponed annotations: BlackSheep reads them when the application starts.

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator

from blacksheep import Application, Request, Response, StreamedContent, WebSocket, json
from blacksheep.exceptions import BadRequest
from blacksheep.messages import get_request_absolute_url
from blacksheep.server.websocket import WebSocketDisconnectError

logger = logging.getLogger("h3producer.example")

app = Application()


class Greeting:
    """What the application has at hand from its start on."""

    def __init__(self, words: str) -> None:
        self.words = words


@app.lifespan  # type: ignore[untyped-decorator]  # BlackSheep has not annotated it
async def shop() -> AsyncIterator[None]:
    app.services.register(Greeting, instance=Greeting("Hello"))
    yield
    logger.info("The shop has closed.")


@app.router.get("/")
async def greet(request: Request, greeting: Greeting) -> Response:
    return json({"greeting": greeting.words, "url": str(get_request_absolute_url(request))})


@app.router.post("/orders")
async def order(request: Request) -> Response:
    wanted = await request.json()
    return json({"item": wanted["item"], "total": wanted["count"] * 3}, status=201)


@app.router.post("/subscriptions")
async def subscribe(request: Request) -> Response:
    return json(await request.form())


@app.router.post("/files")
async def upload(request: Request) -> Response:
    digest = hashlib.sha256()
    async for part in request.multipart_stream():
        async for piece in part.stream():
            digest.update(piece)
        return json({"name": part.file_name, "sha256": digest.hexdigest()})
    raise BadRequest("no file")


@app.router.get("/count/{int:limit}")
async def count(limit: int) -> Response:
    async def numbers() -> AsyncIterator[bytes]:
        for number in range(limit):
            yield b"%d\n" % number

    return Response(200, content=StreamedContent(b"text/plain", numbers))


@app.router.get("/clock/{float:pause}")
async def tick(pause: float) -> Response:
    async def ticks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"tick\n"
                await asyncio.sleep(pause)
        finally:
            logger.info("The clock has stopped.")

    return Response(200, content=StreamedContent(b"text/plain", ticks))


@app.router.post("/mails")
async def mail(request: Request) -> Response:
    logger.info("Mailed to %s.", (await request.json())["to"])
    return Response(202)


@app.router.get("/bug")
async def fail() -> Response:
    raise KeyError("a bug")


@app.router.ws("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnectError:
        pass
