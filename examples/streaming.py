"""An endless response, and a server that never holds more of it than it must.

    h3producer --app-dir examples streaming:app
    h3producer get https://localhost:4433/ | head -c 100000000 | pv > /dev/null

`send` returns only when the client has room. Stop reading (Ctrl-S, or `curl --limit-rate 10k`)
and the counter below stops too; hang up and the loop ends with an OSError.
"""

from __future__ import annotations

import logging
from typing import Any

logger = logging.getLogger("h3producer.error")

LINE = b"All work and no back-pressure makes Jack run out of memory.\n"
CHUNK = LINE * 1024


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200})
    sent = 0
    try:
        while True:
            await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
            sent += len(CHUNK)
    except OSError:
        logger.info("The client left after %d bytes were accepted.", sent)
