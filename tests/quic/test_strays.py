"""Datagrams of nobody: passed on, answered, or left to be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.quic.connection_ids import PlainIds
from h3producer.quic.keys.stateless_reset import ResetTokens
from h3producer.quic.limits import MAX_RESETS
from h3producer.quic.udp.strays import Strays
from tests.virtual import VirtualLoop

if TYPE_CHECKING:
    from h3producer.quic.engine import Address

PEER = ("192.0.2.1", 50000)
IDS = PlainIds(ResetTokens(bytes(32)))
SHORT = b"\x43eight by".ljust(100, b"x")
LONG = b"\xc3\x00\x00\x00\x01\x08eight by".ljust(1200, b"x")


class Street:
    """Strays, with others to pass them on to or without."""

    def __init__(self, *, others_take_all: bool | None = None) -> None:
        self.loop = VirtualLoop()
        self.sent: list[tuple[bytes, Address]] = []
        self.asked: list[int] = []
        """The hops of what others were offered."""
        self._answer = others_take_all
        pass_on = None if others_take_all is None else self._pass_on
        self.strays = Strays(IDS, self._send, self.loop, pass_on)

    def _send(self, datagram: bytes, address: Address) -> None:
        self.sent.append((datagram, address))

    def _pass_on(self, datagram: bytes, address: Address, hops: int) -> bool:
        self.asked.append(hops)
        return bool(self._answer)


def test_a_first_packet_is_to_be_judged() -> None:
    street = Street()
    assert not street.strays.settle(LONG, PEER, 0)
    assert street.sent == []


def test_a_short_header_is_answered_with_the_token_of_its_id() -> None:
    street = Street()
    assert street.strays.settle(SHORT, PEER, 0)
    ((reset, address),) = street.sent
    assert reset.endswith(IDS.token_of(b"eight by"))
    assert address == PEER


def test_what_another_process_has_is_settled() -> None:
    street = Street(others_take_all=True)
    assert street.strays.settle(LONG, PEER, 0)
    assert street.strays.settle(SHORT, PEER, 1)
    assert street.sent == []
    assert street.asked == [0, 1]


def test_what_no_other_process_has_is_ours_to_answer() -> None:
    street = Street(others_take_all=False)
    assert street.strays.settle(SHORT, PEER, 0)
    assert not street.strays.settle(LONG, PEER, 0)
    assert len(street.sent) == 1


def test_in_a_second_only_so_many_are_answered() -> None:
    street = Street()
    for _ in range(3 * MAX_RESETS):
        assert street.strays.settle(SHORT, PEER, 0)
    assert len(street.sent) == street.strays.resets == MAX_RESETS
    street.loop.now += 0.5
    for _ in range(3 * MAX_RESETS):
        street.strays.settle(SHORT, PEER, 0)
    assert len(street.sent) == MAX_RESETS + MAX_RESETS // 2


def test_a_long_silence_earns_no_more_than_a_second_does() -> None:
    street = Street()
    street.loop.now += 3600
    for _ in range(3 * MAX_RESETS):
        street.strays.settle(SHORT, PEER, 0)
    assert len(street.sent) == MAX_RESETS


def test_what_is_too_small_for_an_answer_gets_none() -> None:
    street = Street()
    assert street.strays.settle(b"\x43eight by", PEER, 0)
    assert street.sent == []
    assert street.strays.resets == 0
