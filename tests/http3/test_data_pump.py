"""The way past the pump: who takes it cannot tell.

Two responses get the same calls in the same order, from an application that may also call when it
should wait, over a transport with room for so many bytes. One may go straight, the other always
goes through pipe and pump. What they sent, what each call returned or raised, who still waits and
who was told what must be the same after every step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from h3producer.http3.field_encoder import FieldEncoder
from h3producer.http3.frame_writer import MAX_DATA_PAYLOAD, Http3FrameWriter
from h3producer.http3.output_producer import Http3OutputProducer
from h3producer.http3.transport import UNLIMITED
from h3producer.pipe.results import FLUSHED
from h3producer.pipe.wakeup import InlineTask, Wakeup, start_inline
from h3producer.wire.qpack import FieldSectionEncoder
from tests.fakes import FakeTransport
from tests.http3.harness import OK, data, run_now, section

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.http3.conftest import LoggedErrors

MARK = 20_000
SIZES = st.sampled_from([0, 1, 5, 3000, MAX_DATA_PAYLOAD, MAX_DATA_PAYLOAD + 1, 40_000])
CANCELLED = 0x10C


class PumpedProducer(Http3OutputProducer):
    """Goes through pipe and pump, always."""

    goes_straight = False


class StraightProducer(Http3OutputProducer):
    """Goes past them where it can, also when all tests run the long way."""

    goes_straight = True


class MarkedTransport(FakeTransport):
    """Has room for so many unsent bytes, and lets go what it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.block(0)
        self.is_broken = False

    def send(self, stream_id: int, data: bytes, *, end_stream: bool = False) -> None:
        if self.is_broken:
            raise OSError("the socket is gone")
        super().send(stream_id, data, end_stream=end_stream)

    def room(self, stream_id: int) -> int:
        return MARK - self._unsent[stream_id] if self._alive(stream_id) else UNLIMITED

    async def drain(self, stream_id: int) -> None:
        while self.room(stream_id) <= 0:
            wakeup = self._draining[stream_id] = Wakeup()
            await wakeup

    def take(self, stream_id: int, count: int) -> None:
        super().take(stream_id, count)
        if self.room(stream_id) > 0:
            self._wake(stream_id)


class Trial:
    """One response, and everything that can be told about it from outside."""

    def __init__(self, producer: type[Http3OutputProducer]) -> None:
        self.transport = MarkedTransport()
        self.encoder = FieldEncoder(FieldSectionEncoder())
        self.frame_writer = Http3FrameWriter(0, self.transport, self.encoder)
        self.output = producer(self.frame_writer, self.cut, self.on_ended)
        self.notes: list[object] = []
        self.calls: list[InlineTask[object]] = []

    def on_ended(self) -> None:
        self.notes.append("ended")

    def cut(self, error_code: int, reason: str) -> None:
        """As `http3/stream.py` does it."""
        self.notes.append(reason)
        self.stop(error_code)

    def stop(self, error_code: int) -> None:
        self.output.stop()
        self.frame_writer.abort(error_code)

    def start(self, coroutine: Coroutine[object, None, object]) -> None:
        self.calls.append(start_inline(coroutine))

    def seen(self) -> tuple[object, ...]:
        output = self.output
        return (
            self.transport.calls,
            self.transport.resets,
            self.notes,
            [_outcome(call) for call in self.calls],
            output.state,
            output.unflushed_bytes,
            output.awaits_headers,
            self.frame_writer.is_completed,
        )


def _outcome(call: InlineTask[object]) -> object:
    if not call.done():
        return "waits"
    try:
        return call.result()
    except Exception as error:
        return repr(error)


# What can be done to a response


class Act(NamedTuple):
    name: str
    argument: int = 0

    def __call__(self, trial: Trial) -> None:
        _ACTS[self.name](trial, self.argument)


def _fill(trial: Trial, size: int) -> None:
    trial.output.get_memory(size + 3)[:size] = bytes(size)
    trial.output.advance(size)


_ACTS: dict[str, Callable[[Trial, int], None]] = {
    "headers": lambda trial, _: trial.output.write_response_headers(OK),
    "no content": lambda trial, _: trial.output.write_response_headers(OK, discard_data=True),
    "continue": lambda trial, _: trial.start(trial.output.write_100_continue()),
    "write": lambda trial, size: trial.output.write(bytes(size)),
    "fill": _fill,
    "write and flush": lambda trial, size: trial.start(
        trial.output.write_data_to_pipe(bytes(size))
    ),
    "flush": lambda trial, _: trial.start(trial.output.flush()),
    "cancel": lambda trial, _: trial.output.cancel_pending_flush(),
    "trailers": lambda trial, some: trial.output.set_trailers([(b"a", b"b")] if some else None),
    "many trailers": lambda trial, _: trial.output.set_trailers([(b"a", bytes(100))]),
    "end": lambda trial, _: trial.start(trial.output.write_stream_suffix()),
    "leave": lambda trial, _: trial.output.complete(),
    "stop": lambda trial, _: trial.stop(CANCELLED),
    "abort below": lambda trial, _: trial.frame_writer.abort(CANCELLED),
    "break": lambda trial, _: setattr(trial.transport, "is_broken", True),
    "take": lambda trial, count: trial.transport.take(0, count),
    "small peer": lambda trial, _: setattr(trial.encoder, "peer_max_section_size", 100),
}

