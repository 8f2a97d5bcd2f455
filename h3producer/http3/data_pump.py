"""From the data pipe of one response into its frame writer: the pump, and the way past it.

    [data pipe, threshold 1] ─▶ process_data_writes ─▶ Http3FrameWriter ─▶ QUIC stream
     └──────────────── a call, while nobody has to wait ──────▲

This file knows the pipe, the task that empties it, and when neither is needed. It refuses to know
what an application may do when (`http3/output_producer.py`, which is built on this).

The rules:

* The data pipe pauses and resumes at 1 byte, so a flush ends when the pump has taken all of
  it, framed it and seen the stream accept it. The one real buffer is the stream's, behind
  `QuicTransport.drain`.
* The pump is an inline continuation of the flush (Kestrel: readerScheduler inline), from the first
  one or the end on: while there is room, framing costs no task switch and no wait.
* What the pump would take, frame and hand over without a wait, a straight call does: one frame,
  nothing in the pipe, room behind it. Nobody can tell the two apart but by the clock. So a
  response that never waits has neither pipe nor pump; the first call that may wait makes them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ClassVar

from h3producer.errors import ErrorCode, FieldSectionTooLarge
from h3producer.pipe.options import PipeOptions
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.results import CANCELED_AND_COMPLETED, FLUSHED
from h3producer.pipe.wakeup import InlineTask, start_inline

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.http3.frame_writer import Http3FrameWriter
    from h3producer.pipe.results import FlushResult
    from h3producer.wire.fields import Fields

__all__ = ["ApplicationLeftError", "DataPump"]

logger = logging.getLogger("h3producer.error")

DATA_PIPE = PipeOptions(pause_writer_threshold=1, resume_writer_threshold=1)


class ApplicationLeftError(Exception):
    """How the pump tells "the response ends here" from "nobody writes any more"."""


class DataPump:
    """The way of one response's data."""

    goes_straight: ClassVar[bool] = True
    """Off, all goes through pipe and pump: for tests, since nobody else sees a difference."""

    def __init__(
        self,
        frame_writer: Http3FrameWriter,
        abort: Callable[[int, str], None],
        on_ended: Callable[[], None],
    ) -> None:
        """`abort` cuts the exchange with an error code, for a reason to be logged; `on_ended` is
        called once all of the response, FIN included, was handed to QUIC."""
        self._frame_writer = frame_writer
        self._abort = abort
        self._on_ended = on_ended
        self._discards_data = False
        self._trailers: Fields | None = None
        self._pipe: Pipe | None = None
        self._pump: InlineTask[None] | None = None

    @property
    def unflushed_bytes(self) -> int:
        """Body bytes that were advanced or written and not flushed; headers do not count."""
        return 0 if self._pipe is None else self._pipe.writer.unflushed_bytes

    def abort(self, reason: str) -> None:
        """Abort the stream (never the connection) with H3_INTERNAL_ERROR."""
        self._abort(ErrorCode.H3_INTERNAL_ERROR, reason)

    # The way past the pump

    def _write_straight(self, data: bytes) -> FlushResult | None:
        """Hand over `data` and what is in front of it; None, and nothing is done, if the pump has
        to. Only for headers that were written, and not after the end."""
        if not self._may_go_straight(data):
            return None
        try:
            is_done = self._frame_writer.try_write_data(b"" if self._discards_data else data)
        except Exception:
            self._fail()
            return CANCELED_AND_COMPLETED  # the abort has cancelled, and nobody reads any more
        return FLUSHED if is_done else None

    def _end_straight(self, data: bytes) -> bool:
        """Hand over the last `data`, what is in front of it, and FIN; False, and nothing is done,
        if the pump has to. Only for headers that were written, and not after the end."""
        if self._trailers or not self._may_go_straight(data):
            return False
        try:
            is_done = self._frame_writer.try_write_end(b"" if self._discards_data else data)
        except Exception:
            self._fail()
            return True
        if is_done:
            self._on_ended()
        return is_done

    def _may_go_straight(self, data: bytes) -> bool:
        """Nothing goes ahead of `data` that is still on its way, and nobody can change it."""
        if type(data) is not bytes or not self.goes_straight:
            return False
        return self._pipe is None or self._pipe.is_quiet

    # The pump

    def _data_pipe(self) -> Pipe:
        """The pipe, made when somebody may have to wait."""
        if self._pipe is None:
            self._pipe = Pipe(DATA_PIPE)
        return self._pipe

    def _start_pump(self) -> InlineTask[None]:
        if self._pump is None:
            self._pump = start_inline(self.process_data_writes())
        return self._pump

    async def process_data_writes(self) -> None:
        """Take bytes out of the pipe, frame them, wait for room, release the flush; to the end."""
        reader = self._data_pipe().reader
        frame_writer = self._frame_writer
        try:
            while True:
                result = await reader.read()
                data = result.buffer.slice(0, 0) if self._discards_data else result.buffer
                if result.is_completed:
                    written = await frame_writer.write_end(data, self._trailers)
                else:
                    written = await frame_writer.write_data(data)
                reader.advance_to(result.buffer.end)
                if written.is_completed:
                    break
            if frame_writer.is_completed:
                self._on_ended()
        except ApplicationLeftError as error:
            error.__traceback__ = None  # its frames lead back here, and the pipe keeps it
        except FieldSectionTooLarge as error:
            logger.info("Stream %d: trailers refused: %s", frame_writer.stream_id, error)
            self.abort(str(error))
        except Exception:
            self._fail()
        finally:
            reader.complete()

    def _fail(self) -> None:
        """What must not raise has raised."""
        stream_id = self._frame_writer.stream_id
        logger.critical("Stream %d: the pump failed.", stream_id, exc_info=True)
        self.abort("process_data_writes failed")

    def _leave_pipe(self) -> None:
        """Nobody writes any more. Unless the end was asked for, the pump ends here."""
        if self._pipe is not None:
            # First completion wins (X1): after a normal end this error is never seen.
            self._pipe.writer.complete(ApplicationLeftError())
        if self._pump is None or self._pump.done():
            # Nobody is called any more: let go of the stream, which holds us.
            self._abort = self._on_ended = _nothing


def _nothing(*_: object) -> None:
    """In place of a callback that nobody needs any more."""
