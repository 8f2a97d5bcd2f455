"""How a pass goes: reading, turns, flushes. Time passes only while a tenant works."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from h3producer.quic.limits import (
    CROWD_MEMORY,
    FLOOD,
    FLOOD_PERIOD,
    HANDSHAKE,
    MAX_INBOX,
    MAX_NEWCOMERS,
    MAX_PASS,
    MAX_READS,
    MIXED_PASS,
    PATIENCE,
    TURN,
)
from h3producer.quic.packets import VERSION_1, encode_long_header
from h3producer.quic.udp.intake import Intake
from h3producer.quic.udp.sorting import StrayRules
from tests.virtual import MemorySocket, VirtualLoop, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.quic.engine import Address
    from h3producer.quic.link import Tenant

PEER = ("192.0.2.1", 50000)

LONG_TURN = 1.01 * TURN
"""A turn that is over, whatever is lost when seconds are added."""


class FakeTenant:
    """A tenant that writes down what happens to it, and takes its time."""

    def __init__(self, name: str, house: House, *, cost: float = 0.0, flush: float = 0.0) -> None:
        self.name = name
        self.connection_ids = {name.encode() * 8}
        self.cost, self.flush_cost = cost, flush
        self.rest_cost = 0.0
        """Seconds that it takes at the end of a turn."""
        self.turns: list[str] = []
        """The log when each of its turns was over."""
        self.meanwhile: Callable[[], None] = lambda: None
        """What happens while it receives."""
        self.during_flush: Callable[[], None] = lambda: None
        self._house = house

    def receive(self, data: bytes, address: Address, now: float) -> None:
        self._house.log += self.name
        self._house.loop.now += self.cost
        self.meanwhile()

    def turn_over(self) -> None:
        self.turns.append(self._house.log)
        self._house.loop.now += self.rest_cost

    def take_turn(self, now: float) -> None:
        self._house.log += "t"

    def flush(self) -> None:
        self._house.log += self.name.upper()
        self._house.loop.now += self.flush_cost
        self.during_flush()


class FakeStrays(StrayRules):
    """Settles short headers, and what it is told to."""

    id_length = 8

    def __init__(self) -> None:
        self.settled: list[tuple[bytes, int]] = []
        self.settles_all = False

    def settle(self, datagram: bytes, address: Address, hops: int) -> bool:
        if self.settles_all or not datagram[0] & 0x80:
            self.settled.append((datagram, hops))
            return True
        return False


class House:
    """An intake, its socket, and the log: a letter for each datagram, upper case for a flush."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.socket = MemorySocket()
        self.log = ""
        self.judged: list[bytes] = []
        self.verdict: FakeTenant | None = None
        self.floods: list[bool] = []
        self.strays = FakeStrays()
        self.intake = Intake(self.socket, self.loop, self._judge, self.strays, self._flooded)

    def add(
        self, name: str, cost: float = 0.0, *, flush: float = 0.0, source: str | None = None
    ) -> FakeTenant:
        """A tenant at an address of its own, unless `source` names another."""
        tenant = FakeTenant(name, self, cost=cost, flush=flush)
        self.intake.add(as_tenant(tenant), source or name)
        return tenant

    def arrive(self, names: str) -> None:
        """A datagram for each of these."""
        self.socket.inbox += [(b"\x40" + name.encode() * 8, PEER) for name in names]

    async def run(self) -> str:
        """The socket is readable; the log when all is quiet again."""
        while self.socket.inbox:
            self.loop.readers[self.socket]()
            await settle()
        await settle()
        return self.log

    async def forget_others(self, name: str) -> None:
        """Only this one, and those of its address, was there for some time."""
        self.arrive(name)
        await self.run()
        self.loop.now += 2 * CROWD_MEMORY
        self.log = ""

    def _flooded(self, is_flood: bool) -> bool:
        self.floods.append(is_flood)
        return True

    def _judge(self, datagram: bytes, address: Address, now: float) -> Tenant | None:
        self.judged.append(datagram)
        if self.verdict is None:
            return None
        self.intake.add(as_tenant(self.verdict))
        return as_tenant(self.verdict)


