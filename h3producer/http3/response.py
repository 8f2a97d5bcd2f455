"""What a response means: the rules above the producer (Kestrel's HttpProtocol, response half).

This file knows which responses have no content, that content must be as long as announced, and
what becomes of a response whose application failed. It refuses to know what its headers are made of
(`http3/response_heads.py`), frames and pipes: it drives `http3/output_producer.py`.

Nothing leaves before the first `write`, `flush` or `complete`; until then a failure can still
become a 500.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from h3producer.errors import LocalProtocolError
from h3producer.http3.dropped_fields import DROPPED_FIELDS
from h3producer.wire.response import response_fields, trailer_fields

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from h3producer.http3.output_producer import Http3OutputProducer
    from h3producer.http3.response_heads import ResponseHead, ResponseHeads
    from h3producer.pipe.results import FlushResult

__all__ = ["Http3Response"]

_NO_CONTENT = frozenset((204, 205, 304))


class Http3Response:
    """The response of one exchange.

    Misuse raises LocalProtocolError at the call, and nothing of that call reaches the wire.
    After an abort by anyone, writes are silent and their result is `is_completed`.
    """

    __slots__ = (
        "_content_length",
        "_head",
        "_heads",
        "_method",
        "_output",
        "_written",
        "completed",
        "headers_sent",
        "status",
    )

    def __init__(
        self,
        output: Http3OutputProducer,
        method: str,
        heads: ResponseHeads,
    ) -> None:
        self._output = output
        self._method = method
        self._heads = heads
        self._head: ResponseHead | None = None
        self._content_length: int | None = None
        self._written = 0
        self.status: int | None = None
        """The final status, once `start` was called."""
        self.headers_sent = False
        """The headers have been handed over: it is too late for another status."""
        self.completed = False
        """`complete` was called: the response ends, or has ended, normally."""

    @property
    def started(self) -> bool:
        """`start` was called; perhaps nothing has left yet."""
        return self.status is not None

    @property
    def body_bytes(self) -> int:
        """Body bytes that the application has written so far."""
        return self._written

    def start(self, status: int, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Set status and headers; they leave with the first `write`, `flush` or `complete`.

        Names are lower-cased; connection-specific fields are dropped with one warning
        (RFC 9114 §4.2). Raises LocalProtocolError for a second start, a status that is not
        final, or a field that must not reach the wire.
        """
        if self.status is not None:
            raise LocalProtocolError("The response was already started.")
        if not 200 <= status <= 999:
            # RFC 9110 §15.2: 1xx is interim; `send_informational` is the way.
            raise LocalProtocolError(f"{status} is not the status of a final response.")
        self._head = head = self._heads.head(self._method, status, headers)
        self._content_length = head.content_length
        self.status = status

    async def send_informational(
        self, status: int, headers: Iterable[tuple[bytes, bytes]] = ()
    ) -> FlushResult:
        """Send an interim (1xx) response now; waits as a write does.

        Raises LocalProtocolError after the headers have left, and for a status that is not
        1xx, or is 101 (RFC 9114 §4.5).
        """
        if not 100 <= status <= 199 or status == 101:
            raise LocalProtocolError(f"{status} cannot be the status of an interim response.")
        fields = response_fields(status, headers, DROPPED_FIELDS.warn)
        # RFC 9110 §8.6: "A server MUST NOT send a Content-Length header field in any response
        # with a status code of 1xx (Informational)".
        return await self._output.write_informational(
            [field for field in fields if field[0] != b"content-length"]
        )

    def set_trailers(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        """The trailer section to send after the body; the last call wins.

        Raises LocalProtocolError for a field that must not reach the wire, and in a tunnel.
        """
        if self._method == "CONNECT" and (self.status or 200) <= 299:
            # RFC 9114 §4.4: "Once the CONNECT method has completed, only DATA frames are permitted
            # to be sent on the stream."
            raise LocalProtocolError("A tunnel has no trailers.")
        self._output.set_trailers(trailer_fields(fields, DROPPED_FIELDS.warn))

    async def write(self, data: bytes) -> FlushResult:
        """Send body bytes; waits until the stream has accepted them.

        Raises LocalProtocolError if the response has no content (204, 205, 304), or if it gets
        longer than its content-length. For HEAD the bytes are counted and dropped.
        """
        self._written = self._total_with(data)
        self._send_headers()
        if self._has_no_content:
            # Nothing fills up, so nothing would ever wait: an endless body must not hold the loop.
            await asyncio.sleep(0)
        return await self._output.write_data_to_pipe(data)

    async def flush(self) -> FlushResult:
        """Send what there is, the headers at least; waits as `write` does."""
        self._require_start()
        self._send_headers()
        return await self._output.flush()

    async def complete(self, data: bytes = b"") -> None:
        """Send the last body bytes, the trailers and the end, in as few packets as can be.

        Waits until all is handed to the stream. Raises LocalProtocolError, with nothing sent,
        if the body does not have its content-length. Idempotent.
        """
        rest = self.end(data)
        if rest is not None:
            await rest

    def end(self, data: bytes = b"") -> Awaitable[None] | None:
        """`complete` up to its first wait: what is still to be awaited, None if nothing is."""
        output = self._output
        if self.completed and not data:
            return output.write_stream_suffix()
        total = self._written + len(data)
        if total != self._content_length or self.completed or self.status in _NO_CONTENT:
            # Not just what was announced, so there may be something wrong with it.
            total = self._total_with(data)
            self._check_complete(total)
        self._written = total
        if not self.headers_sent:
            self._send_headers(is_empty=not total)
        if output.try_end(data):
            self.completed = True
            return None
        output.write(data)
        self.completed = True
        return output.write_stream_suffix()

    def discard(self) -> None:
        """Forget a response of which nothing has left: another may be started."""
        if not self._output.awaits_headers:
            # By us, or past us: a handler may drive the producer itself.
            raise LocalProtocolError("The response has begun.")
        self.status = None
        self._content_length = None
        self._written = 0
        self._output.set_trailers(None)

    # Inside

    @property
    def _has_no_content(self) -> bool:
        return self._method == "HEAD" or self.status in _NO_CONTENT

    def _require_start(self) -> None:
        if self.status is None:
            raise LocalProtocolError("The response was not started.")

    def _total_with(self, data: bytes) -> int:
        """How long the body is with `data`, if it may come: what is refused does not count."""
        self._require_start()
        if self.completed:
            raise LocalProtocolError("Writing is not allowed after writer was completed.")
        if not data:
            return self._written
        if self.status in _NO_CONTENT:
            # RFC 9110 §6.4.1: "All 1xx (Informational), 204 (No Content), and 304 (Not Modified)
            # responses do not include content." §15.3.6 says the same of 205.
            raise LocalProtocolError(
                "Writing to the response body is invalid for responses with status code "
                f"{self.status}."
            )
        total = self._written + len(data)
        if self._content_length is not None and total > self._content_length:
            raise LocalProtocolError(
                "Response Content-Length mismatch: too many bytes written "
                f"({total} of {self._content_length})."
            )
        return total

    def _check_complete(self, total: int) -> None:
        # HEAD and 304 state the length that a GET would have had (RFC 9110 §8.6).
        if self._content_length is None or self._has_no_content:
            return
        if total < self._content_length:
            raise LocalProtocolError(
                "Response Content-Length mismatch: too few bytes written "
                f"({total} of {self._content_length})."
            )

    def _send_headers(self, is_empty: bool = False) -> None:
        """Hand over the headers, unless that was done; a body known to be empty says so."""
        head = self._head
        if self.headers_sent or head is None:
            return
        has_no_content = self._method == "HEAD" or self.status in _NO_CONTENT
        if (
            is_empty
            and head.content_length is None
            and not has_no_content
            and self._method != "CONNECT"
        ):
            head = head.with_length_0()  # RFC 9110 §8.6
        fields = head.complete(self._heads.default_fields())
        self._output.write_response_headers(fields, discard_data=has_no_content)
        self.headers_sent = True
        if head.priority is not None:
            self._heads.prioritize(self._output.stream_id, head.priority)

    def __repr__(self) -> str:
        state = "completed" if self.completed else "open"
        return f"<Http3Response {self.status} {state} {self._written} bytes>"
