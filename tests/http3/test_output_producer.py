"""The producer over a frame writer and a fake transport: every call in every state.

`Response` stands in for the stream: it cuts the exchange when the producer asks for it, the way
`http3/stream.py` does. Most tests run without an event loop: what does not wait must not need one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from h3producer.errors import LocalProtocolError
from h3producer.http3.field_encoder import FieldEncoder
from h3producer.http3.frame_writer import Http3FrameWriter
from h3producer.http3.output_producer import Http3OutputProducer
from h3producer.http3.state import OutputState
from h3producer.pipe.errors import InvalidOperationError
from h3producer.pipe.results import CANCELED, COMPLETED, FLUSHED
from h3producer.pipe.wakeup import InlineTask, start_inline
from h3producer.wire.frames import FrameReader, FrameType
from h3producer.wire.qpack import FieldSectionEncoder
from tests.fakes import FakeTransport
from tests.http3.harness import data, is_legal, run_now, run_soon, section

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.http3.conftest import LoggedErrors

    Calls = list[tuple[Callable[["Trial", int], None], int]]

STATUS_200 = [(b":status", b"200")]
HEADERS_200 = bytes.fromhex("01 03 0000 d9")
CONTINUE = bytes.fromhex("01 04 0000 ff00")
TRAILER = [(b"checksum", b"1")]


class Response:
    """A producer and what is around it."""

    def __init__(self) -> None:
        self.transport = FakeTransport()
        self.encoder = FieldEncoder(FieldSectionEncoder())
        self.frame_writer = Http3FrameWriter(0, self.transport, self.encoder)
        self.aborts: list[tuple[int, str]] = []
        self.ends = 0
        self.output = Http3OutputProducer(self.frame_writer, self.abort, self.on_ended)

    def on_ended(self) -> None:
        self.ends += 1

    def abort(self, error_code: int, reason: str) -> None:
        self.aborts.append((error_code, reason))
        self.output.stop()
        self.frame_writer.abort(error_code)

    @property
    def wire(self) -> bytes:
        return self.transport.sent(0)

    @property
    def is_ended(self) -> bool:
        return self.transport.fin(0)

    def endings(self) -> list[str]:
        """Each end that was put on the wire: "fin" or "reset"."""
        ends = {"reset": "reset", "send": "fin"}
        return [ends[str(c[0])] for c in self.transport.calls if c[0] == "reset" or c[-1] is True]

    def frames(self) -> list[tuple[int, bytes]]:
        reader = FrameReader((FrameType.HEADERS, FrameType.DATA), max_payload=1 << 20)
        return [(frame_type, payload or b"") for frame_type, payload in reader.feed(self.wire)]


@pytest.fixture
def response() -> Response:
    return Response()


@pytest.fixture
def started() -> Response:
    """With the headers written, as nearly every test needs it."""
    response = Response()
    response.output.write_response_headers(STATUS_200)
    return response


# A response without waiting


def test_headers_data_and_the_end_that_are_known_together_are_one_write(
    started: Response,
) -> None:
    started.output.write(b"hello")
    run_now(started.output.write_stream_suffix())
    assert started.transport.calls == [("send", 0, HEADERS_200 + data(b"hello"), True)]


def test_trailers_are_in_the_same_write(started: Response) -> None:
    started.output.set_trailers([(b"x", b"y")])
    started.output.set_trailers(TRAILER)
    started.output.write(b"hello")
    run_now(started.output.write_stream_suffix())
    expected = HEADERS_200 + data(b"hello") + section(*TRAILER)
    assert started.transport.calls == [("send", 0, expected, True)]
    assert started.ends == 1


def test_trailers_can_be_taken_back(started: Response) -> None:
    started.output.set_trailers(TRAILER)
    started.output.set_trailers(None)
    run_now(started.output.write_stream_suffix())
    assert started.wire == HEADERS_200


def test_headers_and_the_first_data_are_one_write(response: Response) -> None:
    assert run_now(response.output.first_write(STATUS_200, b"hello")) is FLUSHED
    sends = [call for call in response.transport.calls if call[0] == "send"]
    assert sends == [("send", 0, HEADERS_200 + data(b"hello"), False)]


def test_a_write_that_has_room_creates_no_future_and_needs_no_loop(started: Response) -> None:
    """`run_now` drives the coroutine by hand: it ends at the first step."""
    assert run_now(started.output.write_data_to_pipe(b"one")) is FLUSHED
    run_now(started.output.write_data(b"two"))
    run_now(started.output.write_stream_suffix())
    assert started.wire == HEADERS_200 + data(b"one") + data(b"two")


def test_many_small_advances_and_one_flush_are_one_frame(started: Response) -> None:
    for byte in b"hello":
        memory = started.output.get_memory(1)
        memory[0] = byte
        started.output.advance(1)
    assert started.output.unflushed_bytes == 5
    assert run_now(started.output.flush()) is FLUSHED
    assert started.output.unflushed_bytes == 0
    assert started.wire == HEADERS_200 + data(b"hello")


def test_written_bytes_reach_the_frame_without_a_copy_in_between(started: Response) -> None:
    started.output.write(b"a")
    started.output.get_span()[:1] = b"b"
    started.output.advance(1)
    started.output.write(b"c")
    run_now(started.output.flush())
    assert started.wire == HEADERS_200 + data(b"abc")


def test_interim_responses_go_out_at_once_and_in_order(response: Response) -> None:
    assert run_now(response.output.write_100_continue()) is FLUSHED
    run_now(response.output.write_informational([(b":status", b"103"), (b"link", b"</a>")]))
    assert response.wire == CONTINUE + section((b":status", b"103"), (b"link", b"</a>"))


def test_an_interim_response_cannot_follow_the_final_headers(started: Response) -> None:
    with pytest.raises(LocalProtocolError, match="headers were already written"):
        run_now(started.output.write_100_continue())
    assert started.wire == b""


def test_a_count_that_is_wrong_starts_nothing(started: Response) -> None:
    started.output.get_memory(10)
    with pytest.raises(ValueError, match="advance"):
        started.output.advance(-1)
    assert started.output.state is OutputState.OPEN
    started.output.advance(0)
    assert started.output.state is OutputState.OPEN


def test_headers_are_written_once(started: Response) -> None:
    with pytest.raises(LocalProtocolError, match="already written"):
        started.output.write_response_headers(STATUS_200)
    run_now(started.output.flush())
    assert started.wire == HEADERS_200


def test_no_data_before_the_headers(response: Response) -> None:
    response.output.write(b"hello")
    with pytest.raises(LocalProtocolError, match="before the response headers"):
        run_now(response.output.flush())
    assert response.wire == b""


@pytest.mark.parametrize("written", [b"", b"hello"])
def test_no_end_before_the_headers(response: Response, written: bytes) -> None:
    response.output.write(written)
    with pytest.raises(LocalProtocolError, match="before its headers"):
        run_now(response.output.write_stream_suffix())
    assert not response.is_ended


def test_an_empty_write_flushes_the_headers(started: Response) -> None:
    assert run_now(started.output.write_data_to_pipe(b"")) is FLUSHED
    assert started.wire == HEADERS_200


def test_a_flush_of_nothing_sends_nothing(response: Response) -> None:
    assert run_now(response.output.flush()) is FLUSHED
    assert response.wire == b""


def test_a_response_without_a_body_gets_no_data_frame(response: Response) -> None:
    response.output.write_response_headers(STATUS_200, discard_data=True)
    assert run_now(response.output.write_data_to_pipe(b"hello")) is FLUSHED
    response.output.get_memory()
    response.output.advance(10)
    run_now(response.output.write_stream_suffix())
    assert response.wire == HEADERS_200
    assert response.is_ended


# Waiting


@pytest.fixture
def blocked(started: Response) -> Response:
    """Its stream has no room."""
    started.transport.block(0)
    return started


def test_a_write_waits_until_its_bytes_are_accepted(blocked: Response) -> None:
    write = start_inline(blocked.output.write_data_to_pipe(b"hello"))
    assert not write.done()
    blocked.transport.unblock(0)
    assert write.result() is FLUSHED


def test_256_kib_go_out_in_frames_of_16_kib_with_a_look_at_the_drain_between_them(
    blocked: Response,
) -> None:
    write = start_inline(blocked.output.write_data_to_pipe(bytes(256 * 1024)))
    for frames in range(1, 17):
        assert len(blocked.wire) == len(HEADERS_200) + frames * (5 + 16384)
        assert not write.done()
        blocked.transport.unblock(0) if frames == 16 else step(blocked.transport)
    assert write.result() is FLUSHED


def step(transport: FakeTransport) -> None:
    """Room for one more write."""
    send = transport.send

    def send_and_block(stream_id: int, data: bytes, *, end_stream: bool = False) -> None:
        transport.send = send  # type: ignore[method-assign]
        send(stream_id, data, end_stream=end_stream)
        transport.block(0)

    transport.send = send_and_block  # type: ignore[method-assign]
    transport.unblock(0)


def test_headers_wait_for_room_too(blocked: Response) -> None:
    flush = start_inline(blocked.output.flush())
    assert not flush.done()
    blocked.transport.unblock(0)
    assert flush.result() is FLUSHED


def test_the_end_waits_for_the_pump_and_not_for_the_last_frame(blocked: Response) -> None:
    blocked.output.write(bytes(20_000))
    end = start_inline(blocked.output.write_stream_suffix())
    assert not end.done()
    blocked.transport.unblock(0)
    assert end.done()
    assert blocked.is_ended


def test_a_second_writer_while_the_first_waits_raises_at_once(blocked: Response) -> None:
    first = start_inline(blocked.output.write_data_to_pipe(b"one"))
    with pytest.raises(InvalidOperationError, match="Concurrent"):
        run_now(blocked.output.write_data_to_pipe(b"two"))
    blocked.transport.unblock(0)
    assert first.result() is FLUSHED


def test_a_write_beside_a_flush_of_the_headers_that_waits_goes_behind_them(
    blocked: Response,
) -> None:
    flush = start_inline(blocked.output.flush())
    write = start_inline(blocked.output.write_data_to_pipe(b"hello"))
    blocked.transport.unblock(0)
    assert (flush.result(), write.result()) == (FLUSHED, FLUSHED)
    assert blocked.wire == HEADERS_200 + data(b"hello")


def test_unawaited_writes_are_all_sent_at_the_end(blocked: Response) -> None:
    start_inline(blocked.output.write_data_to_pipe(b"one"))
    blocked.output.write(b"two")
    blocked.output.write(b"three")
    end = start_inline(blocked.output.write_stream_suffix())
    blocked.transport.unblock(0)
    assert end.done()
    assert blocked.wire == HEADERS_200 + data(b"one") + data(b"twothree")


def test_a_write_that_waits_when_the_end_comes_was_accepted_and_not_refused(
    blocked: Response,
) -> None:
    start_inline(blocked.output.write_data_to_pipe(b"one"))
    blocked.output.cancel_pending_flush()
    write = start_inline(blocked.output.write_data_to_pipe(b"two"))
    start_inline(blocked.output.write_stream_suffix())
    blocked.transport.unblock(0)
    assert write.result() is FLUSHED
    assert blocked.wire == HEADERS_200 + data(b"one") + data(b"two")


# Canceled flushes


def test_a_cancel_wakes_the_flush_that_waits(blocked: Response) -> None:
    write = start_inline(blocked.output.write_data_to_pipe(b"hello"))
    blocked.output.cancel_pending_flush()
    assert write.result() is CANCELED
    assert blocked.wire == HEADERS_200 + data(b"hello")


def test_after_a_canceled_flush_the_next_one_waits_again(blocked: Response) -> None:
    start_inline(blocked.output.write_data_to_pipe(b"one"))
    blocked.output.cancel_pending_flush()
    write = start_inline(blocked.output.write_data_to_pipe(b"two"))
    assert not write.done()
    blocked.transport.unblock(0)
    assert write.result() is FLUSHED
    assert blocked.wire == HEADERS_200 + data(b"one") + data(b"two")


def test_a_cancel_sticks_to_the_next_flush_and_its_bytes_go_out(started: Response) -> None:
    started.output.cancel_pending_flush()
    assert run_now(started.output.write_data_to_pipe(b"one")) is CANCELED
    assert run_now(started.output.write_data_to_pipe(b"two")) is FLUSHED
    assert started.wire == HEADERS_200 + data(b"one") + data(b"two")


def test_a_cancel_sticks_to_a_flush_of_headers_alone_as_well(started: Response) -> None:
    started.output.cancel_pending_flush()
    assert run_now(started.output.flush()) == CANCELED
    assert run_now(started.output.write_data_to_pipe(b"one")) is FLUSHED
    assert started.wire == HEADERS_200 + data(b"one")


async def test_cancelling_the_task_that_waits_kills_the_response(blocked: Response) -> None:
    write = asyncio.create_task(blocked.output.write_data_to_pipe(b"hello"))
    await asyncio.sleep(0)
    write.cancel()
    with pytest.raises(asyncio.CancelledError):
        await write
    assert blocked.aborts == [(0x102, "a write was cancelled while it waited")]
    assert blocked.transport.resets == {0: 0x102}


async def test_a_task_that_is_cancelled_before_its_write_hurts_nobody(started: Response) -> None:
    write = asyncio.create_task(started.output.write_data_to_pipe(b"hello"))
    write.cancel()
    with pytest.raises(asyncio.CancelledError):
        await write
    assert started.aborts == []
    assert run_now(started.output.write_data_to_pipe(b"other")) is FLUSHED


async def test_cancelling_a_wait_for_the_end_changes_nothing_about_the_end(
    blocked: Response,
) -> None:
    blocked.output.write(bytes(20_000))
    end = asyncio.create_task(blocked.output.write_stream_suffix())
    await asyncio.sleep(0)
    end.cancel()
    await asyncio.wait([end])
    blocked.transport.unblock(0)
    assert blocked.is_ended
    assert blocked.aborts == []


# Stopped: the exchange was aborted under the application


def test_a_stop_wakes_the_write_that_waits(blocked: Response) -> None:
    write = start_inline(blocked.output.write_data_to_pipe(b"hello"))
    blocked.abort(0x10C, "test")
    assert write.result().is_canceled
    assert blocked.aborts == [(0x10C, "test")]
    assert run_soon(blocked.output.write_data_to_pipe(b"more")) is COMPLETED


def test_a_stop_wakes_the_flush_of_headers_that_waits(blocked: Response) -> None:
    flush = start_inline(blocked.output.flush())
    blocked.abort(0x10C, "test")
    assert flush.result().is_completed


def test_a_stop_wakes_the_end_that_waits(blocked: Response) -> None:
    blocked.output.write(bytes(20_000))
    end = start_inline(blocked.output.write_stream_suffix())
    blocked.abort(0x10C, "test")
    assert end.done()
    assert not blocked.is_ended


def test_a_stop_marks_the_next_flush_when_none_waits(started: Response) -> None:
    started.output.stop()
    started.output.stop()
    assert run_soon(started.output.flush()) is COMPLETED


def test_after_a_stop_every_call_is_silent_and_nothing_is_sent(started: Response) -> None:
    output = started.output
    started.abort(0x10C, "test")
    output.write(b"hello")
    assert output.unflushed_bytes == 0
    assert run_soon(output.first_write(STATUS_200, b"hello")) is COMPLETED
    assert run_soon(output.write_data_to_pipe(b"")) is COMPLETED
    assert run_soon(output.write_100_continue()) is COMPLETED
    output.cancel_pending_flush()
    run_now(output.write_stream_suffix())
    assert started.wire == b""
    assert started.endings() == ["reset"]


async def test_an_application_that_writes_for_ever_does_not_hold_the_loop(
    started: Response,
) -> None:
    async def write_for_ever() -> None:
        while True:
            await started.output.write_data_to_pipe(b"more")

    started.abort(0x10C, "test")
    application = asyncio.create_task(write_for_ever())
    await asyncio.sleep(0)
    application.cancel()
    await asyncio.wait([application])
    assert started.wire == b""


def test_the_end_after_a_stop_returns_at_once(started: Response) -> None:
    """Upstream waits until `complete`; on one loop the application would wait for itself."""
    started.abort(0x10C, "test")
    run_now(started.output.write_stream_suffix())
    assert started.output.state is OutputState.STOPPED


@pytest.mark.parametrize("size", [1000, 4096, 8000])
def test_after_a_stop_memory_is_scratch_memory(started: Response, size: int) -> None:
    started.abort(0x10C, "test")
    memory = started.output.get_memory(size)
    assert len(memory) >= size
    memory[:] = bytes(len(memory))
    started.output.advance(len(memory))
    started.output.advance(0)
    assert len(started.output.get_memory()) > 0
    assert started.output.unflushed_bytes == 0
    with pytest.raises(ValueError, match="negative"):
        started.output.get_memory(-1)


def test_memory_that_was_handed_out_before_a_stop_stays_the_applications(
    started: Response,
) -> None:
    """What CVE-2024-38229 was about: the block of a stopped response is nobody else's."""
    memory = started.output.get_memory(4)
    started.abort(0x10C, "test")
    memory[:4] = b"mine"
    started.output.advance(4)
    assert run_soon(started.output.flush()) is COMPLETED
    assert bytes(memory[:4]) == b"mine"


