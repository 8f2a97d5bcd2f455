"""The pipe against a model of it: a bytes object, three numbers and a few flags.

Hypothesis plays both owners, in any order. After every step the pipe must show what the model
shows: which waits are over, with which flags and bytes, and the length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from h3producer.pipe.options import PipeOptions
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.scheduler import PipeScheduler, Schedules
from h3producer.pipe.wakeup import start_inline
from tests.pipe.harness import Elsewhere, flushing, reading

if TYPE_CHECKING:
    from h3producer.pipe.results import FlushResult, ReadResult
    from h3producer.pipe.wakeup import InlineTask


class StopError(Exception):
    """An end that completes with an error."""


class PipeMachine(RuleBasedStateMachine):
    """Both owners and the model. A wait is started by a rule and looked at by the invariant."""

    scheduler: Schedules = PipeScheduler.inline
    old_buffers = Bundle("old_buffers")

    @initialize(
        pause=st.integers(0, 20),
        resume=st.integers(0, 20),
        segment=st.sampled_from([0, 1, 3, 8, 4096]),
    )
    def begin(self, pause: int, resume: int, segment: int) -> None:
        self.pause = pause
        self.resume = max(1, min(resume, pause) if pause else resume)
        self.pipe = Pipe(
            PipeOptions(
                pause_writer_threshold=pause,
                resume_writer_threshold=min(resume, pause) if pause else resume,
                minimum_segment_size=segment,
                reader_scheduler=self.scheduler,
            )
        )
        self.fresh()

    def fresh(self) -> None:
        self.unflushed = b""
        self.data = b""  # flushed, not consumed
        self.examined = 0  # bytes of data that were examined
        self.paused = False
        self.read_task: InlineTask[ReadResult] | None = None
        self.read_minimum = 0
        self.flush_task: InlineTask[FlushResult] | None = None
        self.open_read: ReadResult | None = None
        self.cancel_read = self.cancel_flush = False
        self.writer_done = self.reader_done = False
        self.writer_failed = self.reader_failed = False

    # The writer.

    @precondition(lambda self: not self.writer_done)
    @rule(data=st.binary(max_size=12))
    def write(self, data: bytes) -> None:
        self.pipe.writer.write(data)
        if not self.reader_done:
            self.add(data)

    @precondition(lambda self: not self.writer_done)
    @rule(data=st.binary(max_size=12), spare=st.integers(0, 5))
    def fill(self, data: bytes, spare: int) -> None:
        self.pipe.writer.get_memory(len(data) + spare)[: len(data)] = data
        self.pipe.writer.advance(len(data))
        self.add(data)

    @precondition(lambda self: not self.writer_done and self.flush_task is None)
    @rule()
    def flush(self) -> None:
        self.commit()
        self.flush_task = flushing(self.pipe)
        self.settle()

    @precondition(lambda self: not self.writer_done and self.flush_task is None)
    @rule()
    def publish(self) -> None:
        self.commit()
        self.pipe.writer.publish()
        self.settle()

    @rule()
    def cancel_pending_flush(self) -> None:
        self.cancel_flush = True
        self.pipe.writer.cancel_pending_flush()
        self.settle()

    @rule(fails=st.booleans())
    def complete_writer(self, fails: bool) -> None:
        if not self.writer_done:
            self.commit()
            self.writer_done = True
            self.writer_failed = fails
        self.pipe.writer.complete(StopError() if fails else None)
        self.settle()

    # The reader.

    @precondition(lambda self: self.can_read())
    @rule()
    def read(self) -> None:
        self.read_minimum = 0
        self.read_task = reading(self.pipe)
        self.settle()

    @precondition(lambda self: self.can_read())
    @rule(minimum=st.integers(0, 30))
    def read_at_least(self, minimum: int) -> None:
        self.read_minimum = minimum
        if not self.read_is_due():
            self.paused = False
        self.read_task = start_inline(self.pipe.reader.read_at_least(minimum))
        self.settle()

    @precondition(lambda self: self.can_read() and not self.writer_failed)
    @rule()
    def try_read(self) -> None:
        self.read_minimum = 0
        due = self.read_is_due()
        result = self.pipe.reader.try_read()
        assert (result is not None) == due
        if result is not None:
            self.check_read(result)

    @precondition(lambda self: self.open_read is not None)
    @rule(choice=st.data())
    def advance(self, choice: st.DataObject) -> None:
        assert self.open_read is not None
        buffer = self.open_read.buffer
        size = len(buffer)
        consumed = choice.draw(st.integers(0, size))
        examined = choice.draw(st.none() | st.integers(consumed, size))
        place = buffer.get_position(consumed)
        if examined is None:
            self.pipe.reader.advance_to(place)
            examined = max(consumed, self.examined)
        else:
            self.pipe.reader.advance_to(place, buffer.get_position(examined))
        self.data = self.data[consumed:]
        self.examined = examined - consumed
        self.open_read = None
        if self.length() < self.resume:
            self.paused = False
        self.settle()

    @rule()
    def cancel_pending_read(self) -> None:
        self.cancel_read = True
        self.pipe.reader.cancel_pending_read()
        self.settle()

    @precondition(lambda self: self.read_task is None)
    @rule(fails=st.booleans())
    def complete_reader(self, fails: bool) -> None:
        if not self.reader_done:
            self.reader_done = True
            self.reader_failed = fails
            self.data, self.examined, self.paused = b"", 0, False
            self.open_read = None
        self.pipe.reader.complete(StopError() if fails else None)
        self.settle()

    @precondition(lambda self: self.writer_done and self.reader_done and self.flush_task is None)
    @rule()
    def reset(self) -> None:
        self.pipe.reset()
        self.fresh()

    # The model.

    def length(self) -> int:
        return len(self.data) - self.examined

    def can_read(self) -> bool:
        return not self.reader_done and self.read_task is None and self.open_read is None

    def read_is_due(self) -> bool:
        length = self.length()
        enough = length > 0 and length >= self.read_minimum
        return enough or self.writer_done or self.cancel_read

    def add(self, data: bytes) -> None:
        self.unflushed = b"" if self.reader_done else self.unflushed + data

    def commit(self) -> None:
        flushed, self.unflushed = self.unflushed, b""
        if self.reader_done or not flushed:
            return
        self.data += flushed
        starving = self.read_task is not None and self.length() < self.read_minimum
        if self.pause and self.length() >= self.pause and not starving:
            self.paused = True

    def settle(self) -> None:
        """Whoever need not wait any more has gone on, with the right result; nobody else."""
        if self.flush_task is not None:
            due = self.cancel_flush or not self.paused
            assert self.flush_task.done() == due
            if due:
                task, self.flush_task = self.flush_task, None
                self.check_flush(task)
        if self.read_task is not None:
            due = self.read_is_due()
            assert self.read_task.done() == due
            if due:
                task_, self.read_task = self.read_task, None
                if self.writer_failed:
                    with pytest.raises(StopError):
                        task_.result()
                else:
                    self.check_read(task_.result())

    def check_flush(self, task: InlineTask[FlushResult]) -> None:
        if self.reader_failed:
            with pytest.raises(StopError):
                task.result()
            return
        assert task.result() == (self.cancel_flush, self.reader_done)
        self.cancel_flush = False

    def check_read(self, result: ReadResult) -> None:
        assert result.buffer.to_bytes() == self.data
        assert b"".join(result.buffer.segments) == self.data
        assert result.is_canceled == self.cancel_read
        assert result.is_completed == self.writer_done
        self.cancel_read = False
        self.read_minimum = 0
        self.open_read = result

    @invariant()
    def the_numbers_agree(self) -> None:
        if hasattr(self, "pipe"):
            assert self.pipe.length == self.length()
            assert self.pipe.writer.unflushed_bytes == len(self.unflushed)


class SharedPipeMachine(PipeMachine):
    """The same with the lock."""

    scheduler = Elsewhere()


for machine in (PipeMachine, SharedPipeMachine):
    machine.TestCase.settings = settings(deadline=None, stateful_step_count=40)

TestPipe = PipeMachine.TestCase
TestSharedPipe = SharedPipeMachine.TestCase
