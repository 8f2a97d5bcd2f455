"""Which socket of a group the kernel chooses, on the real loopback of Linux."""

from __future__ import annotations

import os
import random
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from h3producer.quic.connection_ids import MAX_SLOTS
from h3producer.quic.siblings.slot_table import NOBODY
from h3producer.quic.siblings.steering import SocketGroup, steering_program
from h3producer.quic.udp.sockets import BindError, bind_sockets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from h3producer.quic.siblings.bpf import Instruction

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="a program for Linux")

_LOAD, _IF_BITS, _IF_AT_LEAST, _AND, _RETURN = 0x30, 0x45, 0x35, 0x54, 0x06


def run(program: list[Instruction], packet: bytes) -> int:
    """What the kernel does with a program, but for the speed."""
    value, at = 0, 0
    while True:
        code, if_true, if_false, operand = program[at]
        at += 1
        if code == _LOAD:
            if operand >= len(packet):
                return 0
            value = packet[operand]
        elif code == _AND:
            value &= operand
        elif code == _RETURN:
            return operand
        else:
            assert code in (_IF_BITS, _IF_AT_LEAST)
            holds = value & operand if code == _IF_BITS else value >= operand
            at += if_true if holds else if_false


def short(first_of_id: int) -> bytes:
    return bytes((0x43, first_of_id)) + bytes(40)


def long(first_of_id: int) -> bytes:
    return b"\xc3\x00\x00\x00\x01\x08" + bytes((first_of_id,)) + bytes(1200)


@pytest.mark.parametrize("slots", [32, MAX_SLOTS])
@pytest.mark.parametrize("seed", range(5))
def test_every_value_leads_to_its_owner(slots: int, seed: int) -> None:
    owners = random.Random(seed).choices(range(8), k=slots)
    program = steering_program(owners)
    for first_of_id in range(256):
        owner = owners[first_of_id % slots]
        assert run(program, short(first_of_id)) == owner
        assert run(program, long(first_of_id)) == owner


def test_a_program_is_short_enough_for_the_kernel() -> None:
    """It takes 4096 instructions (BPF_MAXINSNS), and jumps of a byte (linux/filter.h)."""
    program = steering_program(range(MAX_SLOTS))
    assert len(program) < 200
    assert max(max(if_true, if_false) for _, if_true, if_false, _ in program) < 256


class Group:
    """A group of `count` sockets, and one that sends to it."""

    def __init__(self, host: str = "127.0.0.1", count: int = 4) -> None:
        (first,) = bind_sockets([(host, 0)])
        self.group = SocketGroup(first)
        self.address = first.getsockname()
        self.sockets = [self.group.socket_of(slot) for slot in range(count)]
        self.family = first.family

    def chosen(self, packet: bytes) -> int:
        """The slot whose socket gets a packet of somebody who was never here before."""
        with socket.socket(self.family, socket.SOCK_DGRAM) as client:
            client.sendto(packet, self.address)
        for slot, sock in enumerate(self.sockets):
            try:
                sock.recv(2048)
            except BlockingIOError:
                continue
            return slot
        raise AssertionError("Nobody got it.")


@pytest.fixture(params=["127.0.0.1", "::1"])
def group(request: pytest.FixtureRequest) -> Iterator[Group]:
    try:
        made = Group(request.param)
    except BindError:
        pytest.skip("There is no such address here.")
    yield made
    made.group.close()


@on_linux
@pytest.mark.parametrize("make", [short, long])
def test_the_kernel_chooses_by_the_id(group: Group, make: type[bytes]) -> None:
    owners = [value % 4 for value in range(MAX_SLOTS)]
    group.group.steer(owners)
    for value in range(0, 256, 7):
        assert group.chosen(make(value)) == owners[value % MAX_SLOTS]


@on_linux
def test_it_chooses_anew_when_the_owners_change(group: Group) -> None:
    group.group.steer([0] * MAX_SLOTS)
    assert group.chosen(short(2)) == 0
    group.group.steer([3] * MAX_SLOTS)
    assert group.chosen(short(2)) == 3


@on_linux
def test_a_slot_that_comes_later_gets_its_own_socket(group: Group) -> None:
    group.sockets += [group.group.socket_of(slot) for slot in (4, 5)]
    group.group.steer([5] * MAX_SLOTS)
    assert group.chosen(long(9)) == 5


@on_linux
def test_what_nobody_owns_goes_anywhere(group: Group) -> None:
    group.group.steer([NOBODY] * MAX_SLOTS)
    assert group.chosen(short(0)) in range(4)


@on_linux
def test_what_is_cut_off_goes_anywhere(group: Group) -> None:
    group.group.steer([1] * MAX_SLOTS)
    assert group.chosen(b"\xc3") in range(4)


@on_linux
def test_an_address_that_another_server_has_is_in_use(group: Group) -> None:
    """SO_REUSEPORT would let a second server in, and give it half of the packets."""
    host, port = group.address[:2]
    with pytest.raises(BindError, match="Address already in use"):
        bind_sockets([(host, port)])


@on_linux
def test_a_socket_of_somebody_elses_group_has_no_known_position() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        theirs.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match="somebody else's group"):
            SocketGroup(theirs)


@on_linux
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the child runs little
def test_no_privilege_is_needed() -> None:
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            made = Group()
            made.group.steer([2] * MAX_SLOTS)
            os._exit(0 if made.chosen(short(1)) == 2 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
