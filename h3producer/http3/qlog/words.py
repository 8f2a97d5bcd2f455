"""Frames and settings in the words of draft-ietf-quic-qlog-h3-events.

This file knows how qlog spells what HTTP/3 says. It refuses to know when something is noted
(`tap.py`). Its one rule: what would let a reader of the log act as the client is not in it, so of
fields that carry credentials only the length is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.errors import RemoteProtocolError
from h3producer.wire.frames import FrameType, StreamType
from h3producer.wire.qpack import FieldSectionDecoder
from h3producer.wire.settings import Setting, parse_settings
from h3producer.wire.varint import pull_varint

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.wire.fields import Fields

__all__ = ["describe_frame", "describe_parameters", "describe_stream_type"]

_CREDENTIALS: Final = frozenset(
    (b"authorization", b"cookie", b"proxy-authorization", b"set-cookie", b"x-api-key")
)

_SETTINGS: Final[dict[int, str]] = {
    Setting.QPACK_MAX_TABLE_CAPACITY: "settings_qpack_max_table_capacity",
    Setting.MAX_FIELD_SECTION_SIZE: "settings_max_field_section_size",
    Setting.QPACK_BLOCKED_STREAMS: "settings_qpack_blocked_streams",
    Setting.ENABLE_CONNECT_PROTOCOL: "settings_enable_connect_protocol",
    Setting.H3_DATAGRAM: "settings_h3_datagram",
}

_PARAMETERS: Final[dict[int, str]] = {
    Setting.QPACK_MAX_TABLE_CAPACITY: "max_table_capacity",
    Setting.MAX_FIELD_SECTION_SIZE: "max_header_list_size",
    Setting.QPACK_BLOCKED_STREAMS: "blocked_streams_count",
    Setting.ENABLE_CONNECT_PROTOCOL: "extended_connect",
    Setting.H3_DATAGRAM: "h3_datagram",
}

_STREAM_TYPES: Final[dict[int, str]] = {
    StreamType.CONTROL: "control",
    StreamType.PUSH: "push",
    StreamType.QPACK_ENCODER: "qpack_encode",
    StreamType.QPACK_DECODER: "qpack_decode",
}

_IDS: Final[dict[int, tuple[str, str]]] = {
    FrameType.GOAWAY: ("goaway", "id"),
    FrameType.MAX_PUSH_ID: ("max_push_id", "push_id"),
    FrameType.CANCEL_PUSH: ("cancel_push", "push_id"),
}
"""Frames of one integer: their names, and that of the integer."""

_DECODER: Final = FieldSectionDecoder()
"""One for all: without a dynamic table there is nothing that it could remember."""


def describe_frame(frame_type: int, length: int, payload: bytes | None) -> dict[str, object]:
    """A frame; `payload` is None if it is not known, and may be anything at all."""
    described: dict[str, object] | None = None
    if frame_type == FrameType.DATA:
        described = {"frame_type": "data"}
    elif payload is not None:
        describe = _DESCRIBED.get(frame_type)
        described = describe and describe(frame_type, payload)
    if described is not None:
        return described
    if _is_reserved(frame_type):
        return {"frame_type": "reserved", "length": length}
    return {"frame_type": "unknown", "raw_frame_type": frame_type, "raw_length": length}


def describe_parameters(payload: bytes) -> dict[str, object]:
    """What a SETTINGS frame sets; those that have no name here stand in the frame only."""
    settings = _settings(payload)
    return {_PARAMETERS[each]: value for each, value in settings.items() if each in _PARAMETERS}


def describe_stream_type(stream_type: int) -> dict[str, object]:
    """The type of a unidirectional stream."""
    if stream_type in _STREAM_TYPES:
        return {"stream_type": _STREAM_TYPES[stream_type]}
    if _is_reserved(stream_type):
        return {"stream_type": "reserved"}
    return {"stream_type": "unknown", "raw_stream_type": stream_type}


def _is_reserved(number: int) -> bool:
    # RFC 9114 §7.2.8: "Frame types of the format 0x1f * N + 0x21 for non-negative integer values of
    # N are reserved"; §6.2.3 and §7.2.4.1 say the same of stream types and settings.
    return number >= 0x21 and (number - 0x21) % 0x1F == 0


def _setting_name(identifier: int) -> str:
    known = _SETTINGS.get(identifier)
    return known or ("reserved" if _is_reserved(identifier) else f"{identifier:#x}")


def _settings(payload: bytes) -> dict[int, int]:
    try:
        return parse_settings(payload)
    except RemoteProtocolError:
        return {}  # whoever reads it for its sake closes the connection


def _headers_frame(_frame_type: int, payload: bytes) -> dict[str, object]:
    try:
        fields: Fields = _DECODER.decode(0, payload)
    except RemoteProtocolError:
        fields = []  # likewise
    headers = [
        {
            "name": name.decode("latin-1"),
            "value": f"[{len(value)} bytes]" if name in _CREDENTIALS else value.decode("latin-1"),
        }
        for name, value in fields
    ]
    return {"frame_type": "headers", "headers": headers}


def _settings_frame(_frame_type: int, payload: bytes) -> dict[str, object]:
    settings = [
        {"name": _setting_name(each), "value": value} for each, value in _settings(payload).items()
    ]
    return {"frame_type": "settings", "settings": settings}


def _id_frame(frame_type: int, payload: bytes) -> dict[str, object] | None:
    name, field = _IDS[frame_type]
    pulled = pull_varint(payload, 0)
    return pulled and {"frame_type": name, field: pulled[0]}


def _priority_frame(_frame_type: int, payload: bytes) -> dict[str, object] | None:
    pulled = pull_varint(payload, 0)
    if pulled is None:
        return None
    stream_id, end = pulled
    value = payload[end:].decode("ascii", "replace")
    return {
        "frame_type": "priority_update",
        "stream_id": stream_id,
        "priority_field_value": value,
    }


_DESCRIBED: Final[dict[int, Callable[[int, bytes], dict[str, object] | None]]] = {
    FrameType.HEADERS: _headers_frame,
    FrameType.SETTINGS: _settings_frame,
    FrameType.GOAWAY: _id_frame,
    FrameType.MAX_PUSH_ID: _id_frame,
    FrameType.CANCEL_PUSH: _id_frame,
    FrameType.PRIORITY_UPDATE: _priority_frame,
}
