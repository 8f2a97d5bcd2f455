"""Once a second, for all connections of an endpoint."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import h3producer.quic.udp.heartbeat as heartbeat_module
from h3producer.quic.limits import MAX_TICKING, MAX_TICKS_PER_PASS, WORTH_GIVING_BACK
from h3producer.quic.udp.heartbeat import Heartbeat
from tests.pair import Pair
from tests.virtual import VirtualLoop

if TYPE_CHECKING:
    from h3producer.quic.link import Tenant


class Ticked:
    """What a heartbeat needs of a tenant."""

    def __init__(self, frees: int = 0) -> None:
        self.ticks: list[float] = []
        self._frees = frees

    def tick(self, now: float) -> int:
        self.ticks.append(now)
        return self._frees


def as_tenants(tenants: list[Ticked]) -> list[Tenant]:
    return tenants  # type: ignore[return-value]  # nothing but `tick` is asked of them


async def test_it_ticks_each_once_a_second_from_its_start_on() -> None:
    loop, tenants = VirtualLoop(), [Ticked(), Ticked()]
    heartbeat = Heartbeat(loop, as_tenants(tenants))
    assert not loop.fire_next(loop.now + 10)
    heartbeat.start()
    heartbeat.start()
    began = loop.now
    for _ in range(3):
        assert loop.fire_next(began + 3.5)
    assert not loop.fire_next(began + 3.5)
    assert [[round(tick - began) for tick in each.ticks] for each in tenants] == [[1, 2, 3]] * 2


async def test_it_falls_silent_when_nobody_is_left_and_can_be_started_again() -> None:
    loop, tenants = VirtualLoop(), [Ticked()]
    heartbeat = Heartbeat(loop, as_tenants(tenants))
    heartbeat.start()
    gone = tenants.pop()
    assert loop.fire_next(loop.now + 10)
    assert not loop.fire_next(loop.now + 10)
    assert gone.ticks == []
    tenants.append(gone)
    heartbeat.start()
    assert loop.fire_next(loop.now + 10)
    assert len(gone.ticks) == 1


async def test_it_can_be_stopped() -> None:
    loop, tenants = VirtualLoop(), [Ticked()]
    heartbeat = Heartbeat(loop, as_tenants(tenants))
    heartbeat.start()
    heartbeat.stop()
    heartbeat.stop()
    assert not loop.fire_next(loop.now + 10)


async def test_a_crowd_is_ticked_in_several_passes_of_the_loop() -> None:
    loop, tenants = VirtualLoop(), [Ticked() for _ in range(MAX_TICKS_PER_PASS + 1)]
    Heartbeat(loop, as_tenants(tenants)).start()
    loop.fire_next(loop.now + 10)
    assert sum(len(each.ticks) for each in tenants) == MAX_TICKS_PER_PASS
    await asyncio.sleep(0)
    assert [len(each.ticks) for each in tenants] == [1] * len(tenants)


async def test_those_that_take_long_are_ticked_in_several_passes_of_the_loop() -> None:
    class Slow(Ticked):
        def tick(self, now: float) -> int:
            loop.now += 0.4 * MAX_TICKING
            return super().tick(now)

    loop, tenants = VirtualLoop(), [Slow() for _ in range(7)]
    Heartbeat(loop, as_tenants(list[Ticked](tenants))).start()
    loop.fire_next(loop.now + 10)
    ticked = [sum(len(each.ticks) for each in tenants)]
    for _ in range(2):
        await asyncio.sleep(0)
        ticked.append(sum(len(each.ticks) for each in tenants))
    assert ticked == [3, 6, 7]


@pytest.mark.parametrize(("freed", "times"), [(-1, 0), (0, 1)])
async def test_memory_that_is_worth_it_goes_back_to_the_system(
    freed: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[None] = []
    monkeypatch.setattr(heartbeat_module, "give_back", lambda: given.append(None))
    loop, tenants = VirtualLoop(), [Ticked(WORTH_GIVING_BACK // 2), Ticked()]
    Heartbeat(loop, as_tenants(tenants)).start()
    loop.fire_next(loop.now + 10)
    assert given == []
    tenants[1] = Ticked(freed)
    loop.fire_next(loop.now + 10)
    assert len(given) == times
    loop.fire_next(loop.now + 10)
    assert len(given) == 1


async def test_the_core_of_a_connection_hears_of_each_second() -> None:
    pair = Pair()
    await pair.connect()
    began = len(pair.recorded.ticks)
    await pair.advance(5)
    assert len(pair.recorded.ticks) - began in (5, 6)


async def test_a_connection_that_has_ended_hears_of_none() -> None:
    pair = Pair()
    await pair.connect()
    pair.client.close()
    await pair.drive(0)
    heard = len(pair.recorded.ticks)
    await pair.advance(5)
    assert len(pair.recorded.ticks) == heard
