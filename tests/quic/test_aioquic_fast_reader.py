"""The short way for packets that arrive: nobody can tell it from aioquic's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aioquic.buffer import encode_uint_var
from aioquic.quic.packet import QuicErrorCode
from aioquic.tls import CipherSuite, Epoch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from h3producer.config import Config
from h3producer.quic.aioquic.connection import AioquicConnection
from tests.pair import Frame, stream_frame
from tests.quic.twins import Twins, ack_frame

if TYPE_CHECKING:
    from collections.abc import Callable

PING: Frame = (0x01, b"")
ELSEWHERE = ("192.0.2.99", 50000)


class Guarded(AioquicConnection):
    """A connection that is never to leave the short way."""

    decided = 0
    """How often it was told that data has arrived."""

    def _payload_received(self, *args: object) -> tuple[bool, bool]:
        raise AssertionError("left to aioquic")

    def data_decided(self, *args: Any) -> None:
        self.decided += 1
        super().data_decided(*args)


def guarded(*, fast_path: bool = Config.fast_path) -> Twins:
    """Twins of whom the fast one must not ask aioquic."""
    twins = Twins(fast_path=fast_path)
    twins.fast.__class__ = Guarded
    return twins


def numbers(*values: int) -> bytes:
    return b"".join(map(encode_uint_var, values))


# What goes the short way


def test_a_request_goes_the_short_way() -> None:
    twins = guarded()
    twins.receive(twins.packet(stream_frame(0, b"GET", fin=True)))
    assert twins.heard == [("stream_data_received", 0, b"GET", True)]
    twins.agree()


def test_an_upload_goes_the_short_way() -> None:
    twins = guarded()
    for offset in range(0, 5000, 1000):
        twins.receive(twins.packet(stream_frame(0, bytes(1000), offset)))
    assert len(twins.heard) == 5
    twins.agree()


def test_an_end_without_data_goes_the_short_way() -> None:
    twins = guarded()
    twins.receive(twins.packet(stream_frame(0, b"body")))
    twins.receive(twins.packet(stream_frame(0, b"", 4, fin=True)))
    assert twins.heard[-1] == ("stream_data_received", 0, b"", True)
    twins.agree()


def test_many_requests_in_one_packet_are_told_in_their_order() -> None:
    twins = guarded()
    twins.receive(twins.packet(*(stream_frame(4 * i, b"GET", fin=True) for i in range(10))))
    assert [heard[1] for heard in twins.heard] == [4 * i for i in range(10)]
    twins.agree()


def test_padding_and_pings_go_the_short_way() -> None:
    twins = guarded()
    twins.receive(twins.packet((0x00, b""), PING, (0x00, bytes(9)), stream_frame(0, b"GET")))
    twins.receive(twins.packet(ack_frame((0, 0)), (0x00, bytes(20))))
    twins.receive(twins.packet((0x00, b"\x40\x00")))  # the second one's type in two bytes
    assert twins.heard == [("stream_data_received", 0, b"GET", False)]
    twins.agree()


def test_an_acknowledgement_goes_the_short_way() -> None:
    twins = guarded()
    first = twins.fast._packet_number
    twins.receive(twins.packet(stream_frame(0, b"GET", fin=True)))
    twins.send(0, bytes(500), end_stream=True)
    count = len(twins.flush())
    twins.now += 0.03
    twins.receive(twins.packet(ack_frame((first, first + count - 1))))
    assert twins.fast._loss.bytes_in_flight == 0
    assert twins.fast._streams[0].sender.is_finished
    twins.agree()


def test_what_arrived_of_a_download_is_let_go_of_in_one_piece() -> None:
    twins = guarded(fast_path=True)
    first = twins.fast._packet_number
    twins.receive(twins.packet(stream_frame(0, b"GET", fin=True)))
    twins.send(0, bytes(8000), end_stream=True)
    last = first + len(twins.flush()) - 1
    assert last > first
    twins.receive(twins.packet(ack_frame((first, last))))
    assert isinstance(twins.fast, Guarded)
    assert twins.fast.decided == 1
    twins.agree()


@pytest.mark.parametrize(
    "cipher",
    [
        CipherSuite.AES_128_GCM_SHA256,
        CipherSuite.AES_256_GCM_SHA384,
        CipherSuite.CHACHA20_POLY1305_SHA256,
    ],
)
def test_all_ciphers_go_the_short_way(cipher: CipherSuite) -> None:
    twins = Twins(cipher)
    twins.fast.__class__ = Guarded
    for size in (1, 2, 3, 4):
        twins.receive(twins.packet(stream_frame(4 * size - 4, b"GET", fin=True), size=size))
    assert len(twins.heard) == 4
    twins.agree()


def test_new_keys_go_the_short_way_once_they_are_in_use() -> None:
    twins = Twins()
    twins.receive(twins.packet(stream_frame(0, b"old")))
    twins.keys.update_key()
    twins.receive(twins.packet(stream_frame(0, b"first", 3)))
    twins.fast.__class__ = Guarded
    twins.receive(twins.packet(stream_frame(0, b"second", 8)))
    assert [heard[2] for heard in twins.heard] == [b"old", b"first", b"second"]
    twins.agree()


# What does not


@pytest.mark.parametrize(
    ("frames", "code", "frame_type"),
    [
        ([(0x08, numbers(500 * 4))], QuicErrorCode.STREAM_LIMIT_ERROR, 0x08),
        ([stream_frame(1, b"x")], QuicErrorCode.STREAM_STATE_ERROR, 0x0E),
        ([stream_frame(3, b"x")], QuicErrorCode.STREAM_STATE_ERROR, 0x0E),
        ([stream_frame(0, b"x", 1 << 20)], QuicErrorCode.FLOW_CONTROL_ERROR, 0x0E),
        ([(0x0E, numbers(0, (1 << 62) - 1, 1) + b"x")], QuicErrorCode.FRAME_ENCODING_ERROR, 0x0E),
        ([(0x0A, numbers(0, 9) + b"short")], QuicErrorCode.FRAME_ENCODING_ERROR, 0x0A),
        (
            [stream_frame(0, b"abc", fin=True), stream_frame(0, b"d", 3)],
            QuicErrorCode.FINAL_SIZE_ERROR,
            0x0E,
        ),
        (
            [stream_frame(0, b"abc", fin=True), stream_frame(0, b"ab", fin=True)],
            QuicErrorCode.FINAL_SIZE_ERROR,
            0x0F,
        ),
        ([ack_frame((5000, 5000))], QuicErrorCode.PROTOCOL_VIOLATION, 0x02),
        ([(0x02, numbers(1, 0, 0, 5))], QuicErrorCode.FRAME_ENCODING_ERROR, 0x02),
        ([(0x02, numbers(1, 0, 1, 0, 9, 0))], QuicErrorCode.FRAME_ENCODING_ERROR, 0x02),
        ([(0x02, numbers(1, 0))], QuicErrorCode.FRAME_ENCODING_ERROR, 0x02),
        ([(0x21, b"")], QuicErrorCode.FRAME_ENCODING_ERROR, 0x21),
        ([], QuicErrorCode.PROTOCOL_VIOLATION, 0x00),
    ],
)
def test_who_breaks_a_rule_meets_aioquic_itself(
    frames: list[Frame], code: QuicErrorCode, frame_type: int
) -> None:
    twins = Twins()
    twins.receive(twins.packet(*frames, size=4))
    for each in twins.both:
        assert each._close_event is not None
        assert (each._close_event.error_code, each._close_event.frame_type) == (code, frame_type)
    twins.agree()


def test_what_arrives_behind_a_gap_waits_for_what_is_missing() -> None:
    twins = Twins()
    twins.receive(twins.packet(stream_frame(0, b"llo", 2)))
    twins.receive(twins.packet(stream_frame(0, b" world", 5, fin=True)))
    assert twins.heard == []
    twins.receive(twins.packet(stream_frame(0, b"he")))
    assert [heard[2:] for heard in twins.heard] == [(b"hello world", True)]
    twins.agree()


def narrow_stream(connection: AioquicConnection) -> None:
    connection._streams[0].max_stream_data_local = 1500


def narrow_new_streams(connection: AioquicConnection) -> None:
    connection._local_max_stream_data_bidi_remote = 500


def narrow_connection(connection: AioquicConnection) -> None:
    connection._local_max_data.value = 1500


def no_more_streams(connection: AioquicConnection) -> None:
    connection._local_max_streams_bidi.value = 1


@pytest.mark.parametrize(
    ("narrow", "stream_id", "offset", "code"),
    [
        (narrow_stream, 0, 1000, QuicErrorCode.FLOW_CONTROL_ERROR),
        (narrow_new_streams, 4, 0, QuicErrorCode.FLOW_CONTROL_ERROR),
        (narrow_connection, 0, 1000, QuicErrorCode.FLOW_CONTROL_ERROR),
        (narrow_connection, 4, 0, QuicErrorCode.FLOW_CONTROL_ERROR),
        (no_more_streams, 4, 0, QuicErrorCode.STREAM_LIMIT_ERROR),
    ],
)
def test_no_limit_is_passed_on_the_short_way(
    narrow: Callable[[AioquicConnection], None], stream_id: int, offset: int, code: QuicErrorCode
) -> None:
    twins = Twins()
    twins.receive(twins.packet(stream_frame(0, bytes(1000))))
    for each in twins.both:
        narrow(each)
    twins.receive(twins.packet(stream_frame(stream_id, bytes(1000), offset)))
    for each in twins.both:
        assert each._close_event is not None
        assert each._close_event.error_code == code
    twins.agree()


def test_what_arrived_before_a_broken_frame_is_told() -> None:
    twins = Twins()
    twins.receive(twins.packet(stream_frame(0, b"GET", fin=True), (0x21, b"")))
    assert [heard[0] for heard in twins.heard] == ["rule_broken", "stream_data_received"]
    twins.agree()


def test_frames_after_an_unusual_one_are_read() -> None:
    twins = Twins()
    reset = (0x04, numbers(4, 0x10C, 0))
    twins.receive(twins.packet(stream_frame(0, b"a"), reset, stream_frame(8, b"b")))
    assert [heard[:2] for heard in twins.heard] == [
        ("stream_data_received", 0),
        ("stream_reset", 4),
        ("stream_data_received", 8),
    ]
    twins.agree()


def test_a_third_acknowledgement_in_a_packet_counts_for_neither() -> None:
    twins = Twins()
    first = twins.fast._packet_number
    twins.receive(twins.packet(stream_frame(0, b"GET")))
    twins.send(0, bytes(20_000))
    twins.flush()
    acks = [ack_frame((first + i, first + i)) for i in range(4)]
    twins.receive(twins.packet(acks[0], acks[1], PING, acks[2], acks[3]))
    assert first + 2 in twins.fast._spaces[Epoch.ONE_RTT].sent_packets
    twins.agree()


def test_a_number_that_was_skipped_is_not_acknowledged() -> None:
    twins = Twins()
    for each in twins.both:
        each.next_count = each._packet_number
    first = twins.fast._packet_number
    twins.receive(twins.packet(stream_frame(0, b"GET")))
    twins.send(0, bytes(5000))
    twins.flush()
    twins.receive(twins.packet(ack_frame((first, first + 1))))
    assert twins.heard[-1][0] == "rule_broken"
    twins.agree()


@pytest.mark.parametrize("address", [ELSEWHERE, None])
def test_a_client_that_moves_is_followed(address: tuple[str, int] | None) -> None:
    twins = Twins()
    twins.receive(twins.packet(stream_frame(0, b"GET")))
    twins.receive(twins.packet(stream_frame(0, b"more", 3)), address)
    assert twins.fast.peer_address == (address or twins.address)
    twins.agree()


def test_a_connection_that_closes_reads_no_more() -> None:
    twins = Twins()
    for each in twins.both:
        each.close_application(0x100, "")
    twins.receive(twins.packet(stream_frame(0, b"GET")))
    twins.flush()
    twins.receive(twins.packet(stream_frame(4, b"GET")))
    assert [heard[0] for heard in twins.heard] == ["stream_data_received", "connection_terminated"]
    twins.agree()


def test_a_packet_of_a_stranger_does_nothing() -> None:
    twins = guarded()
    data = bytearray(twins.packet(stream_frame(0, b"GET")))
    data[-1] ^= 1
    twins.receive(bytes(data))
    assert twins.heard == []
    twins.agree()


def test_a_packet_that_comes_twice_counts_once() -> None:
    twins = guarded()
    data = twins.packet(stream_frame(0, b"GET"))
    twins.receive(data)
    twins.receive(data)
    assert len(twins.heard) == 1
    twins.agree()


def test_a_packet_that_is_cut_anywhere_does_nothing() -> None:
    twins = guarded()
    data = twins.packet(stream_frame(0, b"GET"))
    for length in range(len(data)):
        twins.receive(data[:length])
    assert twins.heard == []
    twins.agree()


# Anything at all


@dataclass
class World:
    """What happened so far, so that steps can refer to it."""

    twins: Twins = field(default_factory=Twins)
    offsets: dict[int, int] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)
    late: list[bytes] = field(default_factory=list)


def in_order(stream_id: int, data: bytes, fin: bool) -> Callable[[World], Frame]:
    def make(world: World) -> Frame:
        offset = world.offsets.get(stream_id, 0)
        world.offsets[stream_id] = offset + len(data)
        return stream_frame(stream_id, data, offset, fin=fin)

    return make


def acknowledgement(lags: list[tuple[int, int]], delay: int) -> Callable[[World], Frame]:
    """Runs given by their distance from the server's last packet, and their length."""

    def make(world: World) -> Frame:
        high = world.twins.fast._packet_number - 1
        runs: list[tuple[int, int]] = []
        for lag, length in lags:
            high -= lag
            if high < 0:
                break
            runs.append((max(0, high - length), high))
            high = runs[-1][0] - 2
        return ack_frame(*(runs or [(0, 0)]), delay=delay)

    return make