def as_tenant(fake: FakeTenant) -> Tenant:
    return cast("Tenant", fake)  # what an intake uses of one


def first_packet(connection_id: bytes) -> bytes:
    return encode_long_header(0xC0, VERSION_1, connection_id, b"client")


# Ordinary days


async def test_what_comes_together_is_flushed_together() -> None:
    house = House()
    house.add("a")
    house.arrive("aaa")
    assert await house.run() == "aaaA"


async def test_a_tenant_hears_when_nothing_follows_at_once() -> None:
    house = House()
    tenant = house.add("a", cost=LONG_TURN / 2)
    house.arrive("aaa")
    await house.run()
    assert tenant.turns == ["aa", "aaa"]


async def test_a_timer_comes_behind_all_that_was_received() -> None:
    house = House()
    tenant = house.add("a")
    tenant.meanwhile = lambda: house.intake.wait_for_turn(as_tenant(tenant))
    house.arrive("a")
    assert await house.run() == "atAA"
    assert tenant.turns[0] == "a"


async def test_what_a_tenant_does_at_the_end_of_its_turn_is_part_of_it() -> None:
    house = House()
    first, second = house.add("a"), house.add("b")
    first.rest_cost, second.cost = 2 * TURN, TURN
    for expected in ("ab", "ba"):
        house.log = ""
        house.arrive("ab")
        assert "".join(filter(str.islower, await house.run())) == expected


async def test_each_connection_gets_what_is_its_own() -> None:
    house = House()
    house.add("a")
    house.add("b")
    house.arrive("abab")
    assert await house.run() == "aabbAB"


@pytest.mark.parametrize("datagram", [b"", b"\x40short", b"\x40" + b"unknown!", b"\xc0\x00\x00"])
async def test_what_belongs_to_nobody_is_dropped(datagram: bytes) -> None:
    house = House()
    house.socket.inbox.append((datagram, PEER))
    assert await house.run() == ""
    assert house.judged == []


async def test_a_tenant_that_is_gone_is_reached_no_more() -> None:
    house = House()
    tenant = house.add("a")
    house.intake.remove(as_tenant(tenant))
    house.arrive("a")
    assert await house.run() == ""
    assert house.intake.routes == {}


# Newcomers


async def test_a_first_packet_is_judged_and_given_to_the_tenant_it_made() -> None:
    house = House()
    house.verdict = FakeTenant("n", house)
    house.socket.inbox.append((first_packet(b"made up!"), PEER))
    assert await house.run() == "nN"
    assert house.judged == [first_packet(b"made up!")]


async def test_what_came_right_behind_a_first_packet_is_not_judged_again() -> None:
    """A ClientHello may need two datagrams, and they were sorted before there was a connection."""
    house = House()
    house.verdict = FakeTenant("n", house)
    house.socket.inbox += [(first_packet(b"nnnnnnnn"), PEER)] * 2
    assert await house.run() == "nnN"
    assert len(house.judged) == 1


async def test_who_brings_a_token_does_not_wait_behind_a_flood() -> None:
    house = House()
    flood = [(first_packet(b"flooding") + b"\0", PEER)] * (2 * MAX_NEWCOMERS)
    house.socket.inbox += [*flood, (first_packet(b"returned") + b"\5token", PEER)]
    await house.run()
    assert house.judged.count(first_packet(b"returned") + b"\5token") == 1
    assert len(house.judged) == MAX_NEWCOMERS + 1


