"""What goes into a packet: STOP_SENDING behind the end of the response. (Credit has its tests in
`test_aioquic_connection.py`, from the side of those who consume.)"""

from __future__ import annotations

import pytest

from tests.pair import Client, Pair


async def uploading(*, window: int = 1 << 20) -> tuple[Pair, int]:
    """A client in the middle of an upload, that takes `window` bytes and no more."""
    pair = Pair(client=Client(max_stream_data=window))
    await pair.connect()
    stream_id = pair.client.open()
    pair.client.send(stream_id, b"half a request")
    await pair.drive()
    pair.client.stop_reading()
    return pair, stream_id


async def test_stop_sending_waits_for_the_end_of_the_response() -> None:
    pair, stream_id = await uploading(window=10_000)
    pair.transport.send(stream_id, bytes(30_000), end_stream=True)
    pair.transport.stop_sending(stream_id, 0x100)
    await pair.drive(1.0)
    assert (pair.client.fins, pair.client.stops) == (set(), {})
    pair.client.resume_reading()
    pair.client.quic.send_ping(0)
    await pair.drive()
    assert (pair.client.fins, pair.client.stops) == ({stream_id}, {stream_id: 0x100})


@pytest.mark.parametrize("size", [0, 1, 1120, 1130, 1140, 1150])
async def test_stop_sending_needs_no_packet_from_the_client(size: int) -> None:
    pair, stream_id = await uploading()
    pair.loses_to_server = lambda number: True
    pair.transport.send(stream_id, bytes(size), end_stream=True)
    pair.transport.stop_sending(stream_id, 0x100)
    await pair.drive(0)
    assert (pair.client.fins, pair.client.stops) == ({stream_id}, {stream_id: 0x100})


async def test_stop_sending_waits_for_no_end_that_nobody_has_sent() -> None:
    pair, stream_id = await uploading(window=10_000)
    pair.transport.send(stream_id, bytes(30_000))
    pair.transport.stop_sending(stream_id, 0x100)
    await pair.drive(1.0)
    assert pair.client.stops == {stream_id: 0x100}


async def test_stop_sending_goes_at_once_when_the_response_is_reset() -> None:
    pair, stream_id = await uploading(window=10_000)
    pair.transport.send(stream_id, bytes(30_000), end_stream=True)
    await pair.drive(1.0)
    pair.transport.reset(stream_id, 0x102)
    pair.transport.stop_sending(stream_id, 0x102)
    await pair.drive(1.0)
    assert pair.client.resets == pair.client.stops == {stream_id: 0x102}


async def test_stop_sending_survives_loss() -> None:
    pair, stream_id = await uploading()
    pair.loses_to_client = lambda number: True
    pair.transport.send(stream_id, bytes(5000), end_stream=True)
    pair.transport.stop_sending(stream_id, 0x100)
    await pair.drive(0.01)
    pair.loses_to_client = lambda number: False
    await pair.drive()
    assert (pair.client.fins, pair.client.stops) == ({stream_id}, {stream_id: 0x100})
