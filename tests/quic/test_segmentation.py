"""Many datagrams in one call: which can share it, what a socket may say, and a real one."""

from __future__ import annotations

import errno
import logging
import socket
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.udp.segmentation import SegmentedSending, can_segment, train_end
from h3producer.quic.udp.sending import SingleSending
from h3producer.quic.udp.sockets import bind_sockets
from tests.virtual import MemorySocket

if TYPE_CHECKING:
    from h3producer.quic.engine import Address, Datagram
    from h3producer.quic.loop import DatagramSocket

HERE = ("192.0.2.1", 50000)
THERE = ("192.0.2.2", 50001)


def sized(*sizes: int, to: Address = HERE) -> list[Datagram]:
    """Datagrams of these sizes, each of a letter of its own."""
    return [(bytes([65 + index % 26]) * size, to) for index, size in enumerate(sizes)]


def segmented(sock: DatagramSocket) -> SegmentedSending:
    return SegmentedSending(sock, SingleSending(sock))


# Which datagrams can share a call


@pytest.mark.parametrize(
    ("datagrams", "trains"),
    [
        (sized(1200, 1200, 1200), [3]),
        (sized(1200, 1200, 700), [3]),
        (sized(1200, 700, 1200), [2, 1]),
        (sized(700, 1200, 1200), [1, 2]),
        (sized(1200, 700, 700), [2, 1]),
        (sized(1200), [1]),
        (sized(1200, 1200) + sized(1200, 1200, to=THERE), [2, 2]),
        (sized(*[1000] * 130), [64, 64, 2]),  # the system's limit
        (sized(*[1452] * 60), [44, 16]),  # 64 kB
        (sized(40_000, 40_000), [1, 1]),
        (sized(65_507, 65_507), [1, 1]),
    ],
)
def test_a_train_has_one_size_and_address_and_a_shorter_end(
    datagrams: list[Datagram], trains: list[int]
) -> None:
    found, start = [], 0
    while start < len(datagrams):
        end = train_end(datagrams, start)
        found.append(end - start)
        start = end
    assert found == trains


def test_a_train_is_one_call() -> None:
    sock = MemorySocket()
    assert segmented(sock).send(sized(1200, 1200, 1200, 300)) == 4
    assert sock.trains == [4]


def test_a_single_datagram_is_sent_as_ever() -> None:
    sock = MemorySocket()
    assert segmented(sock).send(sized(300)) == 1
    assert sock.trains == []


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=90), st.integers(0, 90))
def test_whatever_the_sizes_the_same_arrives_in_the_same_order(
    shapes: list[tuple[int, bool]], room: int
) -> None:
    sock = MemorySocket()
    sock.room = room
    sending = segmented(sock)
    datagrams = [
        (bytes([index]) * (size * 400), HERE if is_here else THERE)
        for index, (size, is_here) in enumerate(shapes)
    ]
    done = sending.send(datagrams)
    assert list(sock.outbox) == datagrams[:done]
    sock.room = None
    assert done + sending.send(datagrams[done:]) == len(datagrams)
    assert list(sock.outbox) == datagrams


# What a socket may say


def test_a_full_socket_keeps_the_whole_train() -> None:
    sock = MemorySocket()
    sock.room = 2
    datagrams = sized(1200, 1200) + sized(900, 900, to=THERE)
    assert segmented(sock).send(datagrams) == 2
    assert list(sock.outbox) == datagrams[:2]


@pytest.mark.parametrize(
    "code", [errno.EIO, errno.EINVAL, errno.EMSGSIZE, errno.ENOTSUP, errno.EOPNOTSUPP]
)
def test_a_socket_that_cannot_do_it_sends_the_same_one_by_one(code: int) -> None:
    sock = MemorySocket()
    sock.segment_error = code
    datagrams = sized(1200, 1200, 500)
    assert segmented(sock).send(datagrams) == 3
    assert list(sock.outbox) == datagrams


