"""Reads an upload piece by piece and answers with its size and SHA-256.

    h3producer --app-dir examples upload:app
    h3producer get -d @some-large-file https://localhost:4433/

The client may send only as far ahead as `--request-buffer` says: what this app has not read yet
stays with the client, not in the server's memory.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    digest = hashlib.sha256()
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return  # the client gave up in the middle of its upload
        digest.update(message["body"])
        size += len(message["body"])
        more = message["more_body"]
    body = json.dumps({"bytes": size, "sha256": digest.hexdigest()}).encode() + b"\n"
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"application/json")],
        }
    )
    await send({"type": "http.response.body", "body": body})
