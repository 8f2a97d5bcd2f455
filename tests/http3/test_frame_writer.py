"""Frames on one stream, read as the list of writes that the transport gets."""

from __future__ import annotations

import asyncio

import pytest

from h3producer.errors import LocalProtocolError
from h3producer.http3.field_encoder import FieldEncoder
from h3producer.http3.frame_writer import MAX_DATA_PAYLOAD, Http3FrameWriter
from h3producer.pipe.results import COMPLETED, FLUSHED
from h3producer.pipe.sequence import ReadOnlySequence
from h3producer.pipe.wakeup import start_inline
from h3producer.wire.qpack import FieldSectionEncoder
from tests.fakes import FakeTransport
from tests.http3.harness import run_now

STATUS_200 = [(b":status", b"200")]
HEADERS_200 = bytes.fromhex("01 03 0000 d9")
TRAILER = [(b"checksum", b"1")]
NOTHING = ReadOnlySequence.of()


def of(*pieces: bytes) -> ReadOnlySequence:
    return ReadOnlySequence.of(*pieces)


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def encoder() -> FieldEncoder:
    return FieldEncoder(FieldSectionEncoder())


@pytest.fixture
def writer(transport: FakeTransport, encoder: FieldEncoder) -> Http3FrameWriter:
    return Http3FrameWriter(0, transport, encoder)


# One write for what is known together


def test_headers_wait_for_company(writer: Http3FrameWriter, transport: FakeTransport) -> None:
    writer.write_headers(STATUS_200)
    assert transport.calls == []


def test_headers_data_trailers_and_the_end_are_one_write(
    writer: Http3FrameWriter, transport: FakeTransport
) -> None:
    writer.write_headers(STATUS_200)
    run_now(writer.write_end(of(b"hel", b"lo"), TRAILER))
    trailers = FieldEncoder(FieldSectionEncoder()).headers_frame(TRAILER)
    assert transport.calls == [
        ("send", 0, HEADERS_200 + b"\x00\x05hello" + trailers, True),
    ]
    assert writer.is_completed


def test_headers_and_the_end_alone_are_one_write(
    writer: Http3FrameWriter, transport: FakeTransport
) -> None:
    writer.write_headers(STATUS_200)
    run_now(writer.write_end(NOTHING))
    assert transport.calls == [("send", 0, HEADERS_200, True)]


def test_headers_ride_with_the_first_data(
    writer: Http3FrameWriter, transport: FakeTransport
) -> None:
    writer.write_headers(STATUS_200)
    assert run_now(writer.write_data(of(b"hi"))) is FLUSHED
    assert transport.calls == [("send", 0, HEADERS_200 + b"\x00\x02hi", False), ("drain", 0)]


def test_an_end_after_everything_has_left_is_an_empty_write(
    writer: Http3FrameWriter, transport: FakeTransport
) -> None:
    run_now(writer.write_data(of(b"hi")))
    run_now(writer.write_end(NOTHING))
    assert transport.calls[-1] == ("send", 0, b"", True)


def test_a_flush_sends_headers_alone(writer: Http3FrameWriter, transport: FakeTransport) -> None:
    writer.write_headers(STATUS_200)
    assert run_now(writer.flush()) is FLUSHED
    run_now(writer.flush())
    assert transport.calls == [("send", 0, HEADERS_200, False), ("drain", 0), ("drain", 0)]


def test_no_data_makes_no_frame(writer: Http3FrameWriter, transport: FakeTransport) -> None:
    assert run_now(writer.write_data(NOTHING)) is FLUSHED
    assert transport.calls == [("drain", 0)]


def test_no_trailers_make_no_frame(writer: Http3FrameWriter, transport: FakeTransport) -> None:
    writer.write_headers(STATUS_200)
    run_now(writer.write_end(NOTHING, []))
    assert transport.sent(0) == HEADERS_200


# DATA frames of at most 16 KiB


@pytest.mark.parametrize(
    ("size", "frames"),
    [
        (MAX_DATA_PAYLOAD - 1, [16383]),
        (MAX_DATA_PAYLOAD, [16384]),
        (MAX_DATA_PAYLOAD + 1, [16384, 1]),
        (2 * MAX_DATA_PAYLOAD, [16384, 16384]),
        (65 * 1024, [16384, 16384, 16384, 16384, 1024]),
    ],
)
def test_data_is_cut_into_frames_of_16_kib_and_none_is_empty(
    writer: Http3FrameWriter, transport: FakeTransport, size: int, frames: list[int]
) -> None:
    run_now(writer.write_data(of(bytes(size))))
    assert transport.sent(0) == b"".join(FRAME_HEADERS[n] + bytes(n) for n in frames)
    assert [call[0] for call in transport.calls] == ["send", "drain"] * len(frames)


FRAME_HEADERS = {
    1: b"\x00\x01",
    1024: b"\x00\x44\x00",
    16383: b"\x00\x7f\xff",
    16384: b"\x00\x80\x00\x40\x00",
}


def test_each_frame_but_the_last_one_of_the_end_looks_at_the_drain(
    writer: Http3FrameWriter, transport: FakeTransport
) -> None:
    run_now(writer.write_end(of(bytes(3 * MAX_DATA_PAYLOAD))))
    assert [call[0] for call in transport.calls] == ["send", "drain", "send", "drain", "send"]
    assert transport.fin(0)


