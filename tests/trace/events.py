"""Events of qlog, made by hand: a test says what happened, in a line each.

This file knows their fields. It refuses to know what follows from them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from h3producer.trace.records import Event, Recording

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "ack",
    "began",
    "ended",
    "frame",
    "limit",
    "recording",
    "request",
    "sent",
    "settings",
    "write_sequence",
]


def settings(window: int) -> tuple[str, dict[str, Any]]:
    """The client lets each stream of its own go so far."""
    data = {"owner": "remote", "initial_max_stream_data_bidi_local": window}
    return "transport:parameters_set", data


def request(method: str = "GET", path: str = "/") -> tuple[str, dict[str, Any]]:
    headers = [{"name": ":method", "value": method}, {"name": ":path", "value": path}]
    frame = {"frame_type": "headers", "headers": headers}
    return "http:frame_parsed", {"stream_id": 0, "length": 20, "frame": frame}


def frame(kind: str, length: int, **fields: object) -> tuple[str, dict[str, Any]]:
    data = {"stream_id": 0, "length": length, "frame": {"frame_type": kind, **fields}}
    return "http:frame_created", data


def sent(number: int, offset: int, length: int, *, fin: bool = False) -> tuple[str, dict[str, Any]]:
    stream = {"stream_id": 0, "offset": offset, "length": length, "fin": fin}
    return _packet("sent", number, {"frame_type": "stream", **stream})


def ack(number: int, *ranges: tuple[int, int]) -> tuple[str, dict[str, Any]]:
    acked = [list(each) for each in ranges]
    return _packet("received", number, {"frame_type": "ack", "acked_ranges": acked})


def limit(number: int, maximum: int) -> tuple[str, dict[str, Any]]:
    frame = {"frame_type": "max_stream_data", "stream_id": 0, "maximum": maximum}
    return _packet("received", number, frame)


def began(what: str, **fields: object) -> tuple[str, dict[str, Any]]:
    return f"h3producer:{what}_began", {"stream_id": 0, **fields}


def ended(what: str) -> tuple[str, dict[str, Any]]:
    return f"h3producer:{what}_ended", {"stream_id": 0}


def _packet(direction: str, number: int, frame: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    header = {"packet_type": "1RTT", "packet_number": number}
    return f"transport:packet_{direction}", {"header": header, "frames": [frame]}


def recording(*happened: tuple[float, tuple[str, dict[str, Any]]]) -> Recording:
    """What happened, each with its time in milliseconds."""
    return Recording(
        [Event(time, name.rpartition(":")[2], data) for time, (name, data) in happened]
    )


def write_sequence(path: Path, *happened: tuple[float, tuple[str, dict[str, Any]]]) -> Path:
    """The same as a file of JSON texts."""
    trace = {"vantage_point": {"type": "server"}, "common_fields": {"reference_time": 1000.0}}
    head = {"qlog_version": "0.3", "qlog_format": "JSON-SEQ", "trace": trace}
    events = [{"time": time, "name": name, "data": data} for time, (name, data) in happened]
    path.write_text("".join(f"\x1e{json.dumps(each)}\n" for each in (head, *events)))
    return path
