"""The twelve-line app of the README, but that it says over which version of HTTP it was asked.

    h3producer --app-dir examples hello:app --with-tcp
    h3producer get https://localhost:4433/
    curl -k https://localhost:4433/

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
    text = f"Hello over HTTP/{scope['http_version']}!\n"
    await send({"type": "http.response.body", "body": text.encode()})
