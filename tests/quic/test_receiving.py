"""Datagrams one by one, and those of a burst together: from two lists, and from a real socket."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.limits import MAX_UDP_PAYLOAD
from h3producer.quic.udp.receiving import receiving
from h3producer.quic.udp.segmentation import UDP_SEGMENT
from h3producer.quic.udp.sockets import bind_sockets
from tests.virtual import MemorySocket

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from h3producer.quic.engine import Address, Datagram
    from h3producer.quic.udp.receiving import Receive

HERE = ("192.0.2.1", 50000)
THERE = ("192.0.2.2", 50001)


def everything(receive: Receive) -> list[tuple[list[bytes], Address]]:
    """What each call has read, up to the first that would wait."""
    found: list[tuple[list[bytes], Address]] = []
    while True:
        try:
            datagrams, address = receive()
        except BlockingIOError:
            return found
        found.append((list(datagrams), address))


def apart(found: Sequence[tuple[Sequence[bytes], Address]]) -> list[Datagram]:
    return [(datagram, address) for datagrams, address in found for datagram in datagrams]


def test_a_burst_is_one_call() -> None:
    sock = MemorySocket()
    sock.inbox += [(b"one", HERE), (b"two", HERE), (b"3", HERE), (b"new", HERE)]
    assert everything(receiving(sock)) == [([b"one", b"two", b"3"], HERE), ([b"new"], HERE)]


def test_each_sender_has_bursts_of_its_own() -> None:
    sock = MemorySocket()
    sock.inbox += [(b"one", HERE), (b"two", THERE)]
    assert everything(receiving(sock)) == [([b"one"], HERE), ([b"two"], THERE)]


@pytest.mark.parametrize(("gro", "knows"), [(False, True), (True, False)])
def test_who_does_not_want_bursts_or_cannot_have_them_reads_one_by_one(
    gro: bool, knows: bool
) -> None:
    sock = MemorySocket(knows_segments=knows)
    sock.inbox += [(b"one", HERE), (b"two", HERE)]
    assert everything(receiving(sock, gro=gro)) == [([b"one"], HERE), ([b"two"], HERE)]


sizes = st.lists(st.tuples(st.integers(0, MAX_UDP_PAYLOAD + 2), st.booleans()), max_size=20)


@given(sizes, st.integers(1, 64))
def test_what_is_read_is_the_same_either_way(datagrams: list[tuple[int, bool]], burst: int) -> None:
    found = []
    for gro in (True, False):
        sock = MemorySocket()
        sock.burst = burst
        sock.inbox += [
            (bytes([index]) * size, HERE if here else THERE)
            for index, (size, here) in enumerate(datagrams)
        ]
        found.append(apart(everything(receiving(sock, gro=gro))))
    assert found[0] == found[1]


def test_an_error_of_the_socket_is_for_who_reads() -> None:
    sock = MemorySocket()
    sock.errors.append(OSError(errno.ECONNREFUSED, "refused"))
    with pytest.raises(OSError, match="refused"):
        receiving(sock)()


# A real socket


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A server's socket and a client's that is connected to it."""
    (bound,) = bind_sockets([("127.0.0.1", 0)])
    with bound, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(bound.getsockname())
        yield bound, client


@pytest.mark.parametrize("gro", [True, False])
def test_a_real_socket_gives_each_datagram_as_it_was_sent(
    ends: tuple[socket.socket, socket.socket], gro: bool
) -> None:
    bound, client = ends
    receive = receiving(bound, gro=gro)
    sent = [b"a" * 1200, b"b" * 1200, b"c" * 300, b"", b"d" * 5000]
    for datagram in sent:
        client.send(datagram)
    whole = [*sent[:4], b"d" * MAX_UDP_PAYLOAD]
    assert apart(everything(receive)) == [(each, client.getsockname()) for each in whole]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sends and keeps bursts")
def test_a_real_socket_keeps_a_burst_together(ends: tuple[socket.socket, socket.socket]) -> None:
    bound, client = ends
    receive = receiving(bound)
    burst = [bytes([index]) * 1200 for index in range(10)] + [b"end"]
    size = [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", 1200))]
    client.sendmsg(burst, size)
    assert everything(receive) == [(burst, client.getsockname())]