def test_unflushed_bytes_after_a_stop_go_nowhere(started: Response) -> None:
    started.output.write(b"hello")
    started.abort(0x10C, "test")
    started.output.complete()
    assert started.wire == b""


# Suffixed: the normal end was asked for


def test_the_end_is_idempotent(started: Response) -> None:
    run_now(started.output.write_stream_suffix())
    run_now(started.output.write_stream_suffix())
    assert started.endings() == ["fin"]


def test_who_asks_for_the_end_twice_waits_for_it_twice(blocked: Response) -> None:
    blocked.output.write(bytes(20_000))
    ends = [start_inline(blocked.output.write_stream_suffix()) for _ in range(2)]
    assert [end.done() for end in ends] == [False, False]
    blocked.transport.unblock(0)
    assert [end.done() for end in ends] == [True, True]


WRITES: dict[str, Callable[[Http3OutputProducer], object]] = {
    "write": lambda output: output.write(b"x"),
    "write nothing": lambda output: output.write(b""),
    "write_data": lambda output: run_now(output.write_data(b"x")),
    "write_data_to_pipe": lambda output: run_now(output.write_data_to_pipe(b"x")),
    "first_write": lambda output: run_now(output.first_write(STATUS_200, b"")),
    "write_response_headers": lambda output: output.write_response_headers(STATUS_200),
    "write_informational": lambda output: run_now(output.write_100_continue()),
    "get_memory": lambda output: output.get_memory(),
    "get_span": lambda output: output.get_span(10),
    "advance": lambda output: output.advance(1),
    "advance nothing": lambda output: output.advance(0),
    "flush": lambda output: run_now(output.flush()),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("then_leave", [False, True], ids=["SUFFIXED", "COMPLETED"])
def test_after_the_end_every_write_raises_and_the_response_stays_intact(
    started: Response, write: Callable[[Http3OutputProducer], object], then_leave: bool
) -> None:
    run_now(started.output.write_stream_suffix())
    if then_leave:
        started.output.complete()
    with pytest.raises(LocalProtocolError, match="Writing is not allowed after writer was comp"):
        write(started.output)
    assert started.transport.calls == [("send", 0, HEADERS_200, True)]


def test_memory_taken_before_the_end_cannot_be_advanced_after_it(started: Response) -> None:
    started.output.get_memory(10)
    run_now(started.output.write_stream_suffix())
    with pytest.raises(LocalProtocolError):
        started.output.advance(3)


def test_a_cancel_or_a_stop_after_the_end_does_nothing(started: Response) -> None:
    run_now(started.output.write_stream_suffix())
    started.output.cancel_pending_flush()
    started.output.stop()
    assert started.output.state is OutputState.SUFFIXED
    assert started.aborts == []


# Completed: the application has left


def test_leaving_without_an_end_sends_nothing_more(started: Response) -> None:
    started.output.write(b"hello")
    started.output.complete()
    started.output.dispose()
    assert started.transport.calls == []
    run_now(started.output.write_stream_suffix())
    assert started.transport.calls == []


def test_leaving_while_the_end_is_on_its_way_does_not_cut_it(blocked: Response) -> None:
    blocked.output.write(bytes(20_000))
    start_inline(blocked.output.write_stream_suffix())
    blocked.output.complete()
    blocked.transport.unblock(0)
    assert blocked.is_ended


# When something fails


def test_headers_that_the_peer_refuses_reset_the_stream_and_raise(response: Response) -> None:
    response.encoder.peer_max_section_size = 41
    with pytest.raises(LocalProtocolError, match="exceeds the limit"):
        response.output.write_response_headers(STATUS_200)
    assert response.endings() == ["reset"]
    assert [code for code, _ in response.aborts] == [0x102]


def test_trailers_that_the_peer_refuses_reset_the_stream_and_raise_nothing(
    started: Response, errors: LoggedErrors
) -> None:
    """No error in the log either: any client can choose to have no room."""
    started.encoder.peer_max_section_size = 41
    started.output.set_trailers([(b"x", b"y" * 50)])
    run_now(started.output.write_data_to_pipe(b"hello"))
    run_now(started.output.write_stream_suffix())
    assert started.endings() == ["reset"]
    assert started.transport.resets == {0: 0x102}


@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_transport_that_fails_resets_the_stream_and_is_logged(
    started: Response, errors: LoggedErrors, monkeypatch: pytest.MonkeyPatch, at_the_end: bool
) -> None:
    def send(*_: object, **__: object) -> None:
        raise OSError("the socket is gone")

    monkeypatch.setattr(started.transport, "send", send)
    if at_the_end:
        run_now(started.output.write_stream_suffix())
    else:
        assert run_now(started.output.write_data_to_pipe(b"hello")).is_completed
    assert started.aborts[0] == (0x102, "process_data_writes failed")
    assert errors.take() == ["Stream 0: the pump failed.: OSError('the socket is gone')"]


def test_a_pump_that_ended_under_the_application_aborts_the_exchange(started: Response) -> None:
    """As upstream's OnInputOrOutputCompleted: bytes that nobody takes must not pile up."""
    started.frame_writer.abort(0x10C)
    assert run_now(started.output.write_data_to_pipe(b"hello")) is COMPLETED
    assert started.aborts == [(0x102, "process_data_writes has completed")]


def test_the_pump_stops_working_for_a_dead_client(blocked: Response) -> None:
    write = start_inline(blocked.output.write_data_to_pipe(bytes(100_000)))
    sends = len(blocked.transport.calls)
    blocked.abort(0x10C, "test")
    assert write.done()
    assert [call[0] for call in blocked.transport.calls[sends:]] == ["reset"]


def test_chunked_coding_is_not_of_this_world(started: Response) -> None:
    with pytest.raises(NotImplementedError, match="no chunked"):
        run_now(started.output.write_chunk(b"x"))
    with pytest.raises(NotImplementedError):
        run_now(started.output.first_write_chunked(STATUS_200, b"x"))


# Every sequence of calls


class Trial:
    """Does what it is told to, in any order, and keeps a record of what was written."""

    def __init__(self) -> None:
        self.response = Response()
        self.written = b""
        self.waiting: list[InlineTask[object]] = []
        self.discards = False
        self.counter = 0

    @property
    def may_write(self) -> bool:
        return self.response.output.state <= OutputState.STARTED

    def payload(self, size: int) -> bytes:
        self.counter += 1
        return bytes([self.counter % 256]) * size

    def wait(self, coroutine: Coroutine[object, None, object]) -> None:
        task = start_inline(coroutine)
        if task.done():
            task.result()
        else:
            self.waiting.append(task)

    def headers(self, discard: int) -> None:
        self.response.output.write_response_headers(STATUS_200, discard_data=discard % 3 == 0)
        self.discards = self.discards or (self.may_write and discard % 3 == 0)

    def interim(self, _: int) -> None:
        self.wait(self.response.output.write_100_continue())

    def write(self, size: int) -> None:
        payload, may_write = self.payload(size), self.may_write
        self.response.output.write(payload)
        self.written += payload if may_write else b""

    def advance(self, size: int) -> None:
        payload, may_write = self.payload(size), self.may_write
        self.response.output.get_memory(size)[:size] = payload
        self.response.output.advance(size)
        self.written += payload if may_write else b""

    def write_and_flush(self, size: int) -> None:
        self.write(size)
        self.flush(size)

    def flush(self, _: int) -> None:
        if self.response.output.state is OutputState.STOPPED:
            assert run_soon(self.response.output.flush()) is COMPLETED
        else:
            self.wait(self.response.output.flush())

    def cancel(self, _: int) -> None:
        self.response.output.cancel_pending_flush()

    def trailers(self, _: int) -> None:
        self.response.output.set_trailers(TRAILER)

    def suffix(self, _: int) -> None:
        self.wait(self.response.output.write_stream_suffix())

    def stop(self, _: int) -> None:
        self.response.abort(0x10C, "trial")

    def leave(self, _: int) -> None:
        self.response.output.complete()

    def block(self, _: int) -> None:
        self.response.transport.block(0)

    def unblock(self, _: int) -> None:
        self.response.transport.unblock(0)


CALLS: list[Callable[[Trial, int], None]] = [
    Trial.headers,
    Trial.interim,
    Trial.write,
    Trial.advance,
    Trial.write_and_flush,
    Trial.flush,
    Trial.cancel,
    Trial.trailers,
    Trial.suffix,
    Trial.stop,
    Trial.leave,
    Trial.block,
    Trial.unblock,
]


# Most sequences begin and end well, or there would be little to see in between.
BEGINNINGS = st.sampled_from(
    [
        [],
        [(Trial.headers, 0)],
        [(Trial.headers, 1)],
        [(Trial.headers, 1), (Trial.block, 0)],
        [(Trial.block, 0), (Trial.interim, 0), (Trial.headers, 1)],
    ]
)
MIDDLES = st.lists(st.tuples(st.sampled_from(CALLS), st.sampled_from([0, 1, 5, 20_000])))
ENDINGS = st.sampled_from([[], [(Trial.suffix, 0)], [(Trial.suffix, 0), (Trial.stop, 0)]])


@settings(max_examples=300)
@example([(Trial.headers, 1), (Trial.block, 0)], [(Trial.write_and_flush, 20_000)], [])
@example([(Trial.headers, 1)], [(Trial.write, 20_000)], [(Trial.suffix, 0)])
@given(BEGINNINGS, MIDDLES, ENDINGS)
def test_whatever_an_application_calls_the_wire_is_in_order_and_ends_once(
    beginning: Calls, middle: Calls, ending: Calls
) -> None:
    trial = Trial()
    for call, argument in [*beginning, *middle, *ending]:
        try:
            call(trial, argument)
        except (LocalProtocolError, InvalidOperationError):
            pass  # the documented ones
    trial.leave(0)
    trial.unblock(0)
    assert all(task.done() for task in trial.waiting), "Somebody waits for ever."
    for task in trial.waiting:
        task.result()
    check_wire(trial)


def check_wire(trial: Trial) -> None:
    response = trial.response
    assert len(response.endings()) < 2
    kinds, body = "", b""
    for frame_type, payload in response.frames():
        assert frame_type == 1 or 0 < len(payload) <= 16384
        body += payload if frame_type == 0 else b""
        kinds += "D" if frame_type == 0 else KINDS[payload]
    assert is_legal(kinds), kinds
    assert not (trial.discards and body)
    if response.is_ended and not trial.discards:
        assert body == trial.written
    assert trial.discards or trial.written.startswith(body)


KINDS = {
    bytes.fromhex("0000 d9"): "F",
    bytes.fromhex("0000 ff00"): "I",
    section(*TRAILER)[2:]: "T",
}
