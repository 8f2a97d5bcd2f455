"""The one private state between the two ends of a pipe, and its transitions.

This file knows what each call does to waits, thresholds and completion. It refuses to run
anybody: a transition that releases a waiter returns its `Wakeup`, and the end that called
wakes it afterwards, through its scheduler. So no continuation ever runs inside a transition,
and `shared_state.py` makes a pipe safe for two threads by putting a lock around each of them.
"""

from __future__ import annotations

import sys
from enum import Enum
from typing import TYPE_CHECKING, NoReturn

from h3producer.pipe import errors
from h3producer.pipe.buffer import PipeBuffer
from h3producer.pipe.errors import Failure, InvalidOperationError
from h3producer.pipe.results import (
    CANCELED,
    CANCELED_AND_COMPLETED,
    COMPLETED,
    FLUSHED,
    FlushResult,
    ReadResult,
)
from h3producer.pipe.scheduler import run_by
from h3producer.pipe.sequence import ReadOnlySequence, SequencePosition
from h3producer.pipe.wakeup import Wakeup

if TYPE_CHECKING:
    from h3producer.pipe.options import PipeOptions

__all__ = ["EndState", "PipeState"]

NEVER = sys.maxsize
"""More bytes than there can be: the pause threshold 0."""


class EndState(Enum):
    """What one end is doing. A writer is never TENTATIVE or BUSY."""

    IDLE = "nothing"
    TENTATIVE = "its last read was canceled or found nothing: it may be advanced, or not"
    BUSY = "a read was given out and must be advanced"
    WAITING = "a read or flush waits, or was woken and has not gone on yet"
    DONE = "complete"


# Module names, because an attribute of an Enum costs a lookup on every call.
IDLE = EndState.IDLE
TENTATIVE = EndState.TENTATIVE
BUSY = EndState.BUSY
WAITING = EndState.WAITING
DONE = EndState.DONE

new_tuple = tuple.__new__
"""Skips the `__new__` written for a named tuple, which costs as much as the whole tuple."""


