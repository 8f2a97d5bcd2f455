"""qlog files: their format, and that none costs more memory or disk than it may."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from h3producer.quic import qlog_files
from h3producer.quic.engine import EngineError
from h3producer.quic.qlog_files import MAX_HELD, QlogDirectory

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024 * 1024


def records(path: Path) -> list[dict[str, Any]]:
    """The JSON texts of a file, each with its separator before and its line feed behind it."""
    nothing, *texts = path.read_text().split("\x1e")
    assert not nothing
    assert all(each.endswith("\n") for each in texts)
    return [json.loads(each) for each in texts]


def test_a_file_is_a_sequence_of_its_head_and_its_events(tmp_path: Path) -> None:
    now = 10.0
    file = QlogDirectory(str(tmp_path), MIB, clock=lambda: now).open("c0ffee")
    now = 10.25
    file.note("test:said", {"what": "hello"})
    file.close()

    head, event = records(tmp_path / "c0ffee.sqlog")
    assert (head["qlog_version"], head["qlog_format"]) == ("0.3", "JSON-SEQ")
    assert head["trace"]["vantage_point"]["type"] == "server"
    assert head["trace"]["common_fields"]["time_format"] == "relative"
    assert event == {"time": 250.0, "name": "test:said", "data": {"what": "hello"}}


def test_events_are_written_as_soon_as_there_are_some(tmp_path: Path) -> None:
    file = QlogDirectory(str(tmp_path), MIB).open("01")
    for number in range(MAX_HELD):
        assert len(records(tmp_path / "01.sqlog")) == 1
        file.note("test:said", {"number": number})
    assert len(records(tmp_path / "01.sqlog")) == 1 + MAX_HELD


def test_the_end_of_a_connection_is_written_at_once(tmp_path: Path) -> None:
    file = QlogDirectory(str(tmp_path), MIB).open("01")
    file.note("test:said", {})
    file.note("connectivity:connection_closed", {})
    assert len(records(tmp_path / "01.sqlog")) == 3


def test_an_event_that_grows_is_written_when_it_has_grown(tmp_path: Path) -> None:
    file = QlogDirectory(str(tmp_path), MIB).open("01")
    frames: list[str] = []
    file.note("test:before", {})
    file.note_growing("test:growing", {"frames": frames})
    for _ in range(MAX_HELD - 2):
        file.note("test:behind", {})
    assert len(records(tmp_path / "01.sqlog")) == 2
    frames.append("ack")
    file.settle()
    file.close()

    assert records(tmp_path / "01.sqlog")[2]["data"] == {"frames": ["ack"]}


def test_an_event_cannot_grow_for_ever(tmp_path: Path) -> None:
    file = QlogDirectory(str(tmp_path), MIB).open("01")
    file.note_growing("test:growing", {})
    for _ in range(10 * MAX_HELD):
        file.note("test:behind", {})
    assert len(file._held) <= 2 * MAX_HELD


def test_a_file_that_is_full_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qlog_files, "MAX_FILE", 1000)
    file = QlogDirectory(str(tmp_path), MIB).open("01")
    for number in range(100):
        file.note("test:said", {"number": number})
    file.close()

    *_, last = records(tmp_path / "01.sqlog")
    assert last["name"] == "generic:warning"
    assert (tmp_path / "01.sqlog").stat().st_size < 1300


def test_the_oldest_files_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qlog_files, "MAX_FILES", 2)
    for age, name in enumerate(("old", "older", "oldest")):
        path = tmp_path / f"{name}.sqlog"
        path.touch()
        _set_age(path, age)
    (tmp_path / "not ours").touch()

    QlogDirectory(str(tmp_path), MIB)

    assert {path.name for path in tmp_path.iterdir()} == {"old.sqlog", "older.sqlog", "not ours"}


def test_the_bytes_of_all_files_are_bounded(tmp_path: Path) -> None:
    directory = QlogDirectory(str(tmp_path), MIB)
    for number in range(40):
        file = directory.open(f"{number:02}")
        file.note("test:said", {"what": "x" * 65_536})
        file.close()
        _set_age(tmp_path / f"{number:02}.sqlog", 40 - number)

    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sum(sizes.values()) <= MIB * 17 / 16
    assert "39.sqlog" in sizes


def test_a_file_that_is_written_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qlog_files, "MAX_FILES", 0)
    directory = QlogDirectory(str(tmp_path), MIB)
    file = directory.open("01")
    directory.open("02").close()
    file.close()
    assert "01.sqlog" in {path.name for path in tmp_path.iterdir()}


def test_a_file_that_somebody_removed_is_not_begun_in_its_middle(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = QlogDirectory(str(tmp_path), MIB).open("01")
    (tmp_path / "01.sqlog").unlink()
    file.note("test:said", {})
    file.close()
    assert not list(tmp_path.iterdir())
    assert "Cannot write" in caplog.text


def test_a_file_that_cannot_be_written_is_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    directory = QlogDirectory(str(tmp_path), MIB)
    (tmp_path / "01.sqlog").mkdir()
    file = directory.open("01")
    file.note("test:said", {})
    file.close()
    assert caplog.text.count("Cannot write") == 1


def test_a_directory_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"^Cannot write qlog files: '.+' is no directory\.$"):
        QlogDirectory(str(tmp_path / "nowhere"), MIB)


def _set_age(path: Path, seconds: int) -> None:
    import os

    os.utime(path, (1_000_000_000 - seconds, 1_000_000_000 - seconds))
