"""A reader of a stream against a model of it: what was given, and how far it was read.

Hypothesis plays the stream and the reader, in any order and in any sizes. A read goes on as soon as
there is what it asked for, with bytes in their order and once; no more is fetched than one read of
the stream beyond what somebody asked for.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from h3producer.pipe.options import PipeOptions, StreamPipeReaderOptions
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.reader import PipeReader
from h3producer.pipe.wakeup import InlineTask, start_inline

if TYPE_CHECKING:
    from h3producer.pipe.results import ReadResult


class StreamReaderMachine(RuleBasedStateMachine):
    """The stream is the other side of a pipe, which needs no event loop."""

    @initialize(size=st.sampled_from([1, 3, 8, 4096]), minimum=st.sampled_from([1, 2, 8]))
    def begin(self, size: int, minimum: int) -> None:
        self.stream = Pipe(PipeOptions(pause_writer_threshold=0))
        options = StreamPipeReaderOptions(buffer_size=size, minimum_read_size=minimum)
        self.reader = PipeReader.create(self.stream.reader.as_stream(), options)
        self.given = b""
        self.consumed = 0
        self.examined = 0  # bytes behind those that were consumed
        self.has_ended = self.cancels = False
        self.size = size
        self.allowed = 0  # bytes that may have been fetched
        self.minimum = 0
        self.waiting: InlineTask[ReadResult] | None = None
        self.result: ReadResult | None = None

    # The stream

    @precondition(lambda self: not self.has_ended)
    @rule(data=st.binary(min_size=1, max_size=20))
    def give(self, data: bytes) -> None:
        self.given += data
        self.stream.writer.write(data)
        self.stream.writer.publish()
        self.settle()

    @precondition(lambda self: not self.has_ended)
    @rule(patience=st.integers(0, 3))
    def end(self, patience: int) -> None:
        if patience == 0:
            self.has_ended = True
            self.stream.writer.complete()
            self.settle()

    # The reader

    @precondition(lambda self: self.may_read)
    @rule()
    def read(self) -> None:
        self.ask(1)
        self.waiting = start_inline(self.reader.read())
        self.settle()

    @precondition(lambda self: self.may_read)
    @rule(minimum=st.integers(0, 30))
    def read_at_least(self, minimum: int) -> None:
        self.ask(max(1, minimum))
        self.waiting = start_inline(self.reader.read_at_least(minimum))
        self.settle()

    @precondition(lambda self: self.may_read)
    @rule()
    def try_read(self) -> None:
        result = self.reader.try_read()
        if result is not None:
            self.check(result)

    @precondition(lambda self: self.result is not None)
    @rule(choice=st.data())
    def advance(self, choice: st.DataObject) -> None:
        assert self.result is not None
        buffer, self.result = self.result.buffer, None
        consumed = choice.draw(st.integers(0, len(buffer)))
        examined = choice.draw(st.integers(consumed, len(buffer)))
        self.reader.advance_to(buffer.get_position(consumed), buffer.get_position(examined))
        self.consumed += consumed
        self.examined = examined - consumed

    @rule(patience=st.integers(0, 5))
    def cancel_pending_read(self, patience: int) -> None:
        if patience == 0:
            self.cancels = True
            self.reader.cancel_pending_read()
            self.settle()

    # The model

    @property
    def may_read(self) -> bool:
        return self.waiting is None and self.result is None

    @property
    def left(self) -> bytes:
        return self.given[self.consumed :]

    def ask(self, minimum: int) -> None:
        self.minimum = minimum
        short_of_it = self.consumed + self.examined + minimum - 1
        self.allowed = max(self.allowed, short_of_it + self.size)

    def settle(self) -> None:
        """A read has gone on if, and only if, there is what it asked for, or will not be."""
        assert len(self.given) - self.stream.length <= self.allowed, "More than was asked for."
        if self.waiting is not None:
            is_due = len(self.left) - self.examined >= self.minimum
            assert self.waiting.done() == (is_due or self.has_ended or self.cancels)
            if self.waiting.done():
                task, self.waiting = self.waiting, None
                self.check(task.result())

    def check(self, result: ReadResult) -> None:
        octets = result.buffer.to_bytes()
        assert self.left.startswith(octets)
        assert result.is_canceled == self.cancels
        if result.is_completed:
            assert self.has_ended
            assert octets == self.left
        if self.cancels:
            self.allowed = sys.maxsize  # a fetch under way is left alone, and wants what it wanted
        self.cancels = False
        self.result = result


StreamReaderMachine.TestCase.settings = settings(
    deadline=None, max_examples=200, stateful_step_count=40
)

TestStreamReader = StreamReaderMachine.TestCase
