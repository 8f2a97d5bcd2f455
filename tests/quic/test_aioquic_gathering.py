"""Pieces of an upload that are told together, beside a twin that is told each by itself."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from aioquic.buffer import encode_uint_var
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pair import Frame, stream_frame
from tests.quic.twins import Listener, Twins

if TYPE_CHECKING:
    from h3producer.quic.aioquic.connection import AioquicConnection

Told = tuple[int, bytes, bool]


class Turns(Twins):
    """Twins of whom the fast one hears what follows at once, and the other one does not."""

    def turn(self, *packets: bytes) -> None:
        """These come one behind the other, and then nothing."""
        for data in packets:
            self.fast.receive_datagram(data, self.address, self.now, more=True)
            self.stock.receive_datagram(data, self.address, self.now)
        self.fast.finish_reading()
        listeners = [each.observer for each in self.both]
        for each in self.both:
            each.observer = Listener(each)  # who has heard nothing
        self.agree()
        for each, listener in zip(self.both, listeners, strict=True):
            each.observer = listener

    def told(self, connection: AioquicConnection) -> list[Told]:
        """The data that its observer has heard of, in order."""
        listener = connection.observer
        assert isinstance(listener, Listener)
        return [(*heard[1:],) for heard in listener.heard if heard[0] == "stream_data_received"]  # type: ignore[misc]  # of that shape


def reset_frame(stream_id: int, final_size: int) -> Frame:
    return 0x04, b"".join(map(encode_uint_var, (stream_id, 0x10C, final_size)))


def test_what_continues_a_request_is_told_in_one_piece() -> None:
    twins = Turns()
    packets = [twins.packet(stream_frame(0, bytes([i]) * 10, 10 * i)) for i in range(4)]
    twins.turn(*packets)
    assert [len(data) for _, data, _ in twins.told(twins.fast)] == [10, 30]
    assert [len(data) for _, data, _ in twins.told(twins.stock)] == [10, 10, 10, 10]


def test_the_beginning_of_a_request_waits_for_nothing() -> None:
    twins = Turns()
    twins.fast.receive_datagram(twins.packet(stream_frame(0, b"POST")), twins.address, 0.0, True)
    assert twins.told(twins.fast) == [(0, b"POST", False)]


def test_the_end_of_a_request_waits_for_nothing_and_brings_the_rest_along() -> None:
    twins = Turns()
    twins.turn(twins.packet(stream_frame(0, b"head")))
    for data, offset, fin in ((b"one", 4, False), (b"two", 7, True)):
        packet = twins.packet(stream_frame(0, data, offset, fin=fin))
        twins.fast.receive_datagram(packet, twins.address, twins.now, more=True)
    assert twins.told(twins.fast)[1:] == [(0, b"onetwo", True)]


def test_a_stream_of_one_direction_waits_for_nothing() -> None:
    """The control stream has what requests depend on."""
    twins = Turns()
    twins.turn(twins.packet(stream_frame(2, b"\x00")))
    twins.fast.receive_datagram(
        twins.packet(stream_frame(2, b"\x04\x00", 1)), twins.address, 1.0, True
    )
    assert twins.told(twins.fast)[-1] == (2, b"\x04\x00", False)


def test_what_comes_last_is_told_without_being_asked_for() -> None:
    twins = Turns()
    twins.turn(twins.packet(stream_frame(0, b"head")))
    twins.receive(twins.packet(stream_frame(0, b"body", 4)))
    assert twins.told(twins.fast)[-1] == (0, b"body", False)


def test_a_reset_comes_behind_what_arrived_before_it() -> None:
    twins = Turns()
    twins.turn(
        twins.packet(stream_frame(0, b"head")),
        twins.packet(stream_frame(0, b"body", 4)),
        twins.packet(reset_frame(0, 8)),
    )
    assert [heard[0] for heard in twins.heard] == ["stream_data_received"] * 2 + ["stream_reset"]


def test_what_fills_a_gap_comes_behind_what_arrived_before_it() -> None:
    twins = Turns()
    twins.turn(
        twins.packet(stream_frame(0, b"a")),
        twins.packet(stream_frame(0, b"b", 1)),
        twins.packet(stream_frame(0, b"d", 3)),
        twins.packet(stream_frame(0, b"c", 2)),
    )
    assert b"".join(data for _, data, _ in twins.told(twins.fast)) == b"abcd"


def test_a_stream_that_we_stopped_meanwhile_is_told_no_more() -> None:
    twins = Turns()
    twins.turn(twins.packet(stream_frame(0, b"head")))
    twins.fast.receive_datagram(twins.packet(stream_frame(0, b"body", 4)), twins.address, 1.0, True)
    twins.fast.stop_sending(0, 0x100)
    twins.fast.finish_reading()
    assert twins.told(twins.fast) == [(0, b"head", False)]


cuts = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9), st.booleans()), max_size=30)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts, st.lists(st.integers(1, 6), max_size=10))
def test_however_it_is_cut_the_same_is_told(
    pieces: list[tuple[int, int, bool]], turns: list[int]
) -> None:
    twins = Turns()
    sizes = [0, 0, 0, 0]
    over: set[int] = set()
    packets = []
    for stream, size, fin in pieces:
        if stream not in over:
            data = bytes(range(sizes[stream], sizes[stream] + size))
            packets.append(twins.packet(stream_frame(4 * stream, data, sizes[stream], fin=fin)))
            sizes[stream] += size
            over |= {stream} if fin else set()
    ends = [0, *(sum(turns[: i + 1]) for i in range(len(turns))), len(packets)]
    for start, end in pairwise(ends):
        twins.turn(*packets[start:end])
    for stream in range(4):
        whole = [
            [(data, end) for stream_id, data, end in twins.told(each) if stream_id == 4 * stream]
            for each in twins.both
        ]
        joined = [
            (b"".join(data for data, _ in told), [end for _, end in told][-1:]) for told in whole
        ]
        assert joined[0] == joined[1]
