"""How qlog spells frames, settings and stream types."""

from __future__ import annotations

import pytest

from h3producer.http3.qlog.words import describe_frame, describe_parameters, describe_stream_type
from h3producer.wire.frames import FrameType, StreamType
from h3producer.wire.qpack import FieldSectionEncoder
from h3producer.wire.settings import Setting, encode_settings
from h3producer.wire.varint import encode_varint


@pytest.mark.parametrize(
    ("frame_type", "payload", "described"),
    [
        (FrameType.DATA, None, {"frame_type": "data"}),
        (FrameType.GOAWAY, encode_varint(8), {"frame_type": "goaway", "id": 8}),
        (FrameType.MAX_PUSH_ID, encode_varint(3), {"frame_type": "max_push_id", "push_id": 3}),
        (FrameType.CANCEL_PUSH, encode_varint(3), {"frame_type": "cancel_push", "push_id": 3}),
        (
            FrameType.PRIORITY_UPDATE,
            encode_varint(4) + b"u=1",
            {"frame_type": "priority_update", "stream_id": 4, "priority_field_value": "u=1"},
        ),
        (
            FrameType.SETTINGS,
            encode_settings({Setting.H3_DATAGRAM: 1, 0x21: 5}),
            {
                "frame_type": "settings",
                "settings": [
                    {"name": "settings_h3_datagram", "value": 1},
                    {"name": "reserved", "value": 5},
                ],
            },
        ),
        (0x21, b"12", {"frame_type": "reserved", "length": 2}),
        (0x22, b"12", {"frame_type": "unknown", "raw_frame_type": 0x22, "raw_length": 2}),
        # What says nothing that can be understood is told by its length.
        (FrameType.GOAWAY, b"", {"frame_type": "unknown", "raw_frame_type": 7, "raw_length": 0}),
    ],
)
def test_a_frame_has_its_name_and_what_it_says(
    frame_type: int, payload: bytes | None, described: dict[str, object]
) -> None:
    assert describe_frame(frame_type, len(payload or b""), payload) == described


def test_a_section_is_told_without_its_credentials() -> None:
    fields = [(b":path", b"/"), (b"cookie", b"session=secret")]
    section = FieldSectionEncoder().encode(fields)
    assert describe_frame(FrameType.HEADERS, len(section), section) == {
        "frame_type": "headers",
        "headers": [{"name": ":path", "value": "/"}, {"name": "cookie", "value": "[14 bytes]"}],
    }


def test_a_section_that_is_not_one_has_no_fields() -> None:
    frame = describe_frame(FrameType.HEADERS, 2, b"\xff\xff")
    assert frame == {"frame_type": "headers", "headers": []}


def test_settings_have_other_names_as_parameters() -> None:
    payload = encode_settings(
        {Setting.MAX_FIELD_SECTION_SIZE: 16384, Setting.QPACK_BLOCKED_STREAMS: 0, 0x21: 5}
    )
    assert describe_parameters(payload) == {
        "max_header_list_size": 16384,
        "blocked_streams_count": 0,
    }


def test_settings_that_are_none_set_nothing() -> None:
    assert describe_parameters(b"\x06") == {}


@pytest.mark.parametrize(
    ("stream_type", "described"),
    [
        (StreamType.CONTROL, {"stream_type": "control"}),
        (StreamType.QPACK_ENCODER, {"stream_type": "qpack_encode"}),
        (StreamType.QPACK_DECODER, {"stream_type": "qpack_decode"}),
        (0x40, {"stream_type": "reserved"}),
        (0x54, {"stream_type": "unknown", "raw_stream_type": 0x54}),
    ],
)
def test_a_stream_has_the_name_of_its_type(stream_type: int, described: dict[str, object]) -> None:
    assert describe_stream_type(stream_type) == described
