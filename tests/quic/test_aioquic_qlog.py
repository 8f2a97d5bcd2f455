"""Files about connections: one each, whoever ends it, and none that costs more than it may."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from h3producer.config import Config
from h3producer.quic.aioquic import qlog
from h3producer.quic.aioquic.qlog import QlogDirectory
from h3producer.quic.engine import EngineError
from tests.pair import Pair

if TYPE_CHECKING:
    from pathlib import Path


def events_in(directory: Path) -> list[dict[str, Any]]:
    """The events of the one connection that has a file."""
    (path,) = directory.iterdir()
    (trace,) = json.loads(path.read_text())["traces"]
    events: list[dict[str, Any]] = trace["events"]
    return events


@pytest.mark.parametrize("who", ["client", "server"])
async def test_a_connection_leaves_a_file_with_its_packets(tmp_path: Path, who: str) -> None:
    pair = Pair(config=Config(qlog_dir=str(tmp_path)))
    await pair.connect()
    pair.client.send(0, b"hello", end_stream=True)
    await pair.drive()
    assert not os.listdir(tmp_path)
    if who == "client":
        pair.client.close()
    else:
        pair.transport.close(0x100)
    await pair.advance(5)
    names = {event["name"] for event in events_in(tmp_path)}
    assert {"transport:packet_received", "transport:packet_sent"} <= names


async def test_sessions_are_resumed_with_a_log_as_without(tmp_path: Path) -> None:
    pair = Pair(config=Config(qlog_dir=str(tmp_path), fast_path=True))
    await pair.connect()
    assert pair.engine._identity is not None
    assert pair.engine._identity.tickets is not None


def test_a_directory_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"^Cannot write qlog files: '.+' is no directory\.$"):
        QlogDirectory(str(tmp_path / "nowhere"))


def test_a_file_that_cannot_be_written_is_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    directory = QlogDirectory(str(tmp_path))
    trace = directory.start_trace(is_client=False, odcid=b"\x01")
    (tmp_path / "01.qlog").mkdir()
    directory.end_trace(trace)
    assert "Cannot write" in caplog.text


def test_events_beyond_the_bound_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qlog._Trace, "_left", 2)
    directory = QlogDirectory(str(tmp_path))
    trace = directory.start_trace(is_client=False, odcid=b"\x01")
    for number in range(4):
        trace.log_event(category="test", event=str(number), data={})
    directory.end_trace(trace)
    assert [event["name"] for event in events_in(tmp_path)] == ["test:0", "test:1"]