async def test_a_judge_that_fails_stops_nobody() -> None:
    house = House()
    house.add("a")
    house.verdict = cast("FakeTenant", "no tenant at all")
    house.socket.inbox.append((first_packet(b"made up!"), PEER))
    with pytest.raises(AttributeError):
        house.loop.readers[house.socket]()
    house.arrive("a")
    assert await house.run() == "aA"
    house.verdict = FakeTenant("n", house)
    house.socket.inbox.append((first_packet(b"made up!"), PEER))
    assert await house.run() == "aAnN"


# Busy days


async def test_who_is_alone_goes_on_for_a_whole_pass() -> None:
    house = House()
    house.add("a", LONG_TURN)
    count = round(MAX_PASS / TURN)
    await house.forget_others("a")
    house.arrive("a" * (count + 5))
    assert await house.run() == "a" * count + "A" + "aaaaaA"


async def test_after_a_guest_passes_are_short_for_a_while() -> None:
    house = House()
    house.add("a", LONG_TURN)
    house.add("g")
    await house.forget_others("a")
    house.arrive("g")
    await house.run()
    house.arrive("aaa")
    assert await house.run() == "gGaaAaA"


async def test_who_comes_meanwhile_waits_for_one_turn_only() -> None:
    house = House()
    busy = house.add("b", LONG_TURN)
    house.add("g")
    await house.forget_others("b")
    busy.meanwhile = lambda: house.arrive("g") if house.log == "bb" else None
    house.arrive("b" * 5)
    assert (await house.run()).startswith("bbgGB")


async def test_with_others_there_a_pass_ends_behind_who_did_not_finish() -> None:
    house = House()
    house.add("a", LONG_TURN)
    house.add("b", LONG_TURN)
    house.arrive("aaabbb")
    assert (await house.run()).startswith("aAbBaAbB")


async def test_with_others_there_a_pass_ends_after_a_while() -> None:
    house = House()
    for name in "abcd":
        house.add(name, 0.51 * MIXED_PASS)
    house.arrive("abcd")
    assert await house.run() == "abABcdCD"


async def test_who_is_served_does_not_wait_for_one_who_took_long_before() -> None:
    house = House()
    house.add("h", LONG_TURN)
    house.add("g")
    house.arrive("h")
    await house.run()
    house.log = ""
    house.arrive("hg")
    assert await house.run() == "gGhH"


async def test_who_is_served_does_not_wait_for_a_newcomer() -> None:
    house = House()
    house.add("g")
    house.verdict = FakeTenant("n", house)
    house.socket.inbox.append((first_packet(b"made up!"), PEER))
    house.arrive("g")
    assert await house.run() == "gGnN"


async def test_a_newcomer_does_not_wait_for_ever() -> None:
    house = House()
    house.add("h", LONG_TURN)
    house.verdict = FakeTenant("n", house)
    house.socket.inbox.append((first_packet(b"made up!"), PEER))
    house.arrive("h" * 100)
    handshakes = HANDSHAKE / LONG_TURN
    received = [each for each in await house.run() if each.islower()]
    assert received.index("n") <= handshakes + 1


async def test_connections_of_one_address_share_a_long_pass() -> None:
    house = House()
    for name in "abcd":
        house.add(name, 0.51 * MIXED_PASS, source="one address")
    await house.forget_others("a")
    house.arrive("abcd")
    assert await house.run() == "abcdABCD"


async def test_who_took_least_of_the_pass_is_flushed_first() -> None:
    house = House()
    house.add("s", TURN / 2)
    house.add("f", TURN / 4)
    house.arrive("sf")
    assert await house.run() == "sfFS"


async def test_a_guest_comes_between_long_flushes() -> None:
    house = House()
    first = house.add("a", flush=LONG_TURN)
    house.add("b", flush=LONG_TURN)
    house.add("g")
    first.during_flush = lambda: house.arrive("g")
    house.arrive("ab")
    house.loop.readers[house.socket]()
    await settle()
    assert house.log == "abAgBG"


async def test_without_a_guest_all_flushes_go_on() -> None:
    house = House()
    for name in "abc":
        house.add(name, flush=LONG_TURN, source="one address")
    house.arrive("abc")
    assert await house.run() == "abcABC"


