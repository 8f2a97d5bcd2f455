"""What is noted of a connection while it goes on as if nobody looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.http3.connection import Http3Connection
from h3producer.http3.data_pump import DataPump
from h3producer.http3.qlog.tap import TappedTransport, tapped
from h3producer.http3.qlog.writes import noting_handler
from h3producer.wire.frames import FrameType, StreamType, encode_frame
from h3producer.wire.settings import Setting, encode_settings
from h3producer.wire.varint import encode_varint
from tests.fakes import FakeTransport
from tests.http3.harness import CONFIG, GET, data
from tests.http3.qlog.notes import Notes
from tests.virtual import settle

if TYPE_CHECKING:
    from h3producer.http3.stream import Handler, Http3Stream
    from h3producer.http3.transport import ConnectionInputs

SETTINGS = encode_frame(FrameType.SETTINGS, encode_settings({Setting.MAX_FIELD_SECTION_SIZE: 99}))


class Bench:
    """A connection of which notes are taken, on a transport without a network."""

    def __init__(self, handler: Handler) -> None:
        self.notes = Notes()
        self.transport = FakeTransport()
        noting = noting_handler(handler, self.notes)
        self.inputs: ConnectionInputs = tapped(
            self.transport,
            self.notes,
            lambda transport: Http3Connection(transport, noting, CONFIG),
        )
        self.transport.inputs = self.inputs


async def answer(stream: Http3Stream) -> None:
    """Two writes and an end."""
    stream.response.start(200)
    await stream.response.write(b"one")
    await stream.response.write(b"two")
    await stream.response.complete()


async def test_an_exchange_is_told_frame_by_frame() -> None:
    bench = Bench(answer)
    bench.inputs.stream_data_received(0, GET, True)
    await settle()
    told = bench.notes.on(0)
    assert told[:8] == [
        "frame_parsed headers",
        "write_began",
        "frame_created headers",
        "frame_created data",
        "write_ended",
        "write_began",
        "frame_created data",
        "write_ended",
    ]
    # The end is a wait of its own where it goes through the pump.
    assert told[8:] == ([] if DataPump.goes_straight else ["write_began", "write_ended"])


async def test_a_write_that_waits_is_told_when_it_waits_and_when_it_goes_on() -> None:
    bench = Bench(answer)
    bench.transport.block(0)
    bench.inputs.stream_data_received(0, GET, True)
    await settle()
    waiting = bench.notes.on(0)
    bench.transport.unblock(0)
    await settle()

    assert waiting[-1] == "drain_began"
    assert waiting.count("write_ended") == 0
    assert bench.notes.on(0)[len(waiting) :][:2] == ["drain_ended", "write_ended"]


async def test_the_last_write_waits_under_its_own_name() -> None:
    async def app(stream: Http3Stream) -> None:
        stream.response.start(200)
        stream.response.set_trailers([(b"x", b"y")])
        await stream.response.complete(b"all")

    bench = Bench(app)
    bench.inputs.stream_data_received(0, GET, True)
    await settle()
    assert bench.notes.named("h3producer:write_began") == [{"stream_id": 0, "length": 3}]
    assert bench.notes.on(0)[-2:] == ["frame_created headers", "write_ended"]


async def test_what_is_written_last_is_a_write() -> None:
    async def app(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.complete(b"all")

    bench = Bench(app)
    bench.inputs.stream_data_received(0, GET, True)
    await settle()
    assert bench.notes.named("h3producer:write_began") == [{"stream_id": 0, "length": 3}]


async def test_our_own_streams_are_told_when_they_begin() -> None:
    bench = Bench(answer)
    types = [each["stream_type"] for each in bench.notes.named("http:stream_type_set")]
    assert types == ["control", "qpack_encode", "qpack_decode"]
    (parameters,) = bench.notes.named("http:parameters_set")
    assert parameters["owner"] == "local"
    assert parameters["max_header_list_size"] == CONFIG.max_field_section_size


@pytest.mark.parametrize("cut", range(1, len(SETTINGS) + 1))
async def test_the_clients_settings_are_told_however_they_are_cut(cut: int) -> None:
    bench = Bench(answer)
    stream = encode_varint(StreamType.CONTROL) + SETTINGS
    bench.inputs.stream_data_received(2, stream[:cut], False)
    bench.inputs.stream_data_received(2, stream[cut:], False)
    assert bench.notes.on(2) == ["stream_type_set", "frame_parsed settings"]
    assert bench.notes.named("http:parameters_set")[-1] == {
        "owner": "remote",
        "max_header_list_size": 99,
    }


async def test_a_type_that_is_cut_is_told_when_it_is_whole() -> None:
    bench = Bench(answer)
    bench.inputs.stream_data_received(2, b"\x40", False)
    assert not bench.notes.on(2)
    bench.inputs.stream_data_received(2, b"\x54", False)
    assert bench.notes.on(2) == ["stream_type_set"]


async def test_a_stream_of_a_session_is_not_read_as_frames() -> None:
    bench = Bench(answer)
    signal = encode_varint(0x41) + encode_varint(0)
    bench.inputs.stream_data_received(0, signal + b"\x01\x01\x01", False)
    bench.inputs.stream_data_received(0, data(b"looks like one"), False)
    assert bench.notes.on(0) == []


async def test_neither_half_of_a_stream_of_a_session_is_read_as_frames() -> None:
    transport, notes = FakeTransport(), Notes()
    signal = encode_varint(0x41) + encode_varint(0)
    outward = TappedTransport(transport, notes)
    outward.received.bytes_passed(4, signal, False)
    outward.send(4, data(b"looks like one"))
    outward.send(1, signal)
    outward.received.bytes_passed(1, data(b"looks like one"), False)
    assert notes == []


async def test_nothing_is_kept_of_a_stream_that_is_over() -> None:
    bench = Bench(answer)
    bench.inputs.stream_data_received(0, GET, True)
    bench.inputs.stream_data_received(4, GET[:2], False)
    bench.inputs.stream_reset(4, 0x10C)
    await settle()
    assert isinstance(bench.inputs._received._scanners, dict)  # type: ignore[attr-defined]
    assert bench.inputs._received._scanners == {}  # type: ignore[attr-defined]


async def test_a_connection_is_told_from_its_beginning_to_its_end() -> None:
    bench = Bench(answer)
    bench.inputs.connection_terminated(0x100, "done")
    assert bench.notes[0][0] == "connectivity:connection_started"
    assert bench.notes[0][1]["dst_port"] == 4433
    assert bench.notes[-1] == (
        "connectivity:connection_closed",
        {"application_code": 0x100, "reason": "done"},
    )


async def test_every_verb_and_fact_goes_through() -> None:
    transport = FakeTransport()
    around = TappedTransport(transport, Notes())
    for each in ("peer_address", "local_address", "tls", "is_early", "max_datagram"):
        assert getattr(around, each) == getattr(transport, each)
    stream_id = around.open_bidi_stream()
    around.send(stream_id, b"x")
    await around.drain(stream_id)
    around.grant(stream_id, 1)
    around.set_priority(stream_id, 1, True)
    around.stop_sending(stream_id, 1)
    around.reset(stream_id, 2)
    around.send_datagram(b"d")
    around.close(0x100, "bye")
    verbs = [each[0] for each in transport.calls]
    assert verbs == [
        "open_bidi_stream",
        "send",
        "grant",
        "set_priority",
        "stop_sending",
        "reset",
        "send_datagram",
        "close",
    ]
    assert around.unsent_streams() == transport.unsent_streams()
    assert around.progress(stream_id) == transport.progress(stream_id)
    assert around.journal is not None
