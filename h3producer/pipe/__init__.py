"""System.IO.Pipelines in Python: a bounded byte pipe with back-pressure.

Only names; each is explained where it is defined. Start with `pipe.py` for the five laws.
"""

from __future__ import annotations

from h3producer.pipe.as_stream import PipeReaderStream, PipeWriterStream
from h3producer.pipe.duplex import DuplexPipe, duplex_pair
from h3producer.pipe.errors import InvalidOperationError, OperationCanceledError
from h3producer.pipe.options import (
    PipeOptions,
    StreamPipeReaderOptions,
    StreamPipeWriterOptions,
)
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.reader import PipeReader
from h3producer.pipe.results import FlushResult, ReadResult
from h3producer.pipe.scheduler import PipeScheduler
from h3producer.pipe.sequence import ReadOnlySequence, Segment, SequencePosition
from h3producer.pipe.stream_reader import StreamPipeReader
from h3producer.pipe.stream_writer import StreamPipeWriter
from h3producer.pipe.wakeup import InlineTask, SharedWakeup, Wakeup, start_inline
from h3producer.pipe.writer import PipeWriter

__all__ = [
    "DuplexPipe",
    "FlushResult",
    "InlineTask",
    "InvalidOperationError",
    "OperationCanceledError",
    "Pipe",
    "PipeOptions",
    "PipeReader",
    "PipeReaderStream",
    "PipeScheduler",
    "PipeWriter",
    "PipeWriterStream",
    "ReadOnlySequence",
    "ReadResult",
    "Segment",
    "SequencePosition",
    "SharedWakeup",
    "StreamPipeReader",
    "StreamPipeReaderOptions",
    "StreamPipeWriter",
    "StreamPipeWriterOptions",
    "Wakeup",
    "duplex_pair",
    "start_inline",
]