def just(frame: Frame) -> Callable[[World], Frame]:
    return lambda world: frame


stream_ids = st.sampled_from([0, 0, 0, 4, 4, 8, 12, 2, 6, 1, 3, 2000])
payloads = st.sampled_from([b"", b"x", b"GET /", bytes(70), bytes(900)])
ordinary_frames = st.one_of(
    st.builds(in_order, st.sampled_from([0, 4, 8, 12]), payloads, st.just(False)),
    st.builds(in_order, stream_ids, payloads, st.booleans()),
    st.builds(
        acknowledgement,
        st.lists(st.tuples(st.integers(0, 6), st.integers(0, 30)), min_size=1, max_size=4),
        st.integers(0, 5000),
    ),
)
odd_frames = st.one_of(
    st.builds(
        lambda *args, fin: just(stream_frame(*args, fin=fin)),
        stream_ids,
        payloads,
        st.sampled_from([0, 1, 5, 75, 1000, 300_000]),
        fin=st.booleans(),
    ),
    st.sampled_from(
        [
            PING,
            (0x00, b""),
            (0x00, bytes(30)),
            (0x00, b"\x40\x00"),
            (0x03, numbers(4, 0, 0, 0, 0, 0, 0)),
            (0x04, numbers(0, 0x10C, 5)),
            (0x04, numbers(4, 0x10C, 70)),
            (0x05, numbers(0, 0x10C)),
            (0x08, numbers(0)),
            (0x0B, numbers(4, 100) + b"short"),
            (0x10, numbers(1 << 21)),
            (0x11, numbers(0, 1 << 21)),
            (0x1A, b"12345678"),
            (0x1C, numbers(0, 0, 0)),
            (0x21, b""),
            (0x31, numbers(2) + b"hi"),
            (0x4008, numbers(0)),
        ]
    ).map(just),
)
packets = st.tuples(
    st.lists(st.one_of(ordinary_frames, ordinary_frames, odd_frames), max_size=5),
    st.sampled_from([1, 2, 2, 2, 3, 4]),  # size of the packet number
    st.sampled_from([0, 0, 0, 0, 1, 3, 200]),  # numbers left out before it
    st.sampled_from([0, 0, 0, 0x20, 0x20, 0x08, 0x10]),  # spin and reserved bits
)
deliveries = st.sampled_from(
    ["", "", "", "", "", "twice", "late", "lost", "corrupted", "cut", "elsewhere"]
)


