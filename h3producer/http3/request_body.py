"""The request body, as the application reads it: a PipeReader with credit behind it.

This file knows that what the application consumes is what the client may send more of
(`QuicTransport.grant`), and how a body ends: whole, or aborted. It refuses to know frames and
whether a request is well-formed (`http3/stream.py`).

Nothing here pauses the sender: flow control does. The pipe holds at most the stream's window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.pipe.options import PipeOptions
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.reader import PipeReader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from h3producer.errors import RequestAborted
    from h3producer.pipe.results import ReadResult
    from h3producer.pipe.sequence import ReadOnlySequence, SequencePosition
    from h3producer.wire.fields import Fields

__all__ = ["RequestBody"]

# 0: never pause. The stream's flow-control window is the bound (RFC 9000 §4.1).
BODY_PIPE = PipeOptions(pause_writer_threshold=0)


class RequestBody(PipeReader):
    """The body of one request. One reader at a time; reading is what grants more.

    After an abort every read raises `RequestAborted`, also when bytes are left: a request that
    was cut is not a request (RFC 9114 §4.1). After the application has left, bytes that it did
    not read are granted back, so that an unread body cannot starve the connection.
    """

    def __init__(
        self, grant: Callable[[int], None], on_first_read: Callable[[], None] | None = None
    ) -> None:
        """`grant` takes consumed bytes; `on_first_read` is called before the first read waits."""
        self._pipe: Pipe | None = None
        self._error: RequestAborted | None = None
        self._grant = grant
        self._on_first_read = on_first_read
        self._unconsumed = 0
        self._handed_out: ReadOnlySequence | None = None
        self._is_left = False
        self.is_awaited = False
        """The application waits for bytes that have not come."""
        self.is_complete = False
        """The client has sent all of it, trailers included (RFC 9114 §4.1)."""
        self.trailers: Fields | None = None
        """The trailer section, once the body was read to its end; None if there was none."""

    # For the application

    async def read(self) -> ReadResult:
        """Wait for body bytes, or the end; raises RequestAborted if the exchange was aborted."""
        result = self._ends.reader.try_read()
        if result is None:
            self._start()
            result = await self._waited_for(self._ends.reader.read())
        self._handed_out = result.buffer
        return result

    def try_read(self) -> ReadResult | None:
        """What is there now, None if nothing is; raises as `read` does."""
        result = self._ends.reader.try_read()
        if result is None:
            self._start()
        else:
            self._handed_out = result.buffer
        return result

    async def read_at_least(self, minimum_size: int) -> ReadResult:
        """Wait for `minimum_size` bytes, or the end. More than the window never comes at once:
        the client may not send it before something is consumed."""
        self._start()
        result = await self._waited_for(self._ends.reader.read_at_least(minimum_size))
        self._handed_out = result.buffer
        return result

    def advance_to(
        self, consumed: SequencePosition | None, examined: SequencePosition | None = None
    ) -> None:
        """Give back what was consumed; the client may send as many bytes more."""
        buffer, self._handed_out = self._handed_out, None
        count = 0
        if buffer is not None and consumed is not None:
            count = buffer.slice(buffer.start, consumed).length
        self._ends.reader.advance_to(consumed, examined)
        self._consume(count)

    async def read_chunk(self) -> bytes:
        """The next bytes, as many as there are; b"" is the end. Consumes what it returns.

        Waits while there are none. Raises RequestAborted after an abort. After
        `cancel_pending_read` it is b"" as well, with `is_complete` still false.
        """
        buffer = (await self.read()).buffer
        chunk = buffer.to_bytes()
        self._handed_out = None
        self._ends.reader.advance_to(buffer.end)
        self._consume(len(chunk))
        return chunk

    def cancel_pending_read(self) -> None:
        """The waiting read, or else the next one, returns `is_canceled`; no byte is lost."""
        self._ends.reader.cancel_pending_read()

    def complete(self, error: BaseException | None = None) -> None:
        """The application reads no more. What is left, and what still comes, is dropped."""
        if not self._is_left:
            self._is_left = True
            self._handed_out = self._on_first_read = None
            if self._error is not None:
                # A read that raised it left its frames there, and they hold us.
                self._error.__traceback__ = None
            if self._pipe is not None:
                self._pipe.reader.complete(error)
            self._consume(self._unconsumed)

    # For the stream

    def data_received(self, data: bytes) -> None:
        """Body bytes from the client; never waits, flow control has already bounded them."""
        if self._is_left:
            self._grant(len(data))
            return
        self._unconsumed += len(data)
        writer = self._ends.writer
        writer.write(data)
        writer.publish()

    def end_received(self, trailers: Fields | None) -> None:
        """The request is whole."""
        self.trailers = trailers
        self.is_complete = True
        if self._pipe is not None:
            self._pipe.writer.complete()

    def abort(self, error: RequestAborted) -> None:
        """The exchange was cut: reads raise `error` from now on, unless the body was whole."""
        self._error = error
        if self._pipe is not None:
            self._pipe.writer.complete(error)

    # Inside

    @property
    def _ends(self) -> Pipe:
        """The pipe, made when content comes or somebody reads: most requests need none."""
        pipe = self._pipe
        if pipe is None:
            pipe = self._pipe = Pipe(BODY_PIPE)
            if self.is_complete or self._error is not None:
                pipe.writer.complete(None if self.is_complete else self._error)
            if self._is_left:
                pipe.reader.complete()
        return pipe

    async def _waited_for(self, read: Awaitable[ReadResult]) -> ReadResult:
        self.is_awaited = True
        try:
            return await read
        finally:
            self.is_awaited = False

    def _start(self) -> None:
        callback, self._on_first_read = self._on_first_read, None
        if callback is not None:
            callback()

    def _consume(self, count: int) -> None:
        if count:
            self._unconsumed -= count
            self._grant(count)
