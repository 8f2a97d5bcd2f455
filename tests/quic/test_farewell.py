"""Tests of `quic/farewell.py`: how often a connection that has ended says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.quic.farewell import Farewell

if TYPE_CHECKING:
    from h3producer.quic.engine import Datagram

LAST_WORDS: Datagram = (b"close", ("192.0.2.1", 50000))


class Socket:
    """As much of a link as a farewell needs."""

    def __init__(self) -> None:
        self.sent: list[Datagram] = []
        self.is_full = False

    def send(self, datagrams: list[Datagram]) -> None:
        self.sent += datagrams


def test_each_power_of_two_is_answered() -> None:
    farewell, link = Farewell(), Socket()
    farewell.datagrams = [LAST_WORDS]
    answered = []
    for number in range(1, 20):
        link.sent.clear()
        farewell.repeat(link)  # type: ignore[arg-type]  # all that is used
        answered += [number] if link.sent else []
    assert answered == [1, 2, 4, 8, 16]


def test_a_socket_that_is_full_is_left_alone() -> None:
    farewell, link = Farewell(), Socket()
    farewell.datagrams = [LAST_WORDS]
    link.is_full = True
    farewell.repeat(link)  # type: ignore[arg-type]  # all that is used
    assert link.sent == []


def test_who_ended_the_connection_gets_no_answer() -> None:
    farewell, link = Farewell(), Socket()
    farewell.repeat(link)  # type: ignore[arg-type]  # all that is used
    assert link.sent == []
