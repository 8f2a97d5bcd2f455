"""A small response in one go, beside a twin that writes it range by range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.buffer import encode_uint_var
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from h3producer.quic.aioquic.connection import AioquicConnection
from tests.pair import stream_frame
from tests.quic.twins import Twins

if TYPE_CHECKING:
    from aioquic.quic.stream import QuicStream


class RangeByRange(AioquicConnection):
    """A connection that knows no other way."""

    def add_whole(self, *_: object) -> bool:
        return False


class InOneGo(AioquicConnection):
    """A connection that must need no other way."""

    def next_range(self, _stream: QuicStream) -> tuple[int, int]:
        raise AssertionError("range by range")


def answering() -> Twins:
    twins = Twins(fast_path=True)
    twins.stock.__class__ = RangeByRange
    return twins


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
