"""What a connection gives up once its handshake is complete, and what happens if it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.tls import Epoch

from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.frugality import FrameHandlers
from h3producer.quic.packets import VERSION_1, VERSION_2, encode_long_header
from tests.conformance.quic_frames import crypto
from tests.quic.rogue_client import rogue_pair

if TYPE_CHECKING:
    from tests.pair import Pair


def engine_of(pair: Pair) -> AioquicConnection:
    connection = pair.transport._connection
    assert isinstance(connection, AioquicConnection)
    return connection


async def test_behind_the_handshake_tls_has_no_room_to_write() -> None:
    pair, _ = await rogue_pair()
    buffers = engine_of(pair)._crypto_buffers
    assert [each.capacity for each in buffers.values()] == [0, 0, 0]


async def test_behind_the_handshake_the_client_hello_is_forgotten() -> None:
    pair, _ = await rogue_pair()
    assert engine_of(pair).tls.received_extensions is None


@pytest.mark.parametrize("epoch", [Epoch.INITIAL, Epoch.HANDSHAKE, Epoch.ZERO_RTT])
async def test_two_connections_share_the_keys_of_what_is_over(epoch: Epoch) -> None:
    (one, _), (other, _) = await rogue_pair(), await rogue_pair()
    over = engine_of(one)._cryptos[epoch]
    assert over is engine_of(other)._cryptos[epoch]
    assert not over.recv.is_valid()
    assert not over.send.is_valid()


async def test_datagrams_of_the_handshake_that_come_again_change_nothing() -> None:
    pair, client = await rogue_pair()
    for datagram in list(pair.to_server):
        pair._to_server(datagram, client.address)
    await pair.drive()
    client.send(0, b"hello")
    await pair.drive()
    assert pair.recorded.received(0) == b"hello"


@pytest.mark.parametrize(("version", "first"), [(VERSION_1, 0xC0), (VERSION_2, 0xD0)])
async def test_a_first_packet_of_either_version_that_comes_late_is_nobodys(
    version: int, first: int
) -> None:
    pair, client = await rogue_pair()
    ids = engine_of(pair).host_cid, client.quic.host_cid
    header = encode_long_header(first, version, *ids) + b"\x00\x44\x00"  # no token, 1024 bytes
    pair._to_server((header + bytes(1024)).ljust(1200, b"\0"), client.address)
    await pair.drive()
    client.send(0, b"hello")
    await pair.drive()
    assert pair.recorded.received(0) == b"hello"


async def test_tls_messages_behind_the_handshake_close_the_connection() -> None:
    pair, client = await rogue_pair()
    client.inject_octets(crypto(b"\x18\x00\x00\x01\x00", 0))  # RFC 8446 §4.6.3: KeyUpdate
    await pair.drive()
    assert str(client.server_close) == "transport close unexpected_message"


async def test_every_handler_of_aioquic_is_found_by_its_name() -> None:
    stock = QuicConnection(configuration=QuicConfiguration())
    pair, _ = await rogue_pair()
    handlers = engine_of(pair)._QuicConnection__frame_handlers
    expected = stock._QuicConnection__frame_handlers  # type: ignore[attr-defined]  # mangled
    assert isinstance(handlers, FrameHandlers)
    assert len(expected) == len(FrameHandlers.known)
    for frame_type, (handler, epochs) in expected.items():
        assert handlers[frame_type][0].__name__ == handler.__name__
        assert handlers[frame_type][1] == epochs


def test_a_frame_type_that_is_unknown_has_no_handler() -> None:
    with pytest.raises(KeyError):
        FrameHandlers(QuicConnection(configuration=QuicConfiguration()))[0x99]
