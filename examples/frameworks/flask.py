"""The service of this folder in Flask, a WSGI framework, by way of a2wsgi.

    h3producer --app-dir examples frameworks.flask:app
    h3producer get https://localhost:4433/

Each request holds one of a2wsgi's threads until its response has ended. WSGI has no lifespan, no
background tasks and no WebSockets: the mail is sent before the response.
"""

from __future__ import annotations

import hashlib
import logging
import time
from typing import TYPE_CHECKING

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi import WSGIResponder
from flask import Flask, Response, request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from a2wsgi.asgi_typing import Receive, Scope, Send

logger = logging.getLogger("h3producer.example")
logging.basicConfig()  # or Flask logs to `wsgi.errors`, which for a2wsgi is stdout

flask_app = Flask(__name__)


@flask_app.get("/")
def greet() -> dict[str, str]:
    return {"greeting": "Hello", "url": request.url}


@flask_app.post("/orders")
def order() -> tuple[dict[str, object], int]:
    wanted = request.get_json()
    return {"item": wanted["item"], "total": wanted["count"] * 3}, 201


@flask_app.post("/subscriptions")
def subscribe() -> dict[str, str]:
    return request.form.to_dict()


@flask_app.post("/files")
def upload() -> dict[str, str | None]:
    file = request.files["file"]
    digest = hashlib.sha256()
    while piece := file.read(64 * 1024):
        digest.update(piece)
    return {"name": file.filename, "sha256": digest.hexdigest()}


@flask_app.get("/count/<int:limit>")
def count(limit: int) -> Response:
    def numbers() -> Iterator[str]:
        for number in range(limit):
            yield f"{number}\n"

    return Response(numbers(), mimetype="text/plain")


@flask_app.get("/clock/<float:pause>")
def tick(pause: float) -> Response:
    def ticks() -> Iterator[str]:
        try:
            while True:
                yield "tick\n"
                time.sleep(pause)
        finally:
            logger.info("The clock has stopped.")

    return Response(ticks(), mimetype="text/plain")


@flask_app.post("/mails")
def mail() -> tuple[str, int]:
    logger.info("Mailed to %s.", request.get_json()["to"])
    return "", 202


@flask_app.get("/bug")
def fail() -> str:
    raise KeyError("a bug")


class Responder(WSGIResponder):
    """Ends the application's response when its client has left.

    That of a2wsgi 1.10 has the thread wait for good, and after ten such clients all of them wait.
    """

    client_left = False

    async def sender(self, send: Send) -> None:
        try:
            await super().sender(send)
        except OSError:
            self.client_left = True
            while await self.send_queue.get() is not None:
                pass  # so that nobody waits for room

    def send(self, message: Any) -> None:
        if self.client_left:
            raise ConnectionResetError("The client has left.")
        super().send(message)


class Adapter(WSGIMiddleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await Responder(self.app, self.executor, self.send_queue_size)(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


app = Adapter(flask_app)  # type: ignore[arg-type]  # Flask says dict where a2wsgi has its own