async def test_many_connections_of_one_address_are_one_among_others() -> None:
    house = House()
    for name in "wxyz":
        house.add(name, LONG_TURN, source="one address")
    house.add("g", LONG_TURN)
    house.arrive("wxyzgggg")
    received = [each for each in await house.run() if each.islower()]
    assert received[:6] == list("wgxgyg")


# Reading


async def test_a_flood_is_read_on_to_what_is_behind_it() -> None:
    house = House()
    house.add("f", 2 * MAX_PASS)
    house.arrive("ff")
    house.loop.readers[house.socket]()
    house.arrive("f" * (MAX_READS + 5))
    house.loop.readers[house.socket]()
    assert len(house.socket.inbox) == 5


async def test_with_somebody_to_serve_it_reads_on_for_a_few_only() -> None:
    house = House()
    house.socket.burst = 1
    house.add("f")
    house.arrive("f" * (PATIENCE + 7))
    house.loop.readers[house.socket]()
    assert len(house.socket.inbox) == 6  # the first one was before the few


async def test_a_flood_of_first_packets_is_told_and_so_is_its_end() -> None:
    house = House()
    house.socket.inbox.append((first_packet(b"made up!"), PEER))
    await house.run()
    house.loop.now += 1.1 * FLOOD_PERIOD
    house.socket.inbox += [(first_packet(b"made up!"), PEER)] * round(2 * FLOOD * FLOOD_PERIOD)
    await house.run()
    assert house.floods == [True]
    while house.loop.fire_next(house.loop.now + 1):
        pass
    assert house.floods == [True, False]


async def test_whose_inbox_overflows_fast_is_watched_until_that_is_over() -> None:
    house = House()
    house.add("f", 2 * MAX_PASS)
    for _ in range(2):
        house.arrive("f" * (MAX_INBOX + 3 * round(FLOOD * FLOOD_PERIOD)))
        while house.socket.inbox:
            house.loop.readers[house.socket]()
        house.loop.now += 1.1 * FLOOD_PERIOD
        house.intake._look(house.loop.now)
    assert house.intake._floods.is_on
    while house.loop.fire_next(house.loop.now + 1):
        pass
    assert not house.intake._floods.is_on


# Timers


async def test_a_timer_is_followed_by_a_flush() -> None:
    house = House()
    tenant = house.add("a")
    house.intake.wait_for_turn(as_tenant(tenant))
    assert house.log == "tA"


async def test_a_timer_waits_for_those_who_wait() -> None:
    house = House()
    tenant = house.add("a")
    house.add("b", 2 * MAX_PASS)
    house.arrive("bbb")
    house.loop.readers[house.socket]()
    house.intake.wait_for_turn(as_tenant(tenant))
    assert house.log == "b"
    assert await house.run() == "bBtAbBbB"


async def test_timers_that_fire_together_have_their_turns_one_by_one() -> None:
    house = House()
    waiting = [house.add(name, flush=LONG_TURN, source="one address") for name in "abc"]
    house.add("g")
    for tenant in waiting:
        house.intake.wait_for_turn(as_tenant(tenant))
    house.arrive("g")
    await house.run()
    assert house.log.index("g") < house.log.index("C")


async def test_a_timer_of_a_tenant_that_has_gone_is_none() -> None:
    house = House()
    tenant = house.add("a")
    for _ in range(2):
        house.intake.wait_for_turn(as_tenant(tenant))
    house.intake.remove(as_tenant(tenant))
    assert await house.run() == "tA"


# The end


async def test_after_the_stop_nothing_is_read() -> None:
    house = House()
    house.add("a", LONG_TURN)
    house.add("b", LONG_TURN)
    house.arrive("aabb")
    house.loop.readers[house.socket]()
    house.intake.stop()
    assert house.loop.readers == {}
    await settle()
    assert house.log == "aA"