class PipeState(PipeBuffer):
    """Everything the two ends share. Both ends must live in one thread."""

    __slots__ = (
        "_flush_wakeup",
        "_minimum_read",
        "_pause",
        "_read_canceled",
        "_read_wakeup",
        "_reader_error",
        "_resume",
        "_writer_error",
        "flush_canceled",
        "paused",
        "reader",
        "wake_reader",
        "wake_writer",
        "writer",
    )

    new_wakeup: type[Wakeup] = Wakeup

    def __init__(self, options: PipeOptions) -> None:
        super().__init__(options.minimum_segment_size)
        self._pause = options.pause_writer_threshold or NEVER
        self._resume = options.resume_writer_threshold
        self.wake_reader = run_by(options.reader_scheduler, self.new_wakeup.wake)
        self.wake_writer = run_by(options.writer_scheduler, self.new_wakeup.wake)
        self._begin()

    def _begin(self) -> None:
        self.reader = self.writer = IDLE
        self.paused = False  # a flush has to wait
        self.flush_canceled = self._read_canceled = False
        self._minimum_read = 0  # what a waiting read_at_least asked for
        self._read_wakeup: Wakeup | None = None
        self._flush_wakeup: Wakeup | None = None
        self._reader_error: Failure | None = None
        self._writer_error: Failure | None = None

    # The writing end.

    def get_memory(self, size_hint: int) -> memoryview:
        """Memory to fill, never empty."""
        if self.writer is DONE:
            raise InvalidOperationError(errors.WRITING_AFTER_COMPLETED)
        if size_hint < 0:
            raise ValueError(f"size_hint must not be negative: {size_hint}")
        return self.memory(size_hint or 1)

    def advance_write(self, count: int) -> None:
        """Append what was filled, or drop it if nobody reads."""
        if self.writer is DONE:
            raise InvalidOperationError(errors.WRITING_AFTER_COMPLETED)
        self.append_memory(count)
        if self.reader is DONE:
            self.discard_unflushed()

    def refuse_write(self) -> NoReturn:
        """Raise what is wrong with writing now."""
        done = self.writer is DONE
        raise InvalidOperationError(
            errors.WRITING_AFTER_COMPLETED if done else errors.CONCURRENT_WAIT
        )

    def commit(self) -> Wakeup | None:
        """Publish what was written; the reader to wake, if it waits for that."""
        if self.reader is DONE:
            self.discard_unflushed()
            return None
        if self._segments:
            self.extend(self._unflushed)
        else:
            self._segments = self._unflushed
        self._unflushed = []
        self.flushed = flushed = SequencePosition(self.flushed + self.unflushed_bytes)
        self.unflushed_bytes = 0
        length = flushed - self.examined
        # Below what the reader waits for, pausing the writer would be a dead-lock.
        if length < self._minimum_read:
            return None
        if length >= self._pause:
            self.paused = True
        wakeup = self._read_wakeup
        self._read_wakeup = None
        return wakeup

    def begin_flush_wait(self) -> Wakeup | None:
        """What a flush has to await; `None` if `take_flush` has its result."""
        if self.flush_canceled or not self.paused:
            return None
        self.writer = WAITING
        self._flush_wakeup = wakeup = self.new_wakeup()
        return wakeup

    def take_flush(self) -> FlushResult:
        """The result of a flush that need not wait, or no longer."""
        self._end_flush_wait()
        if self._reader_error is not None:
            self._reader_error.reraise()
        canceled, self.flush_canceled = self.flush_canceled, False
        if self.reader is DONE:
            return CANCELED_AND_COMPLETED if canceled else COMPLETED
        return CANCELED if canceled else FLUSHED

    def abandon_flush(self) -> None:
        """The waiting task was cancelled. That wins over `cancel_pending_flush`."""
        self._end_flush_wait()
        self.flush_canceled = False
        self._flush_wakeup = None

    def _end_flush_wait(self) -> None:
        if self.writer is WAITING:  # and was not completed meanwhile
            self.writer = IDLE

    def cancel_flush(self) -> Wakeup | None:
        """Make the waiting flush, or else the next one, report `is_canceled`."""
        self.flush_canceled = True
        return self._take_flush_wakeup()

    def complete_writer(self, error: BaseException | None) -> Wakeup | None:
        """No bytes after these; the reader to wake."""
        if self.writer is DONE:
            return None
        wakeup = self.commit() if self.unflushed_bytes else None
        self.writer = DONE
        self._writer_error = None if error is None else Failure(error)
        self._clear_if_over()
        return wakeup or self._take_read_wakeup()

    # The reading end.

    def begin_read(self, minimum: int) -> Wakeup | None:
        """What a read has to await; `None` if `take_read` has something to give."""
        if self.reader is not IDLE and self.reader is not TENTATIVE:
            self._refuse_read(errors.CONCURRENT_WAIT)
        length = self.flushed - self.examined
        if (length and length >= minimum) or self.writer is DONE or self._read_canceled:
            return None
        self.reader = WAITING
        self._minimum_read = minimum
        self._read_wakeup = wakeup = self.new_wakeup()
        return wakeup

    def release_writer(self) -> Wakeup | None:
        """Let a paused writer go on while the reader waits for more than is there."""
        if self._read_wakeup is None:
            return None
        self.paused = False
        return self._take_flush_wakeup()

    def try_read(self) -> ReadResult | None:
        """What `take_read` has to give, if it has."""
        if self.reader is not IDLE and self.reader is not TENTATIVE:
            self._refuse_read(errors.READING_IN_PROGRESS)
        if self.flushed > self.examined or self.writer is DONE or self._read_canceled:
            return self.take_read()
        self.reader = TENTATIVE
        return None

    def take_read(self) -> ReadResult:
        """Everything flushed and not consumed; opens the read that `advance_read` ends."""
        if self.reader is DONE:
            raise InvalidOperationError(errors.READING_AFTER_COMPLETED)
        self._minimum_read = 0
        if self._writer_error is not None:
            self.reader = IDLE
            self._writer_error.reraise()
        canceled = self._read_canceled
        if canceled:
            self._read_canceled = False
            self.reader = TENTATIVE
        else:
            self.reader = BUSY
        buffer = ReadOnlySequence(self._segments, self._first, self._skip, self.start, self.flushed)
        return new_tuple(ReadResult, (buffer, canceled, self.writer is DONE))

    def abandon_read(self) -> None:
        """The waiting task was cancelled. That wins over `cancel_pending_read`."""
        if self.reader is WAITING:  # and was not completed meanwhile
            self.reader = IDLE
        self._read_canceled = False
        self._read_wakeup = None
        self._minimum_read = 0

    def advance_read(
        self, consumed: SequencePosition | None, examined: SequencePosition | None
    ) -> Wakeup | None:
        """End the read; the writer to wake, if that takes it below the resume threshold."""
        if self.reader is not BUSY and self.reader is not TENTATIVE:
            done = self.reader is DONE
            raise InvalidOperationError(
                errors.READING_AFTER_COMPLETED if done else errors.NOTHING_TO_COMPLETE
            )
        if consumed is self.flushed and examined is None:
            # By far the most common end of a read: all consumed, nothing to check.
            examined = consumed
            self.consume_all()
        else:
            examined = self.check(consumed, examined)
            if consumed == self.flushed:
                self.consume_all()
            elif consumed is not None:
                self.consume(consumed)
        self.examined = examined
        self.reader = IDLE
        if self.paused and self.flushed - examined < self._resume:
            self.paused = False
            wakeup = self._flush_wakeup
            self._flush_wakeup = None
            return wakeup
        return None

    def cancel_read(self) -> Wakeup | None:
        """Make the waiting read, or else the next one, report `is_canceled`."""
        self._read_canceled = True
        return self._take_read_wakeup()

    def complete_reader(self, error: BaseException | None) -> tuple[Wakeup | None, Wakeup | None]:
        """Drop what was not consumed; the flush and the read that wait, to wake both."""
        if self.reader is DONE:
            return None, None
        self.reader = DONE
        self._reader_error = None if error is None else Failure(error)
        self.consume_all()
        self.examined = self.flushed
        self.paused = False
        self._clear_if_over()
        return self._take_flush_wakeup(), self._take_read_wakeup()

    def _refuse_read(self, message: str) -> NoReturn:
        if self.reader is DONE:
            message = errors.READING_AFTER_COMPLETED
        elif self.reader is BUSY:
            message = errors.READING_IN_PROGRESS
        raise InvalidOperationError(message)

    # Both ends.

    def reset(self) -> None:
        """Begin again."""
        if self.writer is not DONE or self.reader is not DONE:
            raise InvalidOperationError(errors.NOT_COMPLETED)
        self._begin()

    def _clear_if_over(self) -> None:
        if self.writer is DONE and self.reader is DONE:
            self.clear()

    def _take_read_wakeup(self) -> Wakeup | None:
        wakeup, self._read_wakeup = self._read_wakeup, None
        return wakeup

    def _take_flush_wakeup(self) -> Wakeup | None:
        wakeup, self._flush_wakeup = self._flush_wakeup, None
        return wakeup
