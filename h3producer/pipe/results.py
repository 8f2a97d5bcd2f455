"""What a read and a flush report.

This file knows the two results of System.IO.Pipelines. It refuses to know how they come
about. Both are tuples, so they are frozen, compare by value and can be unpacked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from h3producer.pipe.sequence import ReadOnlySequence

__all__ = [
    "CANCELED",
    "CANCELED_AND_COMPLETED",
    "COMPLETED",
    "FLUSHED",
    "FlushResult",
    "ReadResult",
]


class ReadResult(NamedTuple):
    """The bytes that are there now, and what is known of those to come."""

    buffer: ReadOnlySequence
    """Everything not consumed so far. Valid until `advance_to`, which must follow."""
    is_canceled: bool
    """`cancel_pending_read` ended this read; the buffer may be empty, and nothing is lost."""
    is_completed: bool
    """The writer is complete: no byte will follow those in the buffer."""


class FlushResult(NamedTuple):
    """What a flush can tell its writer. The bytes are committed whatever it says."""

    is_canceled: bool
    """`cancel_pending_flush` ended this flush."""
    is_completed: bool
    """The reader is complete: nobody will read what is written, so stop."""


# There are four flush results, made once: a flush allocates nothing to report.
FLUSHED = FlushResult(is_canceled=False, is_completed=False)
CANCELED = FlushResult(is_canceled=True, is_completed=False)
COMPLETED = FlushResult(is_canceled=False, is_completed=True)
CANCELED_AND_COMPLETED = FlushResult(is_canceled=True, is_completed=True)
