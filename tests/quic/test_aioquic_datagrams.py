"""How large a datagram may be: for the peer, and for a packet (RFC 9221 §3)."""

from __future__ import annotations

import pytest

from tests.pair import Client, Pair


@pytest.mark.parametrize("limit", [4, 100, 1000])
async def test_the_peers_limit_counts_what_stands_in_front_of_the_data(limit: int) -> None:
    client = Client()
    client.quic.configuration.max_datagram_frame_size = limit
    pair = Pair(client=client)
    await pair.connect()
    assert pair.transport.max_datagram == limit - 3
    assert pair.transport.send_datagram(bytes(limit - 3))
    await pair.drive()
    assert pair.client.datagrams == [bytes(limit - 3)]
