"""The whole core on the real transport, in memory and on a virtual clock.

What `tests/http3` shows on the fake transport must hold on aioquic: one packet, back-pressure,
exact endings, credit, a graceful end. Bytes of requests and responses are the harness's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.http3.connection import Http3Connection
from h3producer.wire.frames import FrameType, encode_frame
from tests.http3.harness import GET, POST, data, echo, hello, request
from tests.pair import Client, Pair
from tests.quic.test_aioquic_connection import engine_of

if TYPE_CHECKING:
    from h3producer.http3.stream import Handler, Http3Stream

KIB = 1024
HEADERS_200 = b"\x01\x03\x00\x00\xd9"
CONFIG = Config(server_header=None, date_header=False)


async def connected(handler: Handler, *, client: Client | None = None) -> Pair:
    """A pair whose server answers with `handler`."""
    pair = Pair(lambda transport: Http3Connection(transport, handler, CONFIG), client=client)
    await pair.connect()
    return pair


async def test_a_small_response_is_one_datagram_with_its_acknowledgement() -> None:
    pair = await connected(hello)
    before = len(pair.to_client)
    pair.client.send(0, GET, end_stream=True)
    await pair.drive(0.0)

    assert len(pair.to_client) - before == 1
    assert pair.client.received(0) == HEADERS_200 + data(b"hello")
    assert pair.client.fins == {0}


async def test_an_application_waits_for_a_client_that_does_not_read() -> None:
    accepted = 0

    async def application(stream: Http3Stream) -> None:
        nonlocal accepted
        stream.response.start(200)
        for _ in range(128):
            await stream.response.write(bytes(8 * KIB))
            accepted += 8 * KIB
        await stream.response.complete()

    pair = await connected(application, client=Client(max_stream_data=32 * KIB))
    pair.client.stop_reading()
    pair.client.send(0, GET, end_stream=True)
    await pair.drive()
    # The client's window, the response mark, and one write of which a part was taken.
    assert 32 * KIB < accepted <= (32 + 64 + 8) * KIB
    assert not pair.client.fins

    pair.client.resume_reading()
    await pair.drive(5.0)
    assert accepted == 1024 * KIB
    assert pair.client.fins == {0}


async def test_an_upload_stops_at_its_window_and_goes_on_when_it_is_read() -> None:
    handed: list[Http3Stream] = []

    async def application(stream: Http3Stream) -> None:
        handed.append(stream)
        await stream.wait_closed()

    pair = await connected(application)
    pair.client.send(0, POST + data(bytes(1024 * KIB)), end_stream=True)
    await pair.drive()
    [stream] = handed
    taken = len(await stream.body.read_chunk())
    # All of the window but what the frame headers took of it, and was granted again.
    assert taken == pytest.approx(CONFIG.request_buffer, abs=64)

    while taken < 1024 * KIB:
        await pair.drive()
        result = stream.body.try_read()
        assert result is not None, "reading did not let the client send more"
        taken += len(result.buffer)
        stream.body.advance_to(result.buffer.end)
    assert taken == 1024 * KIB


async def test_loss_in_both_directions_changes_nothing() -> None:
    pair = await connected(echo)
    pair.loses_to_server = pair.loses_to_client = lambda number: number % 7 == 3
    pair.client.send(0, POST + data(b"x" * 100_000), end_stream=True)
    await pair.drive(30.0)

    assert pair.client.received(0).count(b"x") == 100_000
    assert pair.client.fins == {0}


async def test_an_application_that_fails_in_mid_response_resets() -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(b"so far")
        raise ValueError("as it is meant to")

    pair = await connected(application)
    pair.client.send(0, GET, end_stream=True)
    await pair.drive()
    assert (pair.client.resets, pair.client.fins) == ({0: 0x102}, set())


async def test_stop_sending_wakes_a_writer_that_waits() -> None:
    outcome: list[object] = []

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        outcome.append(await stream.response.write(bytes(1024 * KIB)))
        outcome.append(stream.error_code)

    pair = await connected(application, client=Client(max_stream_data=32 * KIB))
    pair.client.stop_reading()
    pair.client.send(0, GET, end_stream=True)
    await pair.drive()
    assert outcome == []

    pair.client.stop_sending(0, 0x10C)
    await pair.drive()
    assert len(outcome) == 2
    assert outcome[1] == 0x10C


async def test_a_graceful_end_lets_a_lossy_path_deliver_the_response() -> None:
    pair = await connected(hello)
    pair.loses_to_client = lambda number: number % 2 == 0 and not pair.client.fins
    pair.client.send(0, GET, end_stream=True)
    await pair.drive(0.0)
    pair.inputs[0].shutdown()
    await pair.drive(10.0)

    assert pair.client.received(0) == HEADERS_200 + data(b"hello")
    assert pair.client.fins == {0}
    assert pair.client.terminated is not None
    assert pair.client.terminated.error_code == 0x100


async def test_a_thousand_requests_leave_nothing_behind() -> None:
    pair = await connected(hello)
    [core] = pair.inputs
    assert isinstance(core, Http3Connection)
    for _ in range(20):
        for _ in range(50):
            pair.client.send(pair.client.open(), GET, end_stream=True)
        await pair.drive()
    assert len(pair.client.fins) == 1000
    assert core.streams == {}
    # What is left are the critical streams: three of ours, none of this client.
    assert len(pair.transport._connection._streams) == 3  # type: ignore[attr-defined]  # aioquic's


async def test_what_a_request_and_its_response_say_of_priority_reaches_the_engine() -> None:
    seen = []

    async def application(stream: Http3Stream) -> None:
        seen.append(engine_of(pair).priorities.get(0))
        stream.response.start(200, [(b"priority", b"u=0")])
        await stream.response.flush()
        seen.append(engine_of(pair).priorities.get(0))
        await stream.response.complete()

    pair = await connected(application)
    pair.client.send(0, request(b"GET", (b"priority", b"u=5, i")), end_stream=True)
    await pair.drive()
    assert seen == [(5, True), (0, True)]


async def test_a_priority_that_comes_before_its_request_reaches_the_engine() -> None:
    seen = []

    async def application(stream: Http3Stream) -> None:
        seen.append(engine_of(pair).priorities.get(0))
        await hello(stream)

    pair = await connected(application)
    update = encode_frame(FrameType.PRIORITY_UPDATE, b"\x00u=1")
    pair.client.send(pair.client.open(is_unidirectional=True), b"\x00\x04\x00" + update)
    await pair.drive()
    pair.client.send(0, GET, end_stream=True)
    await pair.drive()
    assert seen == [(1, False)]
