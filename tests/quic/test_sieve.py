"""What the kernel lets through while the sieve is set. Linux only, on the real loopback."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest

from h3producer.quic.limits import SIEVE_MESH
from h3producer.quic.packets import VERSION_1, VERSION_2, encode_long_header
from h3producer.quic.udp.sieve import Sieve
from tests.virtual import MemorySocket

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a socket filter of Linux")

COUNT = 200
"""Datagrams of a kind: that all or none of them pass by chance happens once in 400,000 runs."""


class Sockets:
    """A socket with a sieve, and one that sends to it."""

    def __init__(self) -> None:
        self.server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.server.bind(("127.0.0.1", 0))
        self.server.setblocking(False)
        self.client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.client.connect(self.server.getsockname())
        self.sieve = Sieve(self.server)

    def passing(self, datagram: bytes) -> int:
        """How many of `COUNT` copies arrive."""
        arrived = 0
        for _ in range(COUNT):
            self.client.send(datagram)
            try:
                self.server.recv(2048)
            except BlockingIOError:
                continue
            arrived += 1
        return arrived


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    made = Sockets()
    yield made
    made.server.close()
    made.client.close()


def long_header(first: int, version: int = VERSION_1, token: bytes = b"") -> bytes:
    head = encode_long_header(first, version, b"eight by", b"client")
    return (head + bytes((len(token),)) + token).ljust(1200, b"\0")


@pytest.mark.parametrize(
    ("first", "version"), [(0xC3, VERSION_1), (0xD3, VERSION_2)], ids=["v1", "v2"]
)
def test_of_initials_without_a_token_few_get_through(
    sockets: Sockets, first: int, version: int
) -> None:
    sockets.sieve.set(first_packets=True)
    passed = sockets.passing(long_header(first, version))
    assert 0 < passed < COUNT * 4 / SIEVE_MESH


@pytest.mark.parametrize(
    "datagram",
    [
        long_header(0xC3, token=b"from our Retry"),
        long_header(0xE3),
        b"\x43" + bytes(30),
    ],
    ids=["an Initial with a token", "a Handshake packet", "a short header"],
)
def test_all_others_get_through(sockets: Sockets, datagram: bytes) -> None:
    sockets.sieve.set(first_packets=True, connection_ids=[b"flooder1", b"flooder2"])
    assert sockets.passing(datagram) == COUNT


@pytest.mark.parametrize("length", [1, 4, 7, 8, 20])
def test_ids_may_have_any_length(sockets: Sockets, length: int) -> None:
    flooder, neighbor = b"f" * length, b"f" * (length - 1) + b"n"
    sockets.sieve.set(first_packets=False, connection_ids=[flooder])
    assert 0 < sockets.passing(b"\x43" + flooder + bytes(30)) < COUNT * 4 / SIEVE_MESH
    assert sockets.passing(b"\x43" + neighbor + bytes(30)) == COUNT


@pytest.mark.parametrize("connection_id", [b"flooder1", b"flooder2"])
@pytest.mark.parametrize("first_packets", [True, False])
def test_of_a_connection_that_floods_few_get_through(
    sockets: Sockets, connection_id: bytes, first_packets: bool
) -> None:
    ids = [b"flooder1", b"flooder2"]
    sockets.sieve.set(first_packets=first_packets, connection_ids=ids)
    assert 0 < sockets.passing(b"\x43" + connection_id + bytes(30)) < COUNT * 4 / SIEVE_MESH
    assert sockets.passing(b"\x43flooder3" + bytes(30)) == COUNT
    assert sockets.passing(b"\x43neighbor" + bytes(30)) == COUNT


def test_for_connections_that_flood_first_packets_need_not_suffer(sockets: Sockets) -> None:
    sockets.sieve.set(first_packets=False, connection_ids=[b"flooder1"])
    assert sockets.passing(long_header(0xC3)) == COUNT


@pytest.mark.parametrize("datagram", [b"\xc3", b"\xc3" + bytes(5), b"\xc3" + b"\xff" * 40])
def test_what_is_cut_off_is_dropped(sockets: Sockets, datagram: bytes) -> None:
    sockets.sieve.set(first_packets=True, connection_ids=[b"flooder1", b"flooder2"])
    assert sockets.passing(datagram) < COUNT


def test_without_the_sieve_all_get_through_again(sockets: Sockets) -> None:
    sockets.sieve.set(first_packets=True)
    sockets.sieve.set(first_packets=False)
    assert sockets.passing(long_header(0xC3)) == COUNT


def test_to_remove_what_was_not_set_is_no_failure(sockets: Sockets) -> None:
    sockets.sieve.set(first_packets=False)


def test_where_there_is_no_socket_nothing_happens() -> None:
    sieve = Sieve(MemorySocket())
    sieve.set(first_packets=True)
    sieve.set(first_packets=False)