WRITES = st.builds(Act, st.sampled_from(["write", "fill", "write and flush"]), SIZES)
TAKES = st.builds(Act, st.just("take"), st.sampled_from([1, MARK // 2, 10 * MARK]))
ACTS = st.one_of(WRITES, WRITES, TAKES, st.builds(Act, st.sampled_from(sorted(_ACTS))))


def perform(act: Act, trial: Trial) -> None:
    try:
        act(trial)
    except Exception as error:
        trial.notes.append(repr(error))


@given(begins=st.booleans(), acts=st.lists(ACTS, max_size=30))
@example(begins=True, acts=[Act("write and flush", 5), Act("end")])
@example(begins=True, acts=[Act("write and flush", MARK - 10_000)] * 3 + [Act("take", MARK)])
@example(begins=True, acts=[Act("cancel"), Act("write and flush", 5), Act("end")])
@example(begins=True, acts=[Act("break"), Act("end"), Act("leave")])
@example(begins=True, acts=[Act("break"), Act("write and flush", 5), Act("end")])
def test_a_straight_call_cannot_be_told_from_the_pump(begins: bool, acts: list[Act]) -> None:
    straight, pumped = Trial(StraightProducer), Trial(PumpedProducer)
    for act in [Act("headers")] * begins + acts + [Act("take", 100 * MARK), Act("leave")]:
        perform(act, straight)
        perform(act, pumped)
        assert straight.seen() == pumped.seen(), act


# What it is for


@pytest.fixture
def trial() -> Trial:
    made = Trial(StraightProducer)
    made.output.write_response_headers(OK)
    return made


def test_a_response_that_never_waits_has_neither_pipe_nor_pump(trial: Trial) -> None:
    assert run_now(trial.output.write_data_to_pipe(b"one")) is FLUSHED
    run_now(trial.output.write_stream_suffix())
    assert trial.transport.sent(0) == section(*OK) + data(b"one")
    assert trial.transport.fin(0)
    assert trial.output._pipe is None
    assert trial.output._pump is None


def test_all_of_a_response_that_is_known_in_one_go_is_one_write(trial: Trial) -> None:
    assert trial.output.try_end(b"hello")
    assert trial.transport.calls == [("send", 0, section(*OK) + data(b"hello"), True)]
    assert trial.notes == ["ended"]


def test_the_first_write_without_room_makes_the_pump(trial: Trial) -> None:
    trial.start(trial.output.write_data_to_pipe(bytes(MAX_DATA_PAYLOAD)))
    assert trial.output._pump is None
    trial.start(trial.output.write_data_to_pipe(bytes(MAX_DATA_PAYLOAD)))
    assert [call.done() for call in trial.calls] == [True, False]
    assert trial.output._pump is not None


def test_with_the_pump_at_rest_a_write_goes_straight_again(trial: Trial) -> None:
    trial.start(trial.output.write_data_to_pipe(bytes(MARK)))
    trial.transport.take(0, MARK)
    pumped = trial.output._pipe
    assert pumped is not None
    assert run_now(trial.output.write_data_to_pipe(b"straight")) is FLUSHED
    assert pumped.length == 0
    assert trial.transport.sent(0).endswith(data(b"straight"))


@pytest.mark.parametrize("mutable", [bytearray(b"hello"), memoryview(b"hello")])
def test_what_its_owner_may_change_is_copied_by_the_pipe(
    trial: Trial, mutable: bytearray | memoryview
) -> None:
    run_now(trial.output.write_data_to_pipe(mutable))  # type: ignore[arg-type]  # as some do
    assert trial.transport.sent(0) == section(*OK) + data(b"hello")


def test_a_frame_that_leaves_just_no_room_goes_through_the_pump(trial: Trial) -> None:
    """`drain` waits when as many bytes as the mark are unsent, so the straight call must not be."""
    head = len(section(*OK)) + 3
    trial.start(trial.output.write_data_to_pipe(bytes(12_000)))
    rest = MARK - 12_000 - head - 3
    trial.start(trial.output.write_data_to_pipe(bytes(rest)))
    assert [call.done() for call in trial.calls] == [True, False]


def test_a_straight_call_that_fails_is_logged_as_the_pump_is(
    trial: Trial, errors: LoggedErrors
) -> None:
    trial.transport.is_broken = True
    assert trial.output.try_end(b"hello")
    assert trial.notes == ["process_data_writes failed"]
    assert errors.take() == ["Stream 0: the pump failed.: OSError('the socket is gone')"]
