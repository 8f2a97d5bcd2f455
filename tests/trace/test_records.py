"""Files of events, in both forms and from whomever."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from h3producer.trace.records import Event, TraceError, read_recording
from tests.trace.events import request, sent, write_sequence

if TYPE_CHECKING:
    from pathlib import Path

TRACE: dict[str, Any] = {
    "vantage_point": {"type": "server"},
    "common_fields": {"time_format": "absolute"},
    "events": [
        {"time": 1005.0, "name": "transport:packet_sent", "data": {}},
        {"time": 1000.0, "name": "quic:packet_received", "data": {}},
    ],
}


def whole(path: Path, **changes: object) -> Path:
    """A file that is one JSON text."""
    path.write_text(json.dumps({"qlog_version": "0.3", "traces": [{**TRACE, **changes}]}))
    return path


def test_times_are_told_from_the_first_event_on(tmp_path: Path) -> None:
    path = write_sequence(tmp_path / "a", (5.0, request()), (7.5, sent(1, 0, 10)))
    recording = read_recording(path)
    assert [each.time for each in recording.events] == [0.0, 2.5]
    assert recording.began == 1005.0


def test_a_file_may_be_one_text(tmp_path: Path) -> None:
    recording = read_recording(whole(tmp_path / "a"))
    assert [each.name for each in recording.events] == ["packet_received", "packet_sent"]


def test_times_may_be_told_from_one_event_to_the_next(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = [{"time": time, "name": "a:b", "data": {}} for time in (3, 4, 5)]
    path = whole(tmp_path / "a", events=events, common_fields={"time_format": "delta"})
    assert [each.time for each in read_recording(path).events] == [0.0, 4.0, 9.0]


def test_a_sequence_that_is_cut_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_sequence(tmp_path / "a", (0.0, request()), (1.0, sent(1, 0, 10)))
    path.write_text(path.read_text()[:-20])
    assert [each.name for each in read_recording(path).events] == ["frame_parsed"]


def test_what_somebody_else_noted_is_put_in_its_place(tmp_path: Path) -> None:
    path = write_sequence(tmp_path / "a", (0.0, request()), (2.0, sent(1, 0, 10)))
    recording = read_recording(path).with_events([Event(1.0, "client_stopped", {})])
    assert [each.name for each in recording.events] == [
        "frame_parsed",
        "client_stopped",
        "packet_sent",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not a qlog file"),
        ("\x1e", "is not a qlog file"),
        ("[]", "is not a qlog file"),
        ('{"traces": [1]}', "is not a qlog file"),
        ("\x1e{}\n\x1e{}\n", "is not a qlog file"),
        ('\x1e{"trace": {}}\n', "was not written by a server"),
        ('\x1e{"trace": {"vantage_point": {"type": "client"}}}\n', "was not written by a server"),
        ('\x1e{"trace": {"vantage_point": {"type": "server"}}}\n\x1e1\n', "has no events"),
    ],
)
def test_what_is_no_log_of_a_server_is_said_to_be(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "a"
    path.write_text(text)
    with pytest.raises(TraceError, match=sentence):
        read_recording(path)


def test_a_file_that_is_no_text_is_no_log(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\xff")
    with pytest.raises(TraceError, match="is not a qlog file"):
        read_recording(path)


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="Cannot read"):
        read_recording(tmp_path / "a")
