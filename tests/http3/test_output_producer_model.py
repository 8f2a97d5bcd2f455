"""The producer against a model of it: what is on the wire, who waits, and what they are told.

Hypothesis plays the application, the stream that stops it and the transport that has room or not,
in any order. The application is one task: it asks for nothing while it waits. After every step the
wire must have the model's bytes, exactly, and whoever need not wait any more has gone on with the
model's result. What comes of calls at the same time stands in test_output_producer.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from h3producer.errors import LocalProtocolError
from h3producer.http3.field_encoder import FieldEncoder
from h3producer.http3.frame_writer import MAX_DATA_PAYLOAD, Http3FrameWriter
from h3producer.http3.output_producer import Http3OutputProducer
from h3producer.http3.state import OutputState
from h3producer.pipe.results import CANCELED, COMPLETED, FLUSHED
from h3producer.pipe.wakeup import InlineTask, start_inline
from h3producer.wire.qpack import FieldSectionEncoder
from tests.fakes import FakeTransport
from tests.http3.harness import data, run_soon, section

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from h3producer.pipe.results import FlushResult

OK = [(b":status", b"200")]
CONTINUE = section((b":status", b"100"))
TRAILER = [(b"checksum", b"1")]
CANCELLED = 0x10C

SIZES = st.sampled_from([0, 1, 5, MAX_DATA_PAYLOAD, MAX_DATA_PAYLOAD + 1, 40_000])

PATIENCE = st.integers(0, 4)
"""0: now. What ends a response comes less often than what goes on with it."""

OPEN, STARTED, SUFFIXED, STOPPED, COMPLETE = OutputState


class Model:
    """The response as it has to be: bytes that are on their way, and where they stand."""

    def __init__(self) -> None:
        self.state = OPEN
        self.headers_written = self.discards = False
        self.trailers = b""
        self.pending = b""
        """HEADERS that ride with the next write."""
        self.unflushed = b""
        self.piped = b""
        """Flushed, and not consumed by the pump."""
        self.sent = b""
        self.cancels_flush = self.is_canceled = self.wants_end = self.has_left = False
        self.is_blocked = self.is_ended = self.is_reset = False
        self.pump = self.pumping()
        self.pump_is_started = self.pump_is_done = False

    @property
    def may_write(self) -> bool:
        return self.state <= STARTED

    @property
    def is_over(self) -> bool:
        return self.is_ended or self.is_reset

    @property
    def waits_for_room(self) -> bool:
        return self.is_blocked and not self.is_over

    def add(self, octets: bytes) -> None:
        if self.may_write and octets:
            self.unflushed += octets
            self.state = STARTED

    def commit(self) -> None:
        self.piped += self.unflushed
        self.unflushed = b""

    def send(self, frames: bytes, *, end: bool = False) -> None:
        if not self.is_over:
            self.sent += self.pending + frames
            self.pending = b""
            self.is_ended = end

    def go_on(self) -> None:
        """Let the pump run until it has to wait."""
        if self.pump_is_started:
            next(self.pump, None)

    def pumping(self) -> Iterator[None]:
        """The pump; it waits where it yields."""
        while not self.is_over:
            while not (self.piped or self.wants_end or self.has_left):
                yield
            if self.has_left and not self.wants_end:
                break
            size, is_last, suffix = len(self.piped), self.wants_end, self.trailers
            rest = b"" if self.discards else self.piped
            while len(rest) > MAX_DATA_PAYLOAD and not self.is_over:
                self.send(data(rest[:MAX_DATA_PAYLOAD]))
                rest = rest[MAX_DATA_PAYLOAD:]
                while self.waits_for_room:
                    yield
            self.send((data(rest) if rest else b"") + (suffix if is_last else b""), end=is_last)
            while self.waits_for_room:
                yield
            self.piped = self.piped[size:]
        self.piped = b""
        self.pump_is_done = True


class ProducerMachine(RuleBasedStateMachine):
    """The producer beside the model. A wait is started by a rule and looked at in `settle`."""

    @initialize(begins=st.booleans(), is_blocked=st.booleans())
    def begin(self, begins: bool, is_blocked: bool) -> None:
        self.transport = FakeTransport()
        encoder = FieldEncoder(FieldSectionEncoder())
        self.frame_writer = Http3FrameWriter(0, self.transport, encoder)
        self.output = Http3OutputProducer(self.frame_writer, self.cut, self.on_ended)
        self.model = Model()
        self.ends = self.counter = 0
        self.waiting: tuple[str, InlineTask[FlushResult | None]] | None = None
        if begins:  # most sequences, or there would be little to see
            self.write_response_headers(discards=False)
        if is_blocked:
            self.block()

    def on_ended(self) -> None:
        self.ends += 1

    def cut(self, error_code: int, reason: str) -> None:
        """As `http3/stream.py` does it."""
        self.output.stop()
        self.frame_writer.abort(error_code)

    # The application

    @precondition(lambda self: self.is_idle)
    @rule(discards=st.sampled_from([False, False, False, True]))
    def write_response_headers(self, discards: bool) -> None:
        model = self.model
        if model.state is STOPPED:
            self.output.write_response_headers(OK, discard_data=discards)
        elif model.headers_written or not model.may_write:
            with pytest.raises(LocalProtocolError):
                self.output.write_response_headers(OK)
        else:
            self.output.write_response_headers(OK, discard_data=discards)
            model.pending += section(*OK)
            model.headers_written, model.discards = True, discards

    @precondition(lambda self: self.is_idle)
    @rule()
    def write_100_continue(self) -> None:
        model = self.model
        if model.state is STOPPED:
            assert run_soon(self.output.write_100_continue()) is COMPLETED
        elif model.headers_written or not model.may_write:
            with pytest.raises(LocalProtocolError):
                run_soon(self.output.write_100_continue())
        else:
            model.send(CONTINUE)
            self.wait("room", self.output.write_100_continue())

    @precondition(lambda self: self.is_idle)
    @rule(size=SIZES)
    def write(self, size: int) -> None:
        payload = self.payload(size)
        if self.model.state in (SUFFIXED, COMPLETE):
            with pytest.raises(LocalProtocolError):
                self.output.write(payload)
        else:
            self.output.write(payload)
            self.model.add(payload)

    @precondition(lambda self: self.is_idle)
    @rule(size=SIZES, spare=st.sampled_from([0, 3, 5000]))
    def fill(self, size: int, spare: int) -> None:
        payload = self.payload(size)
        if self.model.state in (SUFFIXED, COMPLETE):
            with pytest.raises(LocalProtocolError):
                self.output.get_memory(size)
            return
        memory = self.output.get_memory(size + spare)
        assert len(memory) >= max(1, size + spare)
        memory[:size] = payload
        self.output.advance(size)
        self.model.add(payload)

    @precondition(lambda self: self.is_idle)
    @rule()
    def flush(self) -> None:
        model = self.model
        if model.state is STOPPED:
            assert run_soon(self.output.flush()) is COMPLETED
        elif not model.may_write or (model.unflushed and not model.headers_written):
            with pytest.raises(LocalProtocolError):
                run_soon(self.output.flush())
        else:
            model.pump_is_started = True
            model.commit()
            model.go_on()
            if model.state is OPEN:
                # Of the headers alone: a cancel that came before it is reported, and done with.
                model.is_canceled, model.cancels_flush = model.cancels_flush, False
                model.send(b"")
                self.wait("room", self.output.flush())
            else:
                self.wait("flush", self.output.flush())

    @precondition(lambda self: self.is_idle)
    @rule(size=SIZES)
    def write_and_flush(self, size: int) -> None:
        self.write(size)
        self.flush()

    @rule(has_trailers=st.booleans())
    def set_trailers(self, has_trailers: bool) -> None:
        self.output.set_trailers(TRAILER if has_trailers else None)
        self.model.trailers = section(*TRAILER) if has_trailers else b""

    @precondition(lambda self: self.is_idle)
    @rule(patience=PATIENCE)
    def write_stream_suffix(self, patience: int) -> None:
        if patience:
            return
        model = self.model
        if model.may_write and not model.headers_written:
            with pytest.raises(LocalProtocolError):
                run_soon(self.output.write_stream_suffix())
            return
        if model.state in (STOPPED, COMPLETE):
            run_soon(self.output.write_stream_suffix())
            return
        if model.may_write:
            model.state, model.wants_end, model.pump_is_started = SUFFIXED, True, True
            model.commit()
            model.go_on()
        self.wait("end", self.output.write_stream_suffix())

    @rule()
    def cancel_pending_flush(self) -> None:
        self.model.cancels_flush |= self.model.may_write
        self.output.cancel_pending_flush()
        self.settle()

    @precondition(lambda self: self.is_idle or self.waiting[0] == "end")
    @rule(patience=PATIENCE)
    def complete(self, patience: int = 0) -> None:
        if patience:
            return
        self.output.complete()
        self.model.state, self.model.has_left = COMPLETE, True
        self.model.unflushed = b""
        self.settle()

    # The stream and the transport

    @rule(patience=PATIENCE)
    def stop(self, patience: int) -> None:
        """The output is stopped first and the stream reset then, so that a flush which waits hears
        of a cancel, not of an end."""
        if patience:
            return
        model = self.model
        if model.may_write:
            model.state, model.cancels_flush = STOPPED, True
        self.output.stop()
        self.settle()
        if not model.is_over:
            model.is_reset, model.pending = True, b""
        self.frame_writer.abort(CANCELLED)
        self.settle()

    @rule()
    def block(self) -> None:
        self.transport.block(0)
        self.model.is_blocked = True

    @rule()
    def unblock(self) -> None:
        self.model.is_blocked = False
        self.transport.unblock(0)
        self.settle()

    # Waiting

    @property
    def is_idle(self) -> bool:
        return self.waiting is None

    def payload(self, size: int) -> bytes:
        self.counter += 1
        return bytes((self.counter % 251,)) * size

    def wait(self, kind: str, coroutine: Coroutine[object, None, FlushResult | None]) -> None:
        self.waiting = kind, start_inline(coroutine)
        self.settle()

    def settle(self) -> None:
        """Whoever need not wait any more has gone on, with the right result; nobody else."""
        model = self.model
        model.go_on()
        if self.waiting is None:
            return
        kind, task = self.waiting
        due = {
            "flush": model.cancels_flush or not model.piped,
            "room": not model.waits_for_room,
            "end": model.pump_is_done,
        }
        assert task.done() == due[kind]
        if task.done():
            self.waiting = None
            self.check_result(kind, task.result())

    def check_result(self, kind: str, result: FlushResult | None) -> None:
        model = self.model
        if kind == "flush":
            assert result == (CANCELED if model.cancels_flush else FLUSHED)
            model.cancels_flush = False
        elif kind == "room":
            assert result == (model.is_canceled, model.is_over)
            model.is_canceled = False
        else:
            assert result is None

    @invariant()
    def the_wire_agrees(self) -> None:
        if not hasattr(self, "model"):
            return
        model = self.model
        assert self.transport.sent(0) == model.sent
        assert self.transport.fin(0) == model.is_ended
        assert self.ends == model.is_ended
        assert (0 in self.transport.resets) == model.is_reset
        assert self.output.state is model.state
        assert self.output.unflushed_bytes == len(model.unflushed)
        assert self.output.awaits_headers == (model.state is OPEN and not model.headers_written)

    def teardown(self) -> None:
        """When the application has left and there is room, nobody waits and the pump is over."""
        if not hasattr(self, "model"):
            return
        self.unblock()
        assert self.is_idle
        self.complete()
        assert self.model.pump_is_done or not self.model.pump_is_started
        assert self.output._pump is None or self.output._pump.done()
        self.the_wire_agrees()


ProducerMachine.TestCase.settings = settings(
    deadline=None, max_examples=200, stateful_step_count=40
)

TestProducer = ProducerMachine.TestCase
