"""A response whose checksum follows it, in a trailer section, with the end of the stream on it.

    h3producer --app-dir examples trailers:app
    h3producer get -v -H 'te: trailers' https://localhost:4433/

Trailers go to clients that said `te: trailers`; others get the same body and a plain end.
"""

from __future__ import annotations

import hashlib
from typing import Any


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/plain"), (b"trailer", b"x-sha256")],
            "trailers": True,
        }
    )
    digest = hashlib.sha256()
    for number in range(1, 11):
        line = b"line %d\n" % number
        digest.update(line)
        await send({"type": "http.response.body", "body": line, "more_body": number < 10})
    await send(
        {
            "type": "http.response.trailers",
            "headers": [(b"x-sha256", digest.hexdigest().encode())],
        }
    )
