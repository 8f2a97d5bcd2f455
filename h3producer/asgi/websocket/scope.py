"""The `websocket` scope: what an ASGI application is told before it runs (ASGI WebSocket 2.5).

This file knows in what it differs from an `http` scope, which is where all else is explained
(`asgi/scope.py`). Its one rule: what is true of a request is true of the one that opens a socket.

* `scheme` is `wss` for https, which HTTP/3 always is.
* `subprotocols` are those that the client offers; `accept` may choose one of them.
* `extensions` has `websocket.http.response` (a refusal may be any response), and `tls`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from h3producer.asgi.scope import http_scope
from h3producer.asgi.websocket.offer import SCHEMES, offered_subprotocols

if TYPE_CHECKING:
    from h3producer.asgi.types import Scope
    from h3producer.http3.stream import Http3Stream

__all__ = ["websocket_scope"]


def websocket_scope(stream: Http3Stream, root_path: str, state: dict[str, Any]) -> Scope:
    """The scope of one WebSocket; `state` is copied one level deep."""
    scope = http_scope(stream, root_path, state)
    del scope["method"]
    extensions: dict[str, dict[str, Any]] = {"websocket.http.response": {}}
    if "tls" in scope["extensions"]:
        extensions["tls"] = scope["extensions"]["tls"]
    return scope | {
        "type": "websocket",
        "scheme": SCHEMES[scope["scheme"]],
        "subprotocols": offered_subprotocols(stream.request.headers),
        "extensions": extensions,
    }
