"""A response, as its bytes come in: informational heads, the head, the body, trailers.

This file knows the order of frames on a stream that a client opened (RFC 9114 §4.1). It refuses
to know connections: it is fed, it is read, and it says how many bytes were consumed.

Its one rule: nothing is reported as whole that is not. A body that ends before its content-length,
or by a reset, ends with `ClientError`.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import TYPE_CHECKING, Final

from h3producer.client.errors import ClientError
from h3producer.errors import (
    ErrorCode,
    Http3ConnectionError,
    Http3StreamError,
    RemoteProtocolError,
)
from h3producer.wire.fields import parse_content_length
from h3producer.wire.frames import FrameReader, FrameType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from h3producer.wire.fields import Fields
    from h3producer.wire.qpack import FieldSectionDecoder

__all__ = ["MAX_INFORMATIONAL", "ClientResponse"]

MAX_HEAD: Final = 64 * 1024
"""Bytes of an encoded field section that we accept; servers send a few hundred."""

MAX_INFORMATIONAL: Final = 100
"""Interim responses to one request that we keep; servers send one or two."""

_is_status = re.compile(rb"[1-9][0-9]{2}").fullmatch
_WHOLE = frozenset((FrameType.HEADERS,))
_STREAMED = frozenset((FrameType.DATA,))


class ClientResponse:
    """The answer to one request. `await head()` first, then read the body."""

    def __init__(
        self,
        stream_id: int,
        decoder: FieldSectionDecoder,
        consumed: Callable[[int], None],
        *,
        is_head: bool = False,
    ) -> None:
        """`consumed` is told how many bytes of the stream were read; `is_head`: HEAD was asked."""
        self._stream_id = stream_id
        self._decoder = decoder
        self._consumed = consumed
        self._has_body = not is_head
        self._frames = FrameReader(_WHOLE, _STREAMED, max_payload=MAX_HEAD)
        self._pieces: deque[bytes] = deque()
        self._received = 0
        self._ended = False
        self._error: ClientError | None = None
        self._news = asyncio.Event()
        self.informational: list[tuple[int, Fields]] = []
        """Status and headers of each 1xx that came before the response."""
        self.status: int = 0
        """The status; 0 until the head has come."""
        self.headers: Fields = []
        self.trailers: Fields | None = None
        """The trailer section, once the body has ended; None if there is none."""

    # For the one who asked

    async def head(self) -> int:
        """Wait for the head and return the status. Raises `ClientError` if none will come."""
        while not self.status:
            self._raise_error()
            await self._wait()
        return self.status

    async def read_chunk(self) -> bytes:
        """The next piece of the body, b"" at its end. Raises `ClientError` if it is cut short."""
        while not self._pieces:
            self._raise_error()
            if self._ended:
                return b""
            await self._wait()
        piece = self._pieces.popleft()
        self._consumed(len(piece))
        return piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self.read_chunk():
            yield piece

    # For the connection

    def data_received(self, data: bytes, end_stream: bool) -> None:
        """Bytes of the stream, and whether they are the last."""
        before = self._received
        try:
            for frame_type, payload in self._frames.feed(data):
                if frame_type == FrameType.HEADERS and payload is not None:
                    self._headers_received(payload)
                elif frame_type == FrameType.DATA and payload:
                    self._body_received(payload)
        except RemoteProtocolError as error:
            self.failed(f"The response is malformed: {error}")
        self._consumed(len(data) - (self._received - before))
        if end_stream and self._error is None:
            self._end_received()
        self._news.set()

    def failed(self, sentence: str) -> None:
        """The response will never be whole; the first reason counts."""
        if not self._ended and self._error is None:
            self._error = ClientError(sentence)
            self._news.set()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self._ended or self._error is not None

    # Inside

    def _headers_received(self, payload: bytes) -> None:
        fields = self._decoder.decode(self._stream_id, payload)
        if self.trailers is not None:
            raise _out_of_order()
        if self.status:
            self.trailers = fields
            return
        status, headers = _split_status(fields)
        if status >= 200:
            self.status, self.headers = status, headers
        elif len(self.informational) < MAX_INFORMATIONAL:
            self.informational.append((status, headers))
        else:
            raise Http3StreamError(
                ErrorCode.H3_EXCESSIVE_LOAD,
                f"there are more than {MAX_INFORMATIONAL} informational heads",
            )

    def _body_received(self, piece: bytes) -> None:
        if not self.status or self.trailers is not None:
            raise _out_of_order()
        self._received += len(piece)
        self._pieces.append(piece)

    def _end_received(self) -> None:
        expected = _content_length(self.headers)
        if not self.status or not self._frames.at_boundary:
            self.failed("The server ended the stream in the middle of the response.")
        elif expected not in (None, self._received) and self._has_body and self.status != 304:
            self.failed(f"The body ended after {self._received} of {expected} bytes.")
        else:
            self._ended = True

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()


def _split_status(fields: Fields) -> tuple[int, Fields]:
    """The `:status`, which stands first (RFC 9114 §4.3.2), and the other fields."""
    # RFC 9110 §15: "The status code of a response is a three-digit integer code".
    if not fields or fields[0][0] != b":status" or not _is_status(fields[0][1]):
        raise Http3StreamError(ErrorCode.H3_MESSAGE_ERROR, "the response has no status")
    return int(fields[0][1]), fields[1:]


def _out_of_order() -> Http3ConnectionError:
    # RFC 9114 §4.1: "Receipt of an invalid sequence of frames MUST be treated as a connection
    # error of type H3_FRAME_UNEXPECTED." For us, who ask and go, the response is lost.
    return Http3ConnectionError(ErrorCode.H3_FRAME_UNEXPECTED, "frames come in the wrong order")


def _content_length(headers: Fields) -> int | None:
    for name, value in headers:
        if name == b"content-length":
            return parse_content_length(value)
    return None
