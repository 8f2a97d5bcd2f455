"""Tests of `observe/connections.py`: what is seen of connections and streams."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from h3producer.config import Config
from h3producer.http3.connection import Http3Connection
from h3producer.http3.qlog.tap import tapped
from h3producer.observe.connections import (
    MAX_CONNECTIONS,
    MAX_STREAMS,
    ConnectionFacts,
    ConnectionsAnswer,
    connection_facts,
    connections_answer,
    merged_answer,
)
from tests.fakes import RecordingInputs
from tests.http3.harness import GET, POST, data
from tests.http3.qlog.notes import Notes
from tests.pair import Client, Pair

if TYPE_CHECKING:
    from h3producer.http3.stream import Handler, Http3Stream
    from h3producer.http3.transport import ConnectionInputs, QuicTransport

KIB = 1024


async def endless(stream: Http3Stream) -> None:
    stream.response.start(200)
    while not (await stream.response.write(bytes(8 * KIB))).is_completed:
        pass


async def patient(stream: Http3Stream) -> None:
    """Reads nothing and answers nothing."""
    await stream.wait_closed()


async def connected(handler: Handler, *, client: Client | None = None) -> Pair:
    pair = Pair(lambda transport: Http3Connection(transport, handler, Config()), client=client)
    await pair.connect()
    return pair


def look(pair: Pair) -> ConnectionFacts:
    return connection_facts(pair.transport, worker=None, now=pair.loop.now)


async def test_a_connection_says_who_it_is_and_how_it_gets_on() -> None:
    pair = await connected(patient)
    await pair.advance(2.0)
    facts = look(pair)
    assert facts["id"] == pair.client.quic.original_destination_connection_id.hex()
    assert facts["peer"] == "192.0.2.1:50000"
    assert (facts["protocol"], facts["phase"]) == ("h3", "open")
    assert (facts["early"], facts["resumed"]) == (False, False)
    assert facts["seconds"] >= 2.0
    assert facts["rtt"] is not None
    assert facts["congestion_window"] > 0
    assert facts["packets_sent"] > 0
    assert facts["streams"] == []


async def test_a_request_says_what_was_asked_for() -> None:
    pair = await connected(patient)
    pair.client.send(0, POST + data(b"hello"))
    await pair.drive(0.0)
    (stream,) = look(pair)["streams"]
    assert (stream["id"], stream["method"], stream["target"]) == (0, "POST", "/")
    assert (stream["received"], stream["status"], stream["running"]) == (5, None, True)


async def test_a_connection_of_which_notes_are_taken_is_seen_as_any_other() -> None:
    def make(transport: QuicTransport) -> ConnectionInputs:
        return Http3Connection(transport, patient, Config())

    pair = Pair(lambda transport: tapped(transport, Notes(), make))
    await pair.connect()
    pair.client.send(0, GET)
    await pair.drive(0.0)
    assert look(pair)["requests"] == 1


async def test_a_writer_that_waits_for_a_client_is_paused() -> None:
    pair = await connected(endless, client=Client(max_stream_data=32 * KIB))
    pair.client.stop_reading()
    pair.client.send(0, GET, end_stream=True)
    await pair.drive()
    facts = look(pair)
    (stream,) = facts["streams"]
    assert (stream["paused"], stream["status"]) == (True, 200)
    assert stream["sent"] == 32 * KIB
    assert stream["unsent"] >= Config.response_buffer
    assert (facts["paused"], facts["requests"]) == (1, 1)
    assert facts["unsent"] == stream["unsent"]
    assert stream["written"] <= stream["sent"] + stream["unsent"]


async def test_what_is_on_its_way_is_unacknowledged() -> None:
    async def brief(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.complete(bytes(1000))

    pair = await connected(brief)
    pair.client.send(0, GET, end_stream=True)
    pair.loses_to_client = lambda _: True
    await pair.drive(0.0)
    (stream,) = look(pair)["streams"]
    assert stream["unacked"] > 1000
    assert (stream["method"], stream["running"]) == (None, False)


async def test_a_client_cannot_make_the_answer_long() -> None:
    pair = await connected(patient)
    for stream_id in range(0, 4 * (MAX_STREAMS + 3), 4):
        pair.client.send(stream_id, GET)
    await pair.drive(0.0)
    facts = look(pair)
    assert len(facts["streams"]) == MAX_STREAMS
    assert (facts["requests"], facts["streams_left_out"]) == (MAX_STREAMS + 3, 3)


async def test_another_protocol_has_streams_without_requests() -> None:
    pair = Pair(lambda _: RecordingInputs())
    await pair.connect()
    pair.client.send(0, b"hello")
    await pair.drive(0.0)
    pair.transport.send(0, b"answer")
    pair.loses_to_client = lambda _: True
    await pair.drive(0.0)
    (stream,) = look(pair)["streams"]
    assert (stream["method"], stream["status"], stream["unacked"]) == (None, None, 6)


async def test_a_connection_that_is_forgotten_has_no_streams() -> None:
    pair = await connected(patient)
    pair.transport.abort(0x100)
    facts = look(pair)
    assert (facts["id"], facts["rtt"], facts["streams"]) == ("", None, [])


async def test_the_answer_is_json() -> None:
    pair = await connected(patient)
    pair.client.send(0, GET)
    await pair.drive(0.0)
    answer = connections_answer([pair.transport, object()], worker=3, now=9.0, wall_time=1000.5)
    assert json.loads(json.dumps(answer)) == answer
    assert answer["time"] == 1000.5
    (facts,) = answer["connections"]
    assert facts["worker"] == 3


async def test_workers_together_answer_as_one() -> None:
    pair = await connected(patient)
    facts = look(pair)
    few: ConnectionsAnswer = {"time": 1.0, "connections": [facts], "left_out": 2}
    busy: ConnectionFacts = {**facts, "unsent": 1}
    many: ConnectionsAnswer = {"time": 2.0, "connections": [busy] * MAX_CONNECTIONS, "left_out": 0}
    merged = merged_answer([few, many])
    assert merged["time"] == 2.0
    assert merged["connections"] == [busy] * MAX_CONNECTIONS
    assert merged["left_out"] == 3
