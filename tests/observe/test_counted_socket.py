"""Tests of `observe/counted_socket.py`: what goes through is counted, whatever calls it takes."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from typing import TYPE_CHECKING

import pytest

from h3producer.observe.counted_socket import CountedSocket
from h3producer.quic.udp.receiving import UDP_GRO
from h3producer.quic.udp.segmentation import UDP_SEGMENT, can_segment

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.once


@pytest.fixture
def ends() -> Iterator[tuple[CountedSocket, CountedSocket]]:
    """Two sockets that are bound; the second one's receive buffer is small."""
    with contextlib.ExitStack() as opened:
        made = []
        for size in (1 << 20, 4096):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind(("127.0.0.1", 0))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
            made.append(opened.enter_context(CountedSocket(sock)))
            assert sock.fileno() == -1
        yield made[0], made[1]


def test_datagrams_and_bytes_are_counted_both_ways(
    ends: tuple[CountedSocket, CountedSocket],
) -> None:
    one, other = ends
    one.sendto(b"hello", other.getsockname())
    assert other.recvfrom(2048)[0] == b"hello"
    one.sendto(b"you", other.getsockname())
    assert other.recvmsg(2048, 0)[0] == b"you"
    assert (one.sent, one.datagrams_sent) == (8, 2)
    assert (other.received, other.datagrams_received) == (8, 2)


def test_a_call_that_has_nothing_counts_nothing(ends: tuple[CountedSocket, CountedSocket]) -> None:
    with pytest.raises(BlockingIOError):
        ends[0].recvfrom(2048)
    assert (ends[0].received, ends[0].datagrams_received) == (0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sends and reads bursts")
def test_a_burst_counts_as_what_it_is(ends: tuple[CountedSocket, CountedSocket]) -> None:
    other, one = ends  # whose buffer takes it
    if not can_segment(one):
        pytest.skip("this kernel has no UDP_SEGMENT")
    other.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
    size = struct.pack("=H", 1000)
    pieces = [bytes(1000), bytes(1000), bytes(10)]
    one.sendmsg(pieces, [(socket.IPPROTO_UDP, UDP_SEGMENT, size)], 0, other.getsockname())
    assert (one.sent, one.datagrams_sent) == (2010, 3)
    with contextlib.suppress(BlockingIOError):
        while True:
            other.recvmsg(65535, socket.CMSG_SPACE(4))
    assert (other.received, other.datagrams_received) == (2010, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says so")
def test_what_found_the_buffer_full_is_counted_since_the_socket_was_taken_over(
    ends: tuple[CountedSocket, CountedSocket],
) -> None:
    one, other = ends
    assert other.dropped == 0
    for _ in range(50):
        one.sendto(bytes(1000), other.getsockname())
    assert 0 < other.dropped < 50
    with CountedSocket(other) as successor:
        assert successor.dropped == 0


def test_a_socket_that_is_closed_has_dropped_what_it_had_dropped() -> None:
    sock = CountedSocket(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sock.close()
    assert sock.dropped == 0
