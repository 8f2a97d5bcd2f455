"""One response on its way out: Kestrel's Http3OutputProducer on an event loop.

    app ─▶ [data pipe, threshold 1] ─▶ process_data_writes ─▶ Http3FrameWriter ─▶ QUIC stream

This file knows what each call of the application does in each state (the table `OUTPUT` of
`http3/state.py`). It refuses to know how data gets into the stream (`http3/data_pump.py`), and
what a response means: status codes, content-length and body modes stand in `http3/response.py`.

The rules:

* A call that waits ends when the stream has accepted its bytes, and not before.
* Headers do not travel through the pipe; they wait in the frame writer and go ahead of the data.
* `stop` marks and wakes, it never completes the pipe: the application may hold memory of it
  (upstream's CVE-2024-38229). Only `complete`, called when the application has left, does.

Where it departs from upstream, the call's docstring says so and why.
There is no `stream_reset` for pooling: making a Python object costs no more than cleaning one,
and nothing can leak from one response into the next.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

from h3producer.errors import ErrorCode, FieldSectionTooLarge, LocalProtocolError
from h3producer.http3.data_pump import DataPump
from h3producer.http3.scratch import ScratchMemory
from h3producer.http3.state import Effect, OutputInput, OutputState, output_transition
from h3producer.pipe.results import COMPLETED

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.http3.frame_writer import Http3FrameWriter
    from h3producer.pipe.results import FlushResult
    from h3producer.wire.fields import Fields

__all__ = ["Http3OutputProducer"]

_OPEN, _STARTED, _SUFFIXED = OutputState.OPEN, OutputState.STARTED, OutputState.SUFFIXED
_DO, _SKIP = Effect.DO, Effect.SKIP
_HEADERS, _DATA, _COMPLETE = OutputInput.HEADERS, OutputInput.DATA, OutputInput.COMPLETE
"""Members of an enumeration are looked up in a roundabout way."""


class Http3OutputProducer(DataPump):
    """The response of one stream, for one application. Calls that wait are `async`, all others
    return at once. Not thread-safe."""

    def __init__(
        self,
        frame_writer: Http3FrameWriter,
        abort: Callable[[int, str], None],
        on_ended: Callable[[], None],
    ) -> None:
        super().__init__(frame_writer, abort, on_ended)
        self._state = _OPEN
        self._headers_written = False
        self._scratch: ScratchMemory | None = None

    @property
    def stream_id(self) -> int:
        return self._frame_writer.stream_id

    @property
    def state(self) -> OutputState:
        return self._state

    @property
    def awaits_headers(self) -> bool:
        """Neither headers nor data were written, so interim responses may still be."""
        return self._state is _OPEN and not self._headers_written

    # Headers and trailers

    def write_response_headers(self, fields: Fields, *, discard_data: bool = False) -> None:
        """Put the final HEADERS frame in front of the data; it leaves with the first flush.

        `fields` begin with `:status`. With `discard_data` (HEAD, 204, 304) what is written later
        is dropped, so that no DATA frame can follow. Data that was written and not flushed may
        be there already. Silent after an abort. Raises LocalProtocolError for second headers; a
        section that cannot be encoded also resets the stream, with H3_INTERNAL_ERROR.
        """
        if self._write_headers(fields):
            self._headers_written = True
            self._discards_data = discard_data

    async def write_informational(self, fields: Fields) -> FlushResult:
        """Send an interim response (RFC 9110 §15.2) at once; the same back-pressure as data.
        Raises LocalProtocolError after the final headers."""
        if not self._write_headers(fields):
            return COMPLETED
        return await self._frame_writer.flush()

    async def write_100_continue(self) -> FlushResult:
        """Send `100 Continue` (RFC 9110 §15.2.1)."""
        return await self.write_informational([(b":status", b"100")])

    def set_trailers(self, fields: Fields | None) -> None:
        """The trailer section that follows the data (RFC 9114 §4.1); the last call wins."""
        self._trailers = fields

    # Data

    async def first_write(
        self, fields: Fields, data: bytes, *, discard_data: bool = False
    ) -> FlushResult:
        """Headers and the first data in one go (upstream FirstWriteAsync)."""
        self.write_response_headers(fields, discard_data=discard_data)
        return await self.write_data_to_pipe(data)

    def write(self, data: bytes) -> None:
        """Append `data` unflushed, by reference (upstream IBufferWriter.Write, without its copy).
        Silent after an abort; LocalProtocolError after the end."""
        effect, state = output_transition(self._state, _DATA)
        if data and effect is _DO:
            self._data_pipe().writer.write(data)
            self._state = state

    async def write_data(self, data: bytes) -> None:
        """`write_data_to_pipe` for those who do not look at the result."""
        await self.write_data_to_pipe(data)

    async def write_data_to_pipe(self, data: bytes) -> FlushResult:
        """Write and flush: waits until the stream has accepted the bytes. Empty data flushes the
        headers and is not "completed" (upstream says so, and copy loops stop at it). The result
        is `is_completed` after an abort."""
        if data and self._headers_written and self._state <= _STARTED:
            before, self._state = self._state, _STARTED
            result = self._write_straight(data)
            if result is not None:
                return result
            self._state = before
        self.write(data)
        return await self.flush()

    def get_memory(self, size_hint: int = 0) -> memoryview:
        """Memory of at least `max(size_hint, 1)` bytes to fill, for `advance` to commit.

        After an abort it is scratch memory that goes nowhere; what was handed out before stays
        the application's until `complete`. Raises LocalProtocolError after the end.
        """
        if self._state <= _STARTED:
            return self._data_pipe().writer.get_memory(size_hint)
        output_transition(self._state, _DATA)
        self._scratch = self._scratch or ScratchMemory()
        return self._scratch.get(size_hint)

    get_span = get_memory
    """Python has one kind of memory; the name is upstream's other one."""

    def advance(self, count: int) -> None:
        """`count` bytes of the memory were filled; they leave with the next flush, or the end.
        `advance(0)` starts nothing (upstream's does, and leaves the headers behind)."""
        effect, state = output_transition(self._state, _DATA)
        if effect is _DO:
            self._data_pipe().writer.advance(count)
            if count:
                self._state = state

    async def flush(self) -> FlushResult:
        """Send headers and data; waits until the stream has accepted them.

        `is_canceled` after `cancel_pending_flush` or an abort under the wait, `is_completed`
        after an abort. Cancelling the task that waits aborts the exchange with
        H3_INTERNAL_ERROR, as upstream: its bytes are committed, and who gives up waiting for
        room must not be able to pile up more. After an abort it waits for one loop pass.
        """
        effect, self._state = output_transition(self._state, OutputInput.FLUSH)
        if effect is _SKIP:
            # An application that writes for ever, whatever it is told, must not hold the loop.
            await asyncio.sleep(0)
            return COMPLETED
        if not self._headers_written and self.unflushed_bytes:
            # RFC 9114 §4.1: DATA before HEADERS is an invalid sequence of frames.
            raise LocalProtocolError("Data cannot be sent before the response headers.")
        try:
            self._start_pump()
            result = await self._data_pipe().writer.flush()
            if self._state is _OPEN:
                # No data yet, hence the headers alone; a cancel before it is reported all the same.
                sent = await self._frame_writer.flush()
                return sent._replace(is_canceled=True) if result.is_canceled else sent
        except asyncio.CancelledError:
            self._abort(ErrorCode.H3_INTERNAL_ERROR, "a write was cancelled while it waited")
            raise
        if result.is_completed and self._state is _STARTED:
            self.on_input_or_output_completed()
        return result

    def cancel_pending_flush(self) -> None:
        """The waiting flush, or else the next one, returns `is_canceled`; no byte is lost.
        A flush of headers alone counts as the next one (upstream's skips it)."""
        if self._state <= _STARTED:
            self._data_pipe().writer.cancel_pending_flush()

    # Endings

    async def write_stream_suffix(self) -> None:
        """End the response normally: the rest of the data, trailers, FIN. Idempotent.

        Unflushed bytes are sent, not lost. Waits until the pump has handed everything over; a
        cancelled wait changes nothing about that. After an abort it returns at once (upstream
        waits for `complete`, which here would dead-lock). Raises LocalProtocolError if the
        headers were never written.
        """
        if self.try_end() or self._frame_writer.is_completed:
            return
        if not self._headers_written and self._state <= _STARTED:
            raise LocalProtocolError("The response cannot end before its headers were written.")
        effect, self._state = output_transition(self._state, OutputInput.SUFFIX)
        if effect is _DO:
            self._data_pipe().writer.complete()
        if self._state is _SUFFIXED:
            await self._start_pump()

    def try_end(self, data: bytes = b"") -> bool:
        """`write` and `write_stream_suffix` in one, if that need not wait; else do nothing."""
        if not self._headers_written or self._state > _STARTED:
            return False
        before, self._state = self._state, _SUFFIXED
        is_done = self._end_straight(data)
        if not is_done:
            self._state = before
        return is_done

    def stop(self) -> None:
        """The exchange was aborted: wake the flush that waits, or mark the next one. Never
        completes the pipe: the application may still be filling its memory."""
        effect, self._state = output_transition(self._state, OutputInput.STOP)
        if effect is _DO and self._pipe is not None:
            self._pipe.writer.cancel_pending_flush()

    def complete(self) -> None:
        """The application has left: end the pipe and with it the pump. Idempotent. Not an end
        of the response: without `write_stream_suffix` nothing more is sent."""
        effect, self._state = output_transition(self._state, _COMPLETE)
        if effect is _DO:
            self._scratch = None
            self._leave_pipe()

    dispose = complete

    def on_input_or_output_completed(self) -> None:
        """The pump has ended while the application still writes: nobody will take its bytes."""
        self.abort("process_data_writes has completed")

    async def write_chunk(self, *_: object) -> NoReturn:
        """Raises NotImplementedError: HTTP/3 has no chunked coding (RFC 9114 §4.1)."""
        raise NotImplementedError("HTTP/3 has no chunked transfer coding.")

    first_write_chunked = write_chunk

    # Inside

    def _write_headers(self, fields: Fields) -> bool:
        """Add a section, final or interim, to what leaves next; False after an abort."""
        effect, self._state = output_transition(self._state, _HEADERS)
        if effect is _SKIP:
            return False
        if self._headers_written:
            # RFC 9114 §4.1: interim responses come before the final one, and that comes once.
            raise LocalProtocolError("The response headers were already written.")
        try:
            self._frame_writer.write_headers(fields)
        except FieldSectionTooLarge as error:
            self.abort(str(error))
            raise
        return True