def test_a_train_that_is_too_large_for_its_route_is_lost() -> None:
    """It had passed before, so the socket can do it."""
    sock = MemorySocket()
    sock.mtu = 1300
    sending = segmented(sock)
    assert sending.send(sized(1452, 1452)) == 2
    assert sending.send(sized(1200, 1200)) == 2
    assert list(sock.outbox) == sized(1200, 1200)
    assert sock.trains == [2]
    assert not sending.is_refused


def test_a_socket_that_cannot_do_it_is_not_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "h3producer.quic")
    sock = MemorySocket()
    sending = segmented(sock)
    sock.segment_error = errno.EIO
    sending.send(sized(1200, 1200))
    sock.segment_error = None
    sending.send(sized(1200, 1200))
    assert sending.is_refused
    assert sock.trains == []
    assert [record.levelno for record in caplog.records] == [logging.INFO]


def test_a_socket_that_cannot_do_it_and_is_full_keeps_the_rest() -> None:
    sock = MemorySocket()
    sock.segment_error, sock.room = errno.EIO, 1
    datagrams = sized(1200, 1200, 1200)
    assert segmented(sock).send(datagrams) == 1
    assert list(sock.outbox) == datagrams[:1]


@pytest.mark.parametrize("code", [errno.ENETUNREACH, errno.EPERM, errno.ENOBUFS])
def test_a_train_that_cannot_be_sent_is_lost_like_on_the_way(code: int) -> None:
    sock = MemorySocket()
    sending = segmented(sock)
    sock.errors.append(OSError(code, "no"))
    datagrams = sized(1200, 1200) + sized(900, 900, to=THERE)
    assert sending.send(datagrams) == 4
    assert list(sock.outbox) == datagrams[2:]
    assert not sending.is_refused


def test_a_single_datagram_that_is_too_long_says_nothing_about_the_socket() -> None:
    sock = MemorySocket()
    sending = segmented(sock)
    sock.errors.append(OSError(errno.EMSGSIZE, "too long"))
    datagrams = sized(1400) + sized(900, 900, to=THERE)
    assert sending.send(datagrams) == 3
    assert sock.trains == [2]
    assert not sending.is_refused


# What a system may say


def test_an_older_system_is_not_asked() -> None:
    assert can_segment(MemorySocket())
    assert not can_segment(MemorySocket(knows_segments=False))


def test_no_other_system_than_linux_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not can_segment(MemorySocket())


@pytest.mark.parametrize("size", [100, 1200, 1452])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_real_socket_sends_a_longest_train(host: str, size: int) -> None:
    try:
        sender, receiver = bind_sockets([(host, 0), (host, 0)])
    except OSError:
        pytest.skip("this machine has no IPv6")
    with sender, receiver:
        if not can_segment(sender):
            pytest.skip("this system knows no UDP_SEGMENT")
        receiver.setblocking(True)
        receiver.settimeout(5)
        sending = segmented(sender)
        datagrams = sized(*[size] * 100, size - 1, to=receiver.getsockname())
        assert sending.send(datagrams) == 101
        assert [receiver.recv(2048) for _ in datagrams] == [data for data, _ in datagrams]
        assert not sending.is_refused


def test_a_real_socket_that_computes_no_checksums_says_eio() -> None:
    """As the device of some tunnels."""
    sender, receiver = bind_sockets([("127.0.0.1", 0), ("127.0.0.1", 0)])
    with sender, receiver:
        if not can_segment(sender):
            pytest.skip("this system knows no UDP_SEGMENT")
        sender.setsockopt(socket.SOL_SOCKET, 11, 1)  # SO_NO_CHECK, which Python has no name for
        sending = segmented(sender)
        datagrams = sized(1200, 1200, 10, to=receiver.getsockname())
        assert sending.send(datagrams) == 3
        assert sending.is_refused
        receiver.setblocking(True)
        receiver.settimeout(5)
        assert [receiver.recv(2048) for _ in datagrams] == [data for data, _ in datagrams]
