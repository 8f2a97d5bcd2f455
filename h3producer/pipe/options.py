"""The settings of pipes and of streams as pipe ends, checked and with defaults filled in.

This file knows the numbers and which of them make sense together. It refuses to know what is
done with them. All are frozen: many pipes share one `PipeOptions`.

Upstream's `pool` and `useSynchronizationContext` have no counterpart: Python's allocator is
the pool behind a pipe's own blocks, and a task always resumes in its own loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from h3producer.pipe.scheduler import PipeScheduler, Schedules, crosses_threads

__all__ = ["PipeOptions", "StreamPipeReaderOptions", "StreamPipeWriterOptions"]

DEFAULT_PAUSE_WRITER_THRESHOLD = 65536
"""Bytes, the default of System.IO.Pipelines: one ordinary socket buffer."""

DEFAULT_MINIMUM_SEGMENT_SIZE = 4096
"""Bytes, one memory page, the default of System.IO.Pipelines."""

USE_DEFAULT = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class PipeOptions:
    """Thresholds, block size and schedulers of a pipe (upstream `PipeOptions`).

    `ValueError` for a number below -1 and for a resume threshold above a pause threshold that
    is not 0.
    """

    pause_writer_threshold: int = USE_DEFAULT
    """Unexamined bytes from which on `flush` waits; 0 means never. -1 means 65536."""
    resume_writer_threshold: int = USE_DEFAULT
    """A waiting `flush` returns once fewer bytes than this are unexamined.

    -1 means half of the pause threshold, at least 1, so that writer and reader do not take
    turns byte by byte; 0 is taken as 1, because nothing is ever below 0.
    """
    minimum_segment_size: int = USE_DEFAULT
    """Bytes in a block that `get_memory` allocates. -1 means 4096; 0 means as asked for."""
    reader_scheduler: Schedules = PipeScheduler.inline
    """Where a waiting `read` continues."""
    writer_scheduler: Schedules = PipeScheduler.inline
    """Where a waiting `flush` continues."""
    is_shared: bool = field(init=False)
    """Whether one of the schedulers crosses threads, so that the pipe has to take a lock."""

    def __post_init__(self) -> None:
        pause = _number("pause_writer_threshold", self, DEFAULT_PAUSE_WRITER_THRESHOLD)
        # Upstream's default is 32768 whatever the pause threshold, a trap: a writer that is
        # paused below that would, in its old versions, never be released.
        resume = max(1, _number("resume_writer_threshold", self, pause // 2))
        if resume > pause > 0:
            raise ValueError("resume_writer_threshold must not exceed pause_writer_threshold")
        size = _number("minimum_segment_size", self, DEFAULT_MINIMUM_SEGMENT_SIZE)
        object.__setattr__(self, "pause_writer_threshold", pause)
        object.__setattr__(self, "resume_writer_threshold", resume)
        object.__setattr__(self, "minimum_segment_size", size)
        shared = crosses_threads(self.reader_scheduler) or crosses_threads(self.writer_scheduler)
        object.__setattr__(self, "is_shared", shared)


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamPipeReaderOptions:
    """How a stream is read (upstream `StreamPipeReaderOptions`); `ValueError` for sizes < 1."""

    buffer_size: int = 4096
    """Bytes asked for at most in one read of the stream, one memory page as upstream."""
    leave_open: bool = False
    """Whether the stream stays open when the reader completes."""
    minimum_read_size: int = 1024
    """Bytes asked for at least: with less room left of `buffer_size`, the count starts anew.

    As upstream, so that a stream that gives little at a time is not asked for crumbs.
    """

    def __post_init__(self) -> None:
        if self.buffer_size < 1 or self.minimum_read_size < 1:
            raise ValueError("buffer_size and minimum_read_size must be at least 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamPipeWriterOptions:
    """How a stream is written (upstream `StreamPipeWriterOptions`); `ValueError` for sizes < 1."""

    minimum_buffer_size: int = 4096
    """Bytes in a block of `get_memory`, one memory page as upstream."""
    leave_open: bool = False
    """Whether the stream stays open when the writer completes."""

    def __post_init__(self) -> None:
        if self.minimum_buffer_size < 1:
            raise ValueError("minimum_buffer_size must be at least 1")


def _number(name: str, options: PipeOptions, default: int) -> int:
    value: int = getattr(options, name)
    if value < USE_DEFAULT:
        raise ValueError(f"{name} must be -1 (the default) or more, not {value}")
    return default if value == USE_DEFAULT else value
