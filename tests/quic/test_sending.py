"""Datagrams one by one: up to a full socket, over errors, in order."""

from __future__ import annotations

import errno

import pytest

from h3producer.quic.udp.sending import SingleSending
from tests.virtual import MemorySocket

HERE = ("192.0.2.1", 50000)
THERE = ("192.0.2.2", 50001)


def test_each_datagram_goes_to_its_address() -> None:
    sock = MemorySocket()
    datagrams = [(b"one", HERE), (b"two", THERE)]
    assert SingleSending(sock).send(datagrams) == 2
    assert list(sock.outbox) == datagrams


def test_a_full_socket_keeps_what_it_was_not_given() -> None:
    sock = MemorySocket()
    sock.room = 1
    assert SingleSending(sock).send([(b"one", HERE), (b"two", HERE)]) == 1
    assert list(sock.outbox) == [(b"one", HERE)]


@pytest.mark.parametrize("code", [errno.ENETUNREACH, errno.EPERM, errno.EMSGSIZE, errno.ENOBUFS])
def test_what_cannot_be_sent_costs_nothing_else(code: int) -> None:
    sock = MemorySocket()
    sock.errors.append(OSError(code, "no"))
    assert SingleSending(sock).send([(b"one", HERE), (b"two", HERE)]) == 2
    assert list(sock.outbox) == [(b"two", HERE)]