def receive(world: World, packet: tuple[list[Callable[[World], Frame]], int, int, int]) -> bytes:
    makers, size, gap, bits = packet
    twins = world.twins
    frames = [make(world) for make in makers]
    return twins.packet(*frames, size=size, number=twins.number + gap, bits=bits)


steps = st.one_of(
    st.tuples(st.just("packet"), packets, deliveries),
    st.tuples(st.just("packet"), packets, st.just("")),
    st.tuples(st.just("send"), st.sampled_from([0, 4, 8]), st.sampled_from([0, 1, 4000, 40_000])),
    st.tuples(st.just("flush"), st.just(0), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([0.0005, 0.002, 0.03, 0.5]), st.just(0)),
    st.tuples(
        st.sampled_from(["fire", "end", "reset", "stop", "keys", "our keys", "late", "skip"]),
        st.sampled_from([0, 4]),
        st.just(0),
    ),
)


def take(world: World, kind: str, what: object, how: object) -> None:
    """One step of a story."""
    twins = world.twins
    if kind == "packet":
        data = receive(world, what)  # type: ignore[arg-type]  # as the strategy makes them
        if how == "late":
            world.late.append(data)
        elif how == "corrupted":
            twins.receive(data[:-1] + bytes((data[-1] ^ 1,)))
        elif how == "cut":
            twins.receive(data[: len(data) // 2])
        elif how == "elsewhere":
            twins.receive(data, ELSEWHERE)
        elif how != "lost":
            twins.receive(data)
            if how == "twice":
                twins.receive(data)
    elif kind == "send":
        assert isinstance(what, int)
        assert isinstance(how, int)
        twins.send(what, bytes(how))
        twins.flush()
    elif kind == "wait":
        assert isinstance(what, float)
        twins.now += what
    elif kind == "late":
        while world.late:
            twins.receive(world.late.pop())
    elif kind == "flush":
        twins.flush()
    elif kind == "fire":
        twins.fire()
        twins.flush()
    elif kind == "keys":
        twins.keys.update_key()
    else:
        assert isinstance(what, int)
        for each in twins.both:
            match kind:
                case "end":
                    each.send(what, b"", True)
                case "reset":
                    each.reset(what, 0x10C)
                case "stop":
                    each.stop_sending(what, 0x100)
                case "our keys":
                    each.request_key_update()
                case "skip":
                    each.next_count = each._packet_number


@given(st.lists(steps, max_size=30))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_both_ways_come_to_the_same(
    story: list[tuple[str, object, object]],
) -> None:
    world = World()
    for kind, what, how in story:
        take(world, kind, what, how)
        world.twins.agree()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30_000),  # bytes that the server sends
            st.sampled_from([0.0002, 0.002, 0.02, 0.3]),  # until the client acknowledges
            st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), min_size=1, max_size=5),
            st.integers(0, 10_000),  # the client's delay
            st.booleans(),  # whether a timer fires before
        ),
        max_size=30,
    )
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_round_trips_losses_and_windows_are_aioquics_whatever_is_acknowledged(
    rounds: list[tuple[int, float, list[tuple[int, int]], int, bool]],
) -> None:
    world = World(guarded())
    twins = world.twins
    for each in twins.both:
        each._remote_max_data = each._remote_max_stream_data_bidi_local = 1 << 30
    twins.receive(twins.packet(stream_frame(0, b"GET")))
    for size, wait, lags, delay, fires in rounds:
        twins.send(0, bytes(size))
        twins.flush()
        if fires:
            twins.fire()
            twins.flush()
        twins.now += wait
        twins.receive(twins.packet(acknowledgement(lags, delay)(world)))
        twins.agree()
