"""One ASGI `http` request: one run of the application, and its `receive()`.

This file knows how an application may leave and what it is told of its request (ASGI HTTP spec
2.5). It refuses to know what an application may send (`asgi/response.py`) and how a failed response
ends on the wire (`http3/stream.py`). Its one rule: an application leaves in one of three
ways, normally, by an ordinary disconnect, or by an exception that the stream logs once and answers.

`receive()`: the parts of the body, `more_body` False once, and with it `trailers`, pairs as headers
are, if the client sent some (the specification has no word for them); then it waits, and from the
disconnect or the end of the response on it is `http.disconnect`, every time and at once. A second
`receive()` while the first waits for a part raises: two cannot share a body.

What the client sees when an application misbehaves. 500: the whole of an error response. Reset:
RESET_STREAM with H3_INTERNAL_ERROR. Each row is a test (tests/asgi/test_misbehaviour.py).

======================================================== ================ ================
The application                                          its call         the client sees
======================================================== ================ ================
raises before the start                                                   500
raises after the start                                                    500
raises after a part of the body                                           reset
raises after the end                                                      the response
raises SystemExit                                                         500
raises SystemExit after a part of the body                                reset
raises CancelledError that nobody asked for                               500
raises an exception that is no Exception                                  500
cancels itself                                                            reset
is no coroutine function                                                  500
returns without a start                                                   500
returns after the start                                                   500
returns after a part of the body                                          reset
returns without the trailers it announced                                 reset
returns a value                                                           the response
sends no dictionary                                      raises           500
sends a message without a type                           raises           500
sends a message of an unknown type                       raises           500
sends a start without a status                           raises           500
sends a status that is no integer                        raises           500
sends a status of 1xx                                    raises           500
sends a second start                                     raises           500
sends a second start after a part of the body            raises           reset
sends headers that are no pairs                          raises           500
sends headers that are not bytes                         raises           500
sends a header with a line break                         raises           500
sends a body before the start                            raises           500
sends a body that is not bytes                           raises           500
sends a body that is not bytes after a part of the body  raises           reset
sends a body with status 204                             raises           500
sends more than its content-length                       raises           500
sends more than its content-length, in parts             raises           reset
sends less than its content-length                       raises           500
sends less than its content-length, in parts             raises           reset
sends a body after the end                               raises           the response
sends a start after the end                              raises           the response
sends trailers that it did not announce                  raises           500
sends trailers before the end of the body                raises           reset
sends trailers that are no pairs                         raises           reset
sends a trailer with a line break                        raises           reset
sends a body instead of the trailers                     raises           reset
sends a file that does not exist                         raises           500
sends a file that is a directory                         raises           500
sends a file without a path                              raises           500
sends a file before the start                            raises           500
sends a file after a part of the body                    raises           reset
sends a file longer than its content-length              raises           500
sends a file longer than its content-length, in parts    raises           reset
sends a file shorter than its content-length             raises           500
sends early hints that are not bytes                     raises           500
receives twice at once                                   raises           500
======================================================== ================ ================
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from h3producer.asgi.disconnects import pause_after
from h3producer.asgi.errors import ClientDisconnected
from h3producer.asgi.response import AsgiResponse
from h3producer.asgi.run import run_application
from h3producer.errors import RequestAborted
from h3producer.http3.disconnects import is_disconnect

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp, Scope
    from h3producer.http3.stream import Http3Stream

__all__ = ["HttpCycle"]

logger = logging.getLogger("h3producer.error")


class HttpCycle:
    """One request and its response, for one run of the application."""

    __slots__ = ("_disconnects", "_knows_disconnect", "_request_ended", "_response", "_stream")

    def __init__(self, stream: Http3Stream) -> None:
        self._stream = stream
        self._response = AsgiResponse(stream)
        self._request_ended = False
        self._knows_disconnect = False
        self._disconnects = 0

    async def run(self, app: AsgiApp, scope: Scope) -> None:
        """Run the application; what it raises is for the stream to log and to answer."""
        try:
            await run_application(app, scope, self.receive, self._response.send)
        except Exception as error:
            if self._knows_disconnect and not is_disconnect(error):
                raise self._disconnected_by(error) from error
            raise
        finally:
            self._response.close()

    async def receive(self) -> dict[str, Any]:
        """The next part of the request, or `http.disconnect`.

        Waits for a part of the body, then for the end of the exchange. Cancelling the wait loses
        no byte. Reading is what lets the client send more.
        """
        stream = self._stream
        if not (self._response.is_complete or stream.aborted):
            if self._request_ended:
                await stream.wait_closed()
            else:
                message = await self._next_part()
                if message is not None:
                    return message
        self._knows_disconnect = stream.aborted
        self._disconnects += 1
        await pause_after(self._disconnects)
        return {"type": "http.disconnect"}

    async def _next_part(self) -> dict[str, Any] | None:
        """The next part of the body; None if the exchange was over before it came."""
        body = self._stream.body
        try:
            part = await body.read_chunk()
        except RequestAborted:
            return None
        more_body = not body.is_complete
        if more_body and not part:
            # Neither bytes nor the end: the response was completed and has cancelled the read.
            return None
        self._request_ended = not more_body
        message: dict[str, Any] = {"type": "http.request", "body": part, "more_body": more_body}
        if body.trailers is not None:
            message["trailers"] = body.trailers
        return message

    def _disconnected_by(self, error: Exception) -> ClientDisconnected:
        """Frameworks have exceptions of their own for "the client has gone"; this is ours.

        A bug in the application's cleaning up looks the same, so it is not kept silent.
        """
        stream = self._stream
        logger.info("Stream %d: left by %r after a disconnect", stream.stream_id, error)
        return ClientDisconnected(f"The application left by {error!r}.", stream.error_code or 0)
