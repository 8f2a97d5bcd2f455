"""`Alt-Svc`: how a browser learns that a server speaks HTTP/3, too (RFC 7838).

This file knows the field, and an ASGI middleware that adds it. It refuses to know who serves: the
middleware is for an application that uvicorn, Hypercorn or another server serves over TCP, beside
an h3producer. With `--with-tcp` it is not needed.

    from h3producer.asgi import AltSvc

    app = AltSvc(app, port=443)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp, Message, Receive, Scope, Send

__all__ = ["AltSvc", "alt_svc_value"]

MAX_AGE = 86_400
"""Seconds for which a client may remember it. RFC 7838 §3.1: "the default is 24 hours"."""


def alt_svc_value(port: int, max_age: int = MAX_AGE) -> bytes:
    """The value of `alt-svc` for HTTP/3 on a UDP port of the same host.

    With a `max_age` of 0 it is `clear`. RFC 7838 §3: "When this value is present, it indicates that
    the origin requests all alternatives for that origin to be invalidated": for before HTTP/3 is
    turned off for good.
    """
    if not 0 < port < 65536:
        raise ValueError(f"A port is between 1 and 65535, which {port} is not.")
    return b'h3=":%d"; ma=%d' % (port, max_age) if max_age else b"clear"


class AltSvc:
    """An ASGI 3 application whose responses over TCP say that there is HTTP/3 on `port`.

    Responses that have an `alt-svc` keep it. Those over HTTP/3 get none, for their client has found
    it; and those over plain HTTP get none either, for browsers take it from https alone.
    """

    def __init__(self, app: AsgiApp, *, port: int, max_age: int = MAX_AGE) -> None:
        """`port` is the UDP port under which clients reach HTTP/3; `max_age` are seconds."""
        self._app = app
        self._field = (b"alt-svc", alt_svc_value(port, max_age))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application."""
        if not self._is_told(scope):
            await self._app(scope, receive, send)
            return

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                if not any(bytes(name).lower() == b"alt-svc" for name, _ in headers):
                    message = {**message, "headers": [*headers, self._field]}
            await send(message)

        await self._app(scope, receive, send_told)

    @staticmethod
    def _is_told(scope: Scope) -> bool:
        return (
            scope["type"] == "http"
            and scope.get("scheme") == "https"
            and scope.get("http_version") != "3"
        )
