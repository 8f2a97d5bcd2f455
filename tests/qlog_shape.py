"""What version 0.3 of qlog asks of a file, after the CDDL of its three drafts.

This file knows, for each event that we write, which fields it must and may have
(draft-ietf-quic-qlog-main-schema-05, -quic-events-04, -h3-events-04), and what qvis asks beyond
that. It refuses to know what is true. Its one rule: an event, a frame or a field that it does not
know is a fault, for each would have to be looked up.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["QUIC_FRAMES", "check_file", "check_frame", "files_in", "read_records"]

# A field's name, with `?` behind it if it may be missing: what its value is.
Shape = dict[str, object]

NUMBER = (int, float)
HEADER: Shape = {
    "packet_type": ("initial", "handshake", "0RTT", "1RTT", "retry", "version_negotiation"),
    "packet_number?": int,
    "scid?": str,
    "dcid?": str,
}
RAW: Shape = {"length?": int, "payload_length?": int}
PACKET: Shape = {
    "header": HEADER,
    "frames?": list,
    "raw?": RAW,
    "is_mtu_probe_packet?": bool,
}
OWNER = ("local", "remote")
HTTP_FRAME: Shape = {"stream_id": int, "length?": int, "frame": dict}

EVENTS: dict[str, Shape] = {
    "connectivity:connection_started": {
        "src_ip": str,
        "dst_ip": str,
        "src_port?": int,
        "dst_port?": int,
        "protocol?": str,
    },
    "connectivity:connection_closed": {"application_code?": int, "reason?": str},
    "connectivity:spin_bit_updated": {"state": bool},
    "transport:parameters_set": {
        "owner?": OWNER,
        "original_destination_connection_id?": str,
        "initial_source_connection_id?": str,
        "retry_source_connection_id?": str,
        "disable_active_migration?": bool,
        "max_idle_timeout?": int,
        "max_udp_payload_size?": int,
        "ack_delay_exponent?": int,
        "max_ack_delay?": int,
        "active_connection_id_limit?": int,
        "initial_max_data?": int,
        "initial_max_stream_data_bidi_local?": int,
        "initial_max_stream_data_bidi_remote?": int,
        "initial_max_stream_data_uni?": int,
        "initial_max_streams_bidi?": int,
        "initial_max_streams_uni?": int,
        "max_datagram_frame_size?": int,  # RFC 9221; the drafts let extensions in
    },
    "transport:packet_sent": PACKET,
    "transport:packet_received": PACKET,
    "transport:packet_dropped": {"header?": HEADER, "raw?": RAW, "trigger?": str},
    "recovery:metrics_updated": {
        "min_rtt?": NUMBER,
        "smoothed_rtt?": NUMBER,
        "latest_rtt?": NUMBER,
        "rtt_variance?": NUMBER,
        "congestion_window?": int,
        "bytes_in_flight?": int,
        "ssthresh?": int,
        "cubic_wmax?": int,
    },
    "recovery:packet_lost": {"header?": HEADER},
    "security:key_updated": {"key_type": str, "trigger?": str},
    "security:key_retired": {"key_type": str, "trigger?": str},
    "http:parameters_set": {
        "owner?": OWNER,
        "max_header_list_size?": int,
        "max_table_capacity?": int,
        "blocked_streams_count?": int,
        "extended_connect?": int,
        "h3_datagram?": int,
    },
    "http:stream_type_set": {
        "owner?": OWNER,
        "stream_id": int,
        "stream_type": ("control", "push", "reserved", "unknown", "qpack_encode", "qpack_decode"),
        "raw_stream_type?": int,
    },
    "http:frame_created": HTTP_FRAME,
    "http:frame_parsed": HTTP_FRAME,
    "generic:warning": {"message?": str},
    "h3producer:write_began": {"stream_id": int, "length": int},
    "h3producer:write_ended": {"stream_id": int},
    "h3producer:drain_began": {"stream_id": int, "unsent": int},
    "h3producer:drain_ended": {"stream_id": int},
}

LIMIT: Shape = {"maximum": int}
OF_STREAMS = ("bidirectional", "unidirectional")
QUIC_FRAMES: dict[str, Shape] = {
    "padding": {"payload_length": int},
    "ping": {},
    "ack": {"ack_delay?": NUMBER, "acked_ranges?": list},
    "reset_stream": {"stream_id": int, "error_code": int, "final_size": int},
    "stop_sending": {"stream_id": int, "error_code": int},
    "crypto": {"offset": int, "length": int},
    "new_token": {"token": dict},
    "stream": {"stream_id": int, "offset": int, "length": int, "fin?": bool},
    "max_data": LIMIT,
    "max_stream_data": {"stream_id": int, **LIMIT},
    "max_streams": {"stream_type": OF_STREAMS, **LIMIT},
    "data_blocked": {"limit": int},
    "stream_data_blocked": {"stream_id": int, "limit": int},
    "streams_blocked": {"stream_type": OF_STREAMS, "limit": int},
    "new_connection_id": {
        "sequence_number": int,
        "retire_prior_to": int,
        "connection_id_length?": int,
        "connection_id": str,
    },
    "retire_connection_id": {"sequence_number": int},
    "path_challenge": {"data?": str},
    "path_response": {"data?": str},
    "connection_close": {
        "error_space?": ("transport", "application"),
        "error_code?": int,
        "raw_error_code?": int,
        "reason?": str,
        "trigger_frame_type?": int,
    },
    "handshake_done": {},
    "datagram": {"length?": int},
    "unknown": {"raw_frame_type": int},
}

HTTP_FRAMES: dict[str, Shape] = {
    "data": {},
    "headers": {"headers": list},
    "settings": {"settings": list},
    "goaway": {"id": int},
    "max_push_id": {"push_id": int},
    "cancel_push": {"push_id": int},
    "reserved": {"length?": int},
    "unknown": {"raw_frame_type": int, "raw_length?": int},
    "priority_update": {"stream_id": int, "priority_field_value": str},  # RFC 9218, of draft 5
}


def files_in(directory: Path) -> list[Path]:
    """The files of a directory, in the order of their names."""
    return sorted(directory.iterdir())


def check_frame(frame: dict[str, Any]) -> None:
    """Hold a frame of QUIC against its shape."""
    _check_frame("a packet", frame, QUIC_FRAMES)


def read_records(path: Path) -> list[dict[str, Any]]:
    """The texts of a file, the head first (RFC 7464)."""
    nothing, *texts = path.read_text(encoding="ascii").split("\x1e")
    assert not nothing
    assert all(each.endswith("\n") for each in texts)
    return [json.loads(each) for each in texts]


def check_file(path: Path) -> set[str]:
    """Hold a file against all of it; return the names of its events."""
    head, *events = read_records(path)
    _check("head", head, {"qlog_version": ("0.3",), "qlog_format": ("JSON-SEQ",), "trace": dict})
    trace = {"vantage_point": {"name?": str, "type": ("server", "client")}, "common_fields": dict}
    _check("trace", head["trace"], trace)
    common = {"ODCID": str, "group_id": str, "protocol_type": list}
    times = {"time_format": ("relative",), "reference_time": NUMBER}
    _check("common_fields", head["trace"]["common_fields"], {**common, **times})
    for event in events:
        _check("event", event, {"time": NUMBER, "name": tuple(EVENTS), "data": dict})
        _check(event["name"], event["data"], EVENTS[event["name"]])
        _check_frames(event["name"], event["data"])
    moments = [event["time"] for event in events]
    assert moments == sorted(moments), "qvis sorts a file that is in no order, and complains"
    return {event["name"] for event in events}


def _check_frames(name: str, data: dict[str, Any]) -> None:
    for frame in data.get("frames", ()):
        _check_frame(name, frame, QUIC_FRAMES)
    if "frame" in data:
        _check_frame(name, data["frame"], HTTP_FRAMES)
        for pair in (*data["frame"].get("headers", ()), *data["frame"].get("settings", ())):
            _check(f"a pair in {name}", pair, {"name": str, "value": (str, int)})


def _check_frame(name: str, frame: dict[str, Any], frames: dict[str, Shape]) -> None:
    kind = frame.get("frame_type")
    assert kind in frames, f"{name} has a frame {frame}"
    _check(f"{kind} in {name}", frame, {"frame_type": str, **frames[kind]})


def _check(what: str, value: dict[str, Any], shape: Shape) -> None:
    fields = {each.rstrip("?"): expected for each, expected in shape.items()}
    missing = {each for each in shape if not each.endswith("?")} - value.keys()
    assert not missing, f"{what} has no {missing}: {value}"
    for name, found in value.items():
        assert name in fields, f"{what} has a field {name!r}: {value}"
        _check_value(f"{name} of {what}", found, fields[name])


def _check_value(what: str, found: object, expected: object) -> None:
    if isinstance(expected, dict):
        assert isinstance(found, dict), f"{what} is {found!r}"
        _check(what, found, expected)
    elif isinstance(expected, tuple) and all(isinstance(each, str) for each in expected):
        assert found in expected, f"{what} is {found!r}"
    else:
        kinds: Iterable[type] = expected if isinstance(expected, tuple) else (expected,)
        assert type(found) in kinds, f"{what} is {found!r}"
