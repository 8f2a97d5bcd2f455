"""A bounded byte pipe with two ends: System.IO.Pipelines in Python.

This file knows the two ends. It refuses to know how state changes (`state.py`) or how waiting
works (`wakeup.py`). Its one rule: change the state, then wake, then decide whether to wait.

The five laws of the pipe:

1. Two ends, one owner each; only the owner completes its end; the first completion wins, more
   are harmless.
2. `write` never waits. `flush` publishes, and waits from *at or above* the pause threshold
   until the unexamined bytes are *below* the resume threshold.
3. A cancel wakes the pending wait, or the next one, once; it loses no bytes and raises nothing.
4. When one end is complete the other learns it from its result; only a completion *with an
   error* raises there.
5. A second wait on the same end is a bug and raises at once.

What differs from .NET, on purpose:

- Law 5: upstream fails both waits. Here the second raises and the first goes on, since on an
  event loop nothing is broken by it and failing the innocent waiter helps nobody.
- `flush` and `advance` after the writer's `complete` raise; upstream leaves them unchecked.
- A read that waits while somebody completes its own end raises; upstream leaves it waiting.
- `write` keeps a reference to `bytes`; upstream copies into its blocks. Only crumbs are joined,
  while the reader lags behind (`CRUMBS` in `buffer.py`).
- Completion callbacks (`OnReaderCompleted`, `OnWriterCompleted`; obsolete upstream) are left
  out: the results say it.
- A cancellation token is the cancellation of the awaiting task; see `PipeReader`, `PipeWriter`.
- No token of the past can touch a later call, and no buffer of the past shows other bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.pipe.options import PipeOptions
from h3producer.pipe.reader import PipeReader
from h3producer.pipe.results import FLUSHED
from h3producer.pipe.shared_state import SharedPipeState
from h3producer.pipe.state import EndState, PipeState
from h3producer.pipe.writer import PipeWriter

if TYPE_CHECKING:
    from h3producer.pipe.results import FlushResult, ReadResult
    from h3producer.pipe.sequence import SequencePosition

__all__ = ["Pipe"]

DEFAULT_OPTIONS = PipeOptions()
IDLE, DONE = EndState.IDLE, EndState.DONE


class Pipe:
    """What is written into `writer` comes out of `reader` (upstream `Pipe`).

    Both ends belong to one thread, unless one of the schedulers crosses threads; then each end
    may live in a thread of its own.
    """

    __slots__ = ("_state", "reader", "writer")

    reader: PipeReader
    """The reading end, for one owner."""
    writer: PipeWriter
    """The writing end, for one owner."""

    def __init__(self, options: PipeOptions = DEFAULT_OPTIONS) -> None:
        self._state = SharedPipeState(options) if options.is_shared else PipeState(options)
        self.reader = _Reader(self._state)
        self.writer = _Writer(self._state)

    def __repr__(self) -> str:
        state = self._state
        length = state.flushed - state.start
        return f"<Pipe {length} bytes, reader {state.reader.name}, writer {state.writer.name}>"

    @property
    def length(self) -> int:
        """Bytes flushed and not examined: what the thresholds are compared with."""
        return self._state.flushed - self._state.examined

    @property
    def is_quiet(self) -> bool:
        """Nothing is in it, flushed or not, and the next flush would neither wait nor report."""
        state = self._state
        return not (
            state.unflushed_bytes
            or state.flushed - state.examined
            or state.paused
            or state.flush_canceled
        )

    def reset(self) -> None:
        """Make it as new, once both ends are complete; else `InvalidOperationError`.

        Positions and buffers of the time before stay recognisably old.
        """
        self._state.reset()


class _Writer(PipeWriter):
    __slots__ = ("_state",)

    def __init__(self, state: PipeState) -> None:
        self._state = state

    @property
    def unflushed_bytes(self) -> int:
        return self._state.unflushed_bytes

    def get_memory(self, size_hint: int = 0) -> memoryview:
        return self._state.get_memory(size_hint)

    def advance(self, count: int) -> None:
        self._state.advance_write(count)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        state = self._state
        if state.writer is DONE:
            state.refuse_write()
        if state.reader is not DONE:
            state.append(data)

    def publish(self) -> None:
        state = self._state
        if state.writer is not IDLE:
            state.refuse_write()
        if state.unflushed_bytes:
            wakeup = state.commit()
            if wakeup is not None:
                state.wake_reader(wakeup)

    async def flush(self) -> FlushResult:
        state = self._state
        if state.writer is not IDLE:
            state.refuse_write()
        if state.unflushed_bytes:
            wakeup = state.commit()
            if wakeup is not None:
                # An inline reader runs here, and may advance before we look whether to wait.
                state.wake_reader(wakeup)
        if not (state.paused or state.flush_canceled or state.reader is DONE):
            return FLUSHED
        wakeup = state.begin_flush_wait()
        if wakeup is not None:
            try:
                await wakeup
            except BaseException:
                state.abandon_flush()
                raise
        return state.take_flush()

    def cancel_pending_flush(self) -> None:
        state = self._state
        wakeup = state.cancel_flush()
        if wakeup is not None:
            state.wake_writer(wakeup)

    def complete(self, error: BaseException | None = None) -> None:
        state = self._state
        wakeup = state.complete_writer(error)
        if wakeup is not None:
            state.wake_reader(wakeup)


class _Reader(PipeReader):
    __slots__ = ("_state",)

    def __init__(self, state: PipeState) -> None:
        self._state = state

    async def read(self) -> ReadResult:
        state = self._state
        wakeup = state.begin_read(0)
        if wakeup is not None:
            try:
                await wakeup
            except BaseException:
                state.abandon_read()
                raise
        return state.take_read()

    async def read_at_least(self, minimum: int) -> ReadResult:
        if minimum < 0:
            raise ValueError(f"minimum must not be negative: {minimum}")
        state = self._state
        wakeup = state.begin_read(minimum)
        if wakeup is not None:
            released = state.release_writer()
            if released is not None:
                state.wake_writer(released)
            try:
                await wakeup
            except BaseException:
                state.abandon_read()
                raise
        return state.take_read()

    def try_read(self) -> ReadResult | None:
        return self._state.try_read()

    def advance_to(
        self, consumed: SequencePosition | None, examined: SequencePosition | None = None
    ) -> None:
        state = self._state
        wakeup = state.advance_read(consumed, examined)
        if wakeup is not None:
            state.wake_writer(wakeup)

    def cancel_pending_read(self) -> None:
        state = self._state
        wakeup = state.cancel_read()
        if wakeup is not None:
            state.wake_reader(wakeup)

    def complete(self, error: BaseException | None = None) -> None:
        state = self._state
        flushing, reading = state.complete_reader(error)
        if flushing is not None:
            state.wake_writer(flushing)
        if reading is not None:
            state.wake_reader(reading)
