"""A handler without ASGI: the exchange itself, with both of its pipes.

    h3producer --app-dir examples handler:handle

Echoes the request body as it comes. `request` is what the client asked, `body` a PipeReader,
`response` what HTTP says about responses; below it, `stream.output` is the output producer with
Kestrel's own API (get_memory, advance, flush).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from h3producer import Http3Stream


async def handle(stream: Http3Stream) -> None:
    stream.response.start(200, [(b"content-type", b"application/octet-stream")])
    while chunk := await stream.body.read_chunk():
        # Waits until the client has taken enough of what was written before; meanwhile the
        # client's upload waits too, since nothing of it is read here.
        result = await stream.response.write(chunk)
        if result.is_completed:
            return  # nobody listens any more
    await stream.response.complete()
