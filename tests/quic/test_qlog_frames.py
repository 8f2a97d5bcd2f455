"""The frames of a packet, as qlog tells them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.qlog_frames import describe_frames
from h3producer.wire.varint import encode_varint
from tests.qlog_shape import QUIC_FRAMES, check_frame


def wire(*numbers: int, tail: bytes = b"") -> bytes:
    return b"".join(map(encode_varint, numbers)) + tail


@pytest.mark.parametrize(
    ("payload", "frame"),
    [
        (bytes(5), {"frame_type": "padding", "payload_length": 5}),
        (wire(0x01), {"frame_type": "ping"}),
        (
            wire(0x02, 20, 100, 1, 3, 4, 5),  # 17-20, then a gap: 6-11
            {"frame_type": "ack", "ack_delay": 0.8, "acked_ranges": [[6, 11], [17, 20]]},
        ),
        (
            wire(0x03, 7, 0, 0, 7, 1, 2, 3),
            {"frame_type": "ack", "ack_delay": 0.0, "acked_ranges": [[0, 7]]},
        ),
        (
            wire(0x04, 8, 0x10C, 100),
            {"frame_type": "reset_stream", "stream_id": 8, "error_code": 268, "final_size": 100},
        ),
        (wire(0x05, 8, 1), {"frame_type": "stop_sending", "stream_id": 8, "error_code": 1}),
        (wire(0x06, 9, 2, tail=b"xx"), {"frame_type": "crypto", "offset": 9, "length": 2}),
        (wire(0x07, 3, tail=b"xyz"), {"frame_type": "new_token", "token": {"length": 3}}),
        (
            wire(0x0F, 4, 100, 2, tail=b"hi"),
            {"frame_type": "stream", "stream_id": 4, "offset": 100, "length": 2, "fin": True},
        ),
        (
            wire(0x08, 4, tail=b"to the end"),
            {"frame_type": "stream", "stream_id": 4, "offset": 0, "length": 10, "fin": False},
        ),
        (wire(0x10, 9), {"frame_type": "max_data", "maximum": 9}),
        (wire(0x11, 4, 9), {"frame_type": "max_stream_data", "stream_id": 4, "maximum": 9}),
        (
            wire(0x12, 9),
            {"frame_type": "max_streams", "stream_type": "bidirectional", "maximum": 9},
        ),
        (
            wire(0x17, 9),
            {"frame_type": "streams_blocked", "stream_type": "unidirectional", "limit": 9},
        ),
        (wire(0x14, 9), {"frame_type": "data_blocked", "limit": 9}),
        (wire(0x15, 4, 9), {"frame_type": "stream_data_blocked", "stream_id": 4, "limit": 9}),
        (wire(0x19, 3), {"frame_type": "retire_connection_id", "sequence_number": 3}),
        (
            wire(0x1A, tail=b"12345678"),
            {"frame_type": "path_challenge", "data": "3132333435363738"},
        ),
        (
            wire(0x1D, 0x100, 3, tail=b"bye"),
            {
                "frame_type": "connection_close",
                "error_space": "application",
                "error_code": 256,
                "raw_error_code": 256,
                "reason": "bye",
            },
        ),
        (wire(0x1E), {"frame_type": "handshake_done"}),
        (wire(0x31, 2, tail=b"hi"), {"frame_type": "datagram", "length": 2}),
        (wire(0x30, tail=b"hello"), {"frame_type": "datagram", "length": 5}),
    ],
)
def test_each_frame_is_told_in_its_words(payload: bytes, frame: dict[str, object]) -> None:
    assert describe_frames(payload) == [frame]
    check_frame(frame)


def test_a_new_id_is_told_without_what_ends_its_connection() -> None:
    payload = wire(0x18, 2, 1, tail=b"\x04" + b"abcd" + b"s" * 16)
    (frame,) = describe_frames(payload)
    assert frame["connection_id"] == b"abcd".hex()
    assert b"s".hex() * 16 not in str(frame)
    check_frame(frame)


def test_frames_come_one_after_the_other() -> None:
    payload = wire(0x01) + wire(0x10, 1) + bytes(3) + wire(0x08, 0, tail=b"x")
    kinds = [frame["frame_type"] for frame in describe_frames(payload)]
    assert kinds == ["ping", "max_data", "padding", "stream"]


def test_the_delay_of_an_ack_is_in_the_units_of_who_sent_it() -> None:
    (frame,) = describe_frames(wire(0x02, 1, 100, 0, 0), ack_delay_exponent=10)
    assert frame["ack_delay"] == 102.4


def test_an_unknown_frame_ends_what_can_be_told() -> None:
    assert describe_frames(wire(0x01, 0x40, 1, 1)) == [
        {"frame_type": "ping"},
        {"frame_type": "unknown", "raw_frame_type": 0x40},
    ]


WHOLE = wire(0x02, 20, 100, 1, 3, 4, 5) + wire(0x0F, 4, 100, 2, tail=b"hi")


@pytest.mark.parametrize("cut", range(1, len(WHOLE)))
def test_a_packet_that_is_cut_is_told_as_far_as_it_goes(cut: int) -> None:
    frames = describe_frames(WHOLE[:cut])
    assert frames
    assert all(each["frame_type"] in QUIC_FRAMES for each in frames)


@given(st.binary(max_size=60))
def test_whatever_is_in_a_packet_nothing_is_raised(payload: bytes) -> None:
    describe_frames(payload)