# Waiting


def test_a_write_waits_until_the_stream_has_room(
    writer: Http3FrameWriter, transport: FakeTransport
) -> None:
    transport.block(0)
    write = start_inline(writer.write_data(of(bytes(40_000))))
    assert len(transport.sent(0)) == 5 + MAX_DATA_PAYLOAD
    transport.unblock(0)
    assert write.result() is FLUSHED
    assert len(transport.sent(0)) > 40_000


def test_who_comes_second_waits_along(writer: Http3FrameWriter, transport: FakeTransport) -> None:
    """A 100 (Continue) that waits for room must not be in the way of the response."""
    transport.block(0)
    writer.write_headers([(b":status", b"100")])
    flush = start_inline(writer.flush())
    write = start_inline(writer.write_data(of(b"hi")))
    assert not flush.done()
    assert not write.done()
    transport.unblock(0)
    assert (flush.result(), write.result()) == (FLUSHED, FLUSHED)


async def test_a_task_that_gives_up_waiting_takes_nobody_with_it(
    writer: Http3FrameWriter, transport: FakeTransport
) -> None:
    transport.block(0)
    first = asyncio.create_task(writer.flush())
    second = asyncio.create_task(writer.flush())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    assert not second.done()
    third = asyncio.create_task(writer.flush())
    await asyncio.sleep(0)
    transport.unblock(0)
    assert (await second, await third) == (FLUSHED, FLUSHED)


def test_room_that_is_used_up_at_once_is_waited_for_again(encoder: FieldEncoder) -> None:
    transport = NarrowTransport()
    writer = Http3FrameWriter(0, transport, encoder)
    write = start_inline(writer.write_data(of(bytes(20_000))))
    flush = start_inline(writer.flush())
    transport.unblock(0)
    assert flush.done()
    late = start_inline(writer.flush())
    assert not write.done()
    assert not late.done()
    transport.unblock(0)
    assert (write.result(), late.result()) == (FLUSHED, FLUSHED)


class NarrowTransport(FakeTransport):
    """Has room for one write at a time."""

    def send(self, stream_id: int, data: bytes, *, end_stream: bool = False) -> None:
        super().send(stream_id, data, end_stream=end_stream)
        self.block(stream_id)


# The end, and an early one


def test_after_the_end_every_call_is_silent(
    writer: Http3FrameWriter, transport: FakeTransport
) -> None:
    run_now(writer.write_end(of(b"hi")))
    transport.calls.clear()
    writer.write_headers(STATUS_200)
    assert run_now(writer.write_data(of(bytes(40_000)))) is COMPLETED
    assert run_now(writer.flush()) is COMPLETED
    run_now(writer.write_end(of(b"more")))
    writer.abort(0x102)
    assert transport.calls == []


def test_an_abort_resets_once_and_drops_what_waits(
    writer: Http3FrameWriter, transport: FakeTransport
) -> None:
    writer.write_headers(STATUS_200)
    writer.abort(0x102)
    writer.abort(0x10C)
    run_now(writer.write_end(of(b"hi"), TRAILER))
    assert run_now(writer.flush()) is COMPLETED
    assert transport.calls == [("reset", 0, 0x102)]


@pytest.mark.parametrize("size", [10, 40_000])
def test_an_abort_wakes_the_write_that_waits(
    writer: Http3FrameWriter, transport: FakeTransport, size: int
) -> None:
    transport.block(0)
    write = start_inline(writer.write_data(of(bytes(size))))
    writer.abort(0x102)
    assert write.result() is COMPLETED
    assert not transport.draining(0)


def test_an_abort_wakes_the_end_that_waits(
    writer: Http3FrameWriter, transport: FakeTransport
) -> None:
    transport.block(0)
    end = start_inline(writer.write_end(of(bytes(40_000))))
    writer.abort(0x102)
    assert end.done()
    assert not writer.is_completed
    assert not transport.fin(0)


# Sections that the peer refuses


def test_headers_that_are_too_large_leave_no_trace(
    writer: Http3FrameWriter, transport: FakeTransport, encoder: FieldEncoder
) -> None:
    encoder.peer_max_section_size = 50
    with pytest.raises(LocalProtocolError):
        writer.write_headers([*STATUS_200, (b"x", b"y" * 50)])
    writer.write_headers(STATUS_200)
    run_now(writer.flush())
    assert transport.sent(0) == HEADERS_200


def test_trailers_that_are_too_large_raise_before_anything_is_sent(
    writer: Http3FrameWriter, transport: FakeTransport, encoder: FieldEncoder
) -> None:
    encoder.peer_max_section_size = 20
    with pytest.raises(LocalProtocolError):
        run_now(writer.write_end(of(bytes(40_000)), TRAILER))
    assert transport.calls == []
    assert not writer.is_completed


def test_a_frame_writer_says_how_it_stands(writer: Http3FrameWriter) -> None:
    assert repr(writer) == "<Http3FrameWriter 0 open>"
    run_now(writer.write_end(NOTHING))
    assert repr(writer) == "<Http3FrameWriter 0 completed>"


def test_an_aborted_frame_writer_says_so(writer: Http3FrameWriter) -> None:
    writer.abort(0x102)
    assert repr(writer) == "<Http3FrameWriter 0 aborted>"
