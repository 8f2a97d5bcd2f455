"""What people serve beside JSON: files with ranges and ETags, and server-sent events, in Starlette.

    h3producer --app-dir examples frameworks.content:app
    h3producer get https://localhost:4433/files/README.md

Serves the directory that `CONTENT` names, or the current one. A whole file goes by its path
(`http.response.pathsend`), a part of one by Starlette's own reading. `/download/NAME` is a file
for keeping, and `/events` a piece of news and then silence, in which only pings are heard.
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

logger = logging.getLogger("h3producer.example")

DIRECTORY = Path(os.environ.get("CONTENT", "."))

PING = 1
"""Seconds between two comments that keep proxies from closing the stream."""


async def download(request: Request) -> Response:
    name = request.path_params["name"]
    return FileResponse(DIRECTORY / name, filename=name)


async def news(request: Request) -> Response:
    async def events() -> AsyncIterator[dict[str, str]]:
        try:
            yield {"event": "news", "id": "1", "data": "Tea is here."}
            await asyncio.Event().wait()
        finally:
            logger.info("A reader of the news has left.")

    return EventSourceResponse(events(), ping=PING)


async def mail(request: Request) -> Response:
    logger.info("Mailed to %s.", (await request.json())["to"])
    return Response(status_code=202)


app = Starlette(
    routes=[
        Mount("/files", StaticFiles(directory=DIRECTORY)),
        Route("/download/{name}", download),
        Route("/events", news),
        Route("/mails", mail, methods=["POST"]),
    ]
)
