"""What a pipe raises, and the sentences it says.

This file knows the exceptions and messages of System.IO.Pipelines. It refuses to know when
they apply. The words are upstream's, so that an old search result still helps.
"""

from __future__ import annotations

from typing import NoReturn

__all__ = [
    "ADVANCED_PAST",
    "BEYOND_THE_BUFFER",
    "BUFFER_IS_GONE",
    "CONCURRENT_WAIT",
    "EXAMINED_BEFORE_CONSUMED",
    "FLUSH_CANCELED",
    "NOTHING_TO_COMPLETE",
    "NOT_COMPLETED",
    "READING_AFTER_COMPLETED",
    "READING_IN_PROGRESS",
    "READ_CANCELED",
    "STREAM_CLOSED",
    "WRITING_AFTER_COMPLETED",
    "Failure",
    "InvalidOperationError",
    "OperationCanceledError",
]

ADVANCED_PAST = "The PipeReader has already advanced past the provided position."
BEYOND_THE_BUFFER = "The provided position lies beyond the data of the pipe."
BUFFER_IS_GONE = (
    "This buffer is gone: advance_to consumed its bytes, or the reader was completed. "
    "Copy with to_bytes() what must outlive the read."
)
CONCURRENT_WAIT = "Concurrent reads or writes are not supported."
EXAMINED_BEFORE_CONSUMED = (
    "The examined position must be greater than or equal to the consumed position."
)
FLUSH_CANCELED = "Flush was canceled on underlying PipeWriter."
NOTHING_TO_COMPLETE = "No reading operation to complete."
NOT_COMPLETED = "Both reader and writer has to be completed to be able to reset the pipe."
READING_AFTER_COMPLETED = "Reading is not allowed after reader was completed."
READING_IN_PROGRESS = "Reading is already in progress."
READ_CANCELED = "Read was canceled on underlying PipeReader."
STREAM_CLOSED = "Cannot access a closed stream."
WRITING_AFTER_COMPLETED = "Writing is not allowed after writer was completed."


class InvalidOperationError(RuntimeError):
    """The call is not legal in this state of the pipe; the call changed nothing."""


class OperationCanceledError(Exception):
    """`cancel_pending_read` or `cancel_pending_flush` ended a call that has no result to say so.

    Only `copy_to` and `as_stream` raise it: `read` and `flush` report `is_canceled` instead. It
    is not `asyncio.CancelledError`, because no task was cancelled.
    """


class Failure:
    """An exception that may be raised many times without its traceback growing each time."""

    __slots__ = ("_traceback", "error")

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self._traceback = error.__traceback__

    def reraise(self) -> NoReturn:
        """Raise the exception as it was when it was caught."""
        raise self.error.with_traceback(self._traceback)
