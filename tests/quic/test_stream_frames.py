"""Small responses and downloads in one go, beside a twin that writes them range by range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.buffer import encode_uint_var
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.turns import TURN_PACKETS
from tests.pair import stream_frame
from tests.quic.twins import Twins, ack_frame

if TYPE_CHECKING:
    from aioquic.quic.stream import QuicStream

    from h3producer.quic.aioquic.flight import Flight


class RangeByRange(AioquicConnection):
    """A connection that knows no other way."""

    def add_whole(self, *_: object) -> bool:
        return False

    def add_full_packets(
        self, _flight: Flight, _stream: QuicStream, at: int, *_: int
    ) -> tuple[int, int]:
        return 0, at


class InOneGo(AioquicConnection):
    """A connection that must need no other way."""

    def next_range(self, _stream: QuicStream) -> tuple[int, int]:
        raise AssertionError("range by range")


def answering() -> Twins:
    twins = Twins(fast_path=True)
    twins.stock.__class__ = RangeByRange
    return twins


def open_path(connection: AioquicConnection) -> None:
    """Any number of packets may leave at once."""
    connection._loss._cc.congestion_window = 10_000_000
    connection.pacer.packet_time = None


responses = st.lists(
    st.tuples(st.integers(0, 1500), st.booleans(), st.booleans()), min_size=1, max_size=20
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(responses, st.none() | st.integers(0, 3000))
@example([(0, True, False)], None)
@example([(1, True, False)] * 20, 10)
@example([(1143, True, False), (1144, True, False)], None)
@example([(100, True, True)], None)
def test_what_is_written_in_one_go_is_what_is_written_range_by_range(
    sizes: list[tuple[int, bool, bool]], credit: int | None
) -> None:
    """Responses that end or go on, some of them reset before they leave; some with little credit
    for the connection."""
    twins = answering()
    frames = [stream_frame(4 * index, b"GET", fin=True) for index in range(len(sizes))]
    twins.receive(twins.packet(*frames))
    if credit is not None:
        for each in twins.both:
            each._remote_max_data = each._remote_max_data_used + credit
    for index, (size, ends, is_reset) in enumerate(sizes):
        twins.send(4 * index, bytes([index]) * size, end_stream=ends)
        if is_reset:
            for each in twins.both:
                each.reset(4 * index, 0x10C)
    twins.flush()
    twins.agree()
    raised = (0x10, encode_uint_var(1 << 20))  # MAX_DATA
    twins.receive(twins.packet(raised))
    twins.flush()
    twins.agree()


def test_a_response_that_fits_the_packet_is_written_in_one_go() -> None:
    twins = answering()
    twins.fast.__class__ = InOneGo
    twins.receive(twins.packet(stream_frame(0, b"GET", fin=True)))
    twins.send(0, bytes(500), end_stream=True)
    assert len(twins.flush()) == 1
    twins.agree()


parts = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 60_000)), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(parts, st.booleans(), st.sampled_from([0, (1 << 30) - 40_000, 1 << 30]))
@example([(0, 60_000)] * 4, True, 0)
@example([(0, 60_000)] * 4, True, (1 << 30) - 40_000)
def test_packets_that_a_download_fills_are_what_is_written_range_by_range(
    pieces: list[tuple[int, int]], ends: bool, offset: int
) -> None:
    """Also where an offset gets too large for four bytes."""
    twins = answering()
    twins.receive(twins.packet(*(stream_frame(4 * i, b"GET", fin=True) for i in range(3))))
    first = twins.fast._packet_number
    for each in twins.both:
        open_path(each)
        each._remote_max_data = 1 << 40
        for stream_id in (0, 4, 8):
            stream = each._streams[stream_id]
            stream.max_stream_data_remote = 1 << 40
            sender = stream.sender
            sender._buffer_start = sender._buffer_stop = sender.highest_offset = offset
    for number, (index, size) in enumerate(pieces):
        twins.send(4 * index, bytes([number]) * size)
    if ends:
        for stream_id in (0, 4, 8):
            twins.send(stream_id, b"", end_stream=True)
    while twins.flush():
        twins.agree()
        twins.now += 0.01
        last = twins.fast._packet_number - 1
        twins.receive(twins.packet(ack_frame((first, last))))
    assert not twins.fast.queue
    twins.agree()


def test_a_download_that_is_alone_goes_on_without_turns() -> None:
    twins = answering()
    twins.receive(twins.packet(stream_frame(0, b"GET", fin=True)))
    calls: list[QuicStream] = []
    twins.send(0, bytes(12_000))
    for each in twins.both:
        open_path(each)

    class Counting(AioquicConnection):
        def add_turn(self, flight: Flight, stream: QuicStream) -> bool:
            calls.append(stream)
            return super().add_turn(flight, stream)

    twins.fast.__class__ = Counting
    assert len(twins.flush()) > TURN_PACKETS
    assert len(calls) == 1
