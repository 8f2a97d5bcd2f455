"""The twelve-line app of the README.

    h3producer --app-dir examples hello:app
    h3producer get https://localhost:4433/

Two messages are a whole response; they leave as HEADERS, DATA and FIN in one packet.
"""

from __future__ import annotations

from typing import Any


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/plain")],
        }
    )
    await send({"type": "http.response.body", "body": b"Hello over HTTP/3!\n"})
