"""A WebSocket's CONNECT → an application's run, or a refusal of ours.

This file knows the order: is it a WebSocket's handshake, then the scope, then the application. It
refuses to know each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from h3producer.asgi.websocket.cycle import WebSocketCycle
from h3producer.asgi.websocket.offer import VERSION, objection
from h3producer.asgi.websocket.scope import websocket_scope

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp
    from h3producer.asgi.websocket.options import WebSocketOptions
    from h3producer.http3.stream import Http3Stream

__all__ = ["serve_websocket"]


async def serve_websocket(
    stream: Http3Stream,
    app: AsgiApp,
    root_path: str,
    state: dict[str, Any],
    options: WebSocketOptions,
) -> None:
    """Run `app` once for a CONNECT with `:protocol` websocket; raises what it raised."""
    refusal = objection(stream.request)
    if refusal is not None:
        text = refusal.encode("ascii", "backslashreplace")
        headers = [(b"content-type", b"text/plain"), (b"sec-websocket-version", VERSION)]
        stream.response.start(400, headers)
        await stream.response.complete(text)
        return
    await WebSocketCycle(stream, options).run(app, websocket_scope(stream, root_path, state))
