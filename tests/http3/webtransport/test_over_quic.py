"""Sessions over real QUIC on a virtual clock, on a path that loses one packet in ten."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from h3producer.http3.webtransport.connection import WebTransportConnection
from h3producer.http3.webtransport.events import DatagramReceived, SessionClosed, StreamData
from h3producer.http3.webtransport.exchange import SessionExchange
from h3producer.wire.datagrams import encode_datagram
from h3producer.wire.webtransport import encode_stream_head
from tests.http3.webtransport.harness import CONNECT, SETTINGS, WEBTRANSPORT
from tests.pair import Pair

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream

SIZE = 100_000


async def echo(stream: Http3Stream) -> None:
    """Datagrams back as they are; streams that go both ways, too."""
    assert isinstance(stream, SessionExchange)
    session = stream.session
    assert session is not None
    await session.accept()
    while not isinstance(event := await session.receive(), SessionClosed):
        if isinstance(event, DatagramReceived):
            session.send_datagram(event.data)
        elif isinstance(event, StreamData):
            await session.streams[event.stream_id].send(event.data, end_stream=event.end_stream)


@pytest.mark.parametrize("fast_path", [True, False])
@pytest.mark.parametrize("seed", range(2))
async def test_streams_lose_nothing_and_datagrams_are_not_waited_for(
    seed: int, fast_path: bool
) -> None:
    config = replace(WEBTRANSPORT, fast_path=fast_path)
    pair = Pair(lambda transport: WebTransportConnection(transport, echo, config), config)
    pair.delay = 0.02
    await pair.connect()
    to_server, to_client = random.Random(seed), random.Random(seed + 100)
    pair.loses_to_server = lambda number: to_server.random() < 0.1
    pair.loses_to_client = lambda number: to_client.random() < 0.1
    client = pair.client
    client.send(client.open(is_unidirectional=True), SETTINGS)
    session_id = client.open()
    client.send(session_id, CONNECT)
    sent = {}
    for _ in range(4):
        stream_id = client.open()
        sent[stream_id] = to_server.randbytes(SIZE)
        head = encode_stream_head(stream_id, session_id)
        client.send(stream_id, head + sent[stream_id], end_stream=True)
    for number in range(100):
        client.quic.send_datagram_frame(encode_datagram(session_id, b"%d" % number))
    await pair.drive(120)

    assert {stream_id: client.received(stream_id) for stream_id in sent} == sent
    assert client.fins >= sent.keys()
    assert 0 < len(client.datagrams) < 100
    client.close()
    await pair.drive()
    await asyncio.sleep(0)
