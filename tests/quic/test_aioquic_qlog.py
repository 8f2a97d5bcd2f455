"""Connections of which notes are taken: which, what their files say, and what they leave out."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from h3producer.config import Config
from h3producer.quic.qlog_files import QlogDirectory
from tests.pair import Client, Pair, make_credentials

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024 * 1024


def events_of(directory: Path) -> list[dict[str, Any]]:
    """The events of the one connection that has a file."""
    (path,) = directory.iterdir()
    _, _, *events = path.read_text().split("\x1e")
    return [json.loads(each) for each in events]


@pytest.mark.parametrize("who", ["client", "server"])
async def test_a_connection_leaves_a_file_with_its_packets(
    tmp_path: Path, who: str, caplog: pytest.LogCaptureFixture
) -> None:
    pair = Pair(config=Config(qlog_dir=str(tmp_path)))
    await pair.connect()
    pair.client.send(0, b"hello", end_stream=True)
    await pair.drive()
    if who == "client":
        pair.client.close()
    else:
        pair.transport.close(0x100)
    await pair.advance(5)
    names = {event["name"] for event in events_of(tmp_path)}
    assert {"transport:packet_received", "transport:packet_sent"} <= names
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


async def test_sessions_are_resumed_with_a_log_as_without(tmp_path: Path) -> None:
    pair = Pair(config=Config(qlog_dir=str(tmp_path), fast_path=True))
    await pair.connect()
    assert pair.engine._identity is not None
    assert pair.engine._identity.tickets is not None


async def test_notes_are_taken_of_a_sample(tmp_path: Path) -> None:
    pair = Pair(config=Config(qlog_dir=str(tmp_path), qlog_sample=0.5))
    await pair.connect()
    await pair.connect(Client(("192.0.2.2", 50000)))

    assert [each.journal is None for each in pair.transports] == [True, False]
    is_noted = ["register" in vars(each._connection) for each in pair.transports]
    assert is_noted == [False, True]
    is_fast = [each._connection.fast_path for each in pair.transports]  # type: ignore[attr-defined]
    assert is_fast == [pair.config.fast_path] * 2


async def test_what_a_reader_could_use_is_left_out(tmp_path: Path) -> None:
    pair = Pair(config=Config(qlog_dir=str(tmp_path)))
    await pair.connect()
    token = pair.transport._connection._host_cids[-1].stateless_reset_token  # type: ignore[attr-defined]
    pair.transport.close(0x100)
    await pair.advance(5)

    text = json.dumps(events_of(tmp_path))
    assert "new_connection_id" in text
    assert token.hex() not in text


async def test_times_are_those_of_the_clock(tmp_path: Path) -> None:
    pair = Pair(config=Config(qlog_dir=str(tmp_path)), delay=0.05)
    noting = pair.engine._noting
    assert noting is not None
    noting.directory.clock = lambda: pair.loop.now
    await pair.connect()
    pair.transport.close(0x100)
    await pair.advance(5)

    received = [each for each in events_of(tmp_path) if each["name"].endswith("packet_received")]
    # RFC 9000 §7: a client's Handshake packets come a round trip behind its first one.
    assert received[0]["time"] == 0
    assert received[-1]["time"] >= 100


async def test_notes_are_taken_with_another_certificate_as_well(tmp_path: Path) -> None:
    pair = Pair(config=Config(qlog_dir=str(tmp_path)))
    await pair.connect()
    pair.engine.present(make_credentials(rsa.generate_private_key(65537, 2048)))
    await pair.connect(Client(("192.0.2.2", 50000)))
    assert [each.journal is None for each in pair.transports] == [False, False]


def test_a_lost_packet_is_told_by_its_header(tmp_path: Path) -> None:
    trace = _trace(tmp_path)
    trace.log_event(
        category="recovery", event="packet_lost", data={"type": "1RTT", "packet_number": 7}
    )
    trace.close()
    (event,) = events_of(tmp_path)
    assert event["data"] == {"header": {"packet_type": "1RTT", "packet_number": 7}}


async def test_a_packet_has_all_of_its_frames(tmp_path: Path) -> None:
    pair = Pair(config=Config(qlog_dir=str(tmp_path)))
    await pair.connect()
    pair.client.send(0, b"hello", end_stream=True)
    await pair.drive()
    pair.transport.close(0x100)
    await pair.advance(5)

    received = [e["data"] for e in events_of(tmp_path) if e["name"] == "transport:packet_received"]
    kinds = [{frame["frame_type"] for frame in packet["frames"]} for packet in received]
    assert "crypto" in kinds[0]
    assert any("stream" in each for each in kinds)
    assert all(kinds)


@pytest.mark.parametrize("fast_path", [True, False])
async def test_no_packet_is_left_out_whoever_writes_it(tmp_path: Path, fast_path: bool) -> None:
    pair = Pair(config=Config(qlog_dir=str(tmp_path), fast_path=fast_path))
    await pair.connect()
    pair.client.send(0, b"hello", end_stream=True)
    await pair.drive()
    pair.transport.send(0, bytes(200_000), end_stream=True)
    await pair.drive()
    assert len(pair.client.received(0)) == 200_000
    skipped = pair.transport._connection.skipped  # type: ignore[attr-defined]
    last = pair.transport._connection._packet_number  # type: ignore[attr-defined]
    pair.transport.abort(0x100)

    events = events_of(tmp_path)
    numbers = [number for kind, number in sent_in(events) if kind == "1RTT"]
    assert len(numbers) == len(set(numbers))
    assert set(range(numbers[0], last)) - set(numbers) <= {skipped}
    sizes = [e["data"]["raw"]["length"] for e in events if e["name"] == "transport:packet_sent"]
    datagrams = sum(len(each) for each in pair.to_client)
    assert datagrams - 1200 * 3 <= sum(sizes) <= datagrams  # some of the handshake is padding


def sent_in(events: list[dict[str, Any]]) -> list[tuple[str, int]]:
    headers = [e["data"]["header"] for e in events if e["name"] == "transport:packet_sent"]
    return [(header["packet_type"], header["packet_number"]) for header in headers]


async def test_what_the_fast_path_hears_changes_the_metrics(tmp_path: Path) -> None:
    pair = Pair(config=Config(qlog_dir=str(tmp_path), fast_path=True), delay=0.03)
    await pair.connect()
    pair.client.send(0, b"hello", end_stream=True)
    await pair.drive()
    pair.transport.send(0, bytes(200_000), end_stream=True)
    await pair.drive()
    pair.transport.abort(0x100)

    metrics = [e["data"] for e in events_of(tmp_path) if e["name"] == "recovery:metrics_updated"]
    assert metrics[-1]["smoothed_rtt"] == pytest.approx(60, abs=5)
    assert max(each.get("congestion_window", 0) for each in metrics) > 12_000


def test_of_metrics_in_a_row_the_last_are_told(tmp_path: Path) -> None:
    trace = _trace(tmp_path)
    for window in (1, 2, 3):
        trace.log_event(category="recovery", event="metrics_updated", data={"cwnd": window})
    trace.close()
    (event,) = events_of(tmp_path)
    assert event["name"] == "recovery:metrics_updated"
    assert event["data"] == {"congestion_window": 3}


def test_a_token_for_addresses_is_told_by_its_length(tmp_path: Path) -> None:
    frame = _trace(tmp_path).encode_new_token_frame(b"secret")
    assert frame == {"frame_type": "new_token", "token": {"length": 6}}


def _trace(directory: Path) -> Any:
    from h3producer.quic.aioquic.qlog import AioquicLogger

    return AioquicLogger(QlogDirectory(str(directory), MIB)).start_trace(False, b"\x01")


def test_a_key_log_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.log"
    before = os.umask(0)
    try:
        Pair(config=Config(keylog_file=str(path))).engine.close()
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_log_that_is_there_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "keys.log"
    path.write_text("# mine\n")
    path.chmod(0o644)
    Pair(config=Config(keylog_file=str(path))).engine.close()
    assert path.read_text() == "# mine\n"
    assert path.stat().st_mode & 0o777 == 0o644
