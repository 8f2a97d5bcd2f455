"""Tests of `server/workers/supervisor.py`, `staff.py`, `rolls.py` and `crew.py`: who starts when.

The workers are fakes; no process starts.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
from typing import TYPE_CHECKING

import pytest

from h3producer.server.errors import StartupError
from h3producer.server.workers import pauses
from h3producer.server.workers import supervisor as supervisor_module
from h3producer.server.workers.channel import Word
from h3producer.server.workers.supervisor import Supervisor
from tests.server.workers.fake_worker import FakeWorker, LabourMarket
from tests.virtual import settle

if TYPE_CHECKING:
    from collections.abc import Sequence


class Team:
    """A supervisor of `count` workers, and all that it did."""

    def __init__(self, count: int = 2, slots: int = 8) -> None:
        self.market = LabourMarket()
        self.steered: list[tuple[list[int], list[int]]] = []
        """The slots that served, and those that drained."""
        self.supervisor = Supervisor(count, slots, self.market.hire, self._steer)

    def _steer(self, serving: Sequence[int], draining: Sequence[int]) -> None:
        self.steered.append((list(serving), list(draining)))

    async def at_work(self) -> Team:
        await self.supervisor.start()
        return self

    async def hears(self, number: signal.Signals) -> None:
        self.supervisor.signal_received(number)
        await settle()

    @property
    def phases(self) -> list[tuple[int, str]]:
        return self.market.phases

    def worker(self, slot: int) -> FakeWorker:
        """The last one that had this slot."""
        return [each for each in self.market.workers if each.slot == slot][-1]

    def all_end(self) -> None:
        for worker in self.market.workers:
            worker.ends()


SERVING = [(0, "serving"), (1, "serving")]


# Start


async def test_all_serve_before_start_returns() -> None:
    team = await Team(3).at_work()
    assert team.phases == [(0, "serving"), (1, "serving"), (2, "serving")]
    assert team.steered[-1] == ([0, 1, 2], [])


async def test_the_first_worker_tries_alone() -> None:
    team = Team(3)
    team.market.is_slow = True
    starting = asyncio.create_task(team.supervisor.start())
    await settle()
    assert team.phases == [(0, "starting")]

    team.worker(0).serves()
    await settle()
    assert team.phases == [(0, "serving"), (1, "starting"), (2, "starting")]

    team.worker(2).serves()
    team.worker(1).serves()
    await starting


async def test_an_application_that_cannot_start_ends_the_start_with_its_sentence() -> None:
    team = Team(3)
    team.market.failures = ["There is no module 'absent'."]
    with pytest.raises(StartupError, match="There is no module 'absent'"):
        await team.supervisor.start()
    assert team.phases == []
    assert len(team.market.workers) == 1


async def test_one_of_the_others_that_cannot_start_ends_all() -> None:
    team = Team(3)
    team.market.is_slow = True
    starting = asyncio.create_task(team.supervisor.start())
    await settle()
    team.worker(0).serves()
    await settle()
    team.worker(2).fails("No.")
    with pytest.raises(StartupError, match="No"):
        await starting
    assert team.phases == []


async def test_a_system_without_room_for_a_process_is_a_sentence() -> None:
    team = Team()
    team.market.errors = [OSError(errno.EAGAIN, "Resource temporarily unavailable")]
    with pytest.raises(StartupError, match=r"cannot be started: Resource temporarily unavailable"):
        await team.supervisor.start()


async def test_term_during_the_start_starts_no_others() -> None:
    team = Team(3)
    team.market.is_slow = True
    starting = asyncio.create_task(team.supervisor.start())
    await settle()
    await team.hears(signal.SIGTERM)
    team.worker(0).serves()
    await starting

    stopping = asyncio.create_task(team.supervisor.stop())
    await settle()
    assert team.phases == [(0, "draining")]
    team.all_end()
    await stopping


async def test_a_start_that_is_canceled_leaves_nobody() -> None:
    team = Team()
    team.market.is_slow = True
    starting = asyncio.create_task(team.supervisor.start())
    await settle()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert team.phases == []


# Stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_has_all_stop_and_waits_for_their_end(number: signal.Signals) -> None:
    team = await Team().at_work()
    await team.hears(number)
    await team.supervisor.wait_exit()
    stopping = asyncio.create_task(team.supervisor.stop())
    await settle()
    assert [worker.said[-1] for worker in team.market.workers] == [Word.STOP, Word.STOP]
    assert team.steered[-1] == ([0, 1], []), "until they end, clients stay with whom they have"

    team.worker(0).ends()
    await settle()
    assert not stopping.done()
    team.worker(1).ends()
    await stopping
    assert len(team.market.workers) == 2


async def test_a_second_int_forces_and_a_third_kills() -> None:
    team = await Team().at_work()
    await team.hears(signal.SIGINT)
    stopping = asyncio.create_task(team.supervisor.stop())
    await settle()
    await team.hears(signal.SIGINT)
    assert {worker.said[-1] for worker in team.market.workers} == {Word.FORCE}
    assert not stopping.done()
    await team.hears(signal.SIGINT)
    await stopping


async def test_more_terms_change_nothing() -> None:
    team = await Team().at_work()
    stopping = asyncio.create_task(team.supervisor.stop())
    for _ in range(3):
        await team.hears(signal.SIGTERM)
    assert Word.FORCE not in team.worker(0).said
    team.all_end()
    await stopping


async def test_other_signals_come_too_late_for_who_stops() -> None:
    team = await Team().at_work()
    stopping = asyncio.create_task(team.supervisor.stop())
    await settle()
    for number in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU):
        await team.hears(number)
    assert len(team.market.workers) == 2
    team.all_end()
    await stopping


async def test_a_worker_that_dies_while_all_stop_is_not_replaced() -> None:
    team = await Team().at_work()
    stopping = asyncio.create_task(team.supervisor.stop())
    await settle()
    team.worker(0).ends(-11)
    team.worker(1).ends()
    await stopping
    assert len(team.market.workers) == 2


async def test_a_stop_that_is_canceled_kills() -> None:
    team = await Team().at_work()
    stopping = asyncio.create_task(team.supervisor.stop())
    await settle()
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert team.phases == []


# Those that die


async def test_a_worker_that_dies_is_replaced_in_its_slot(
    caplog: pytest.LogCaptureFixture,
) -> None:
    team = await Team(3).at_work()
    dead = team.worker(1)
    dead.ends(-11)
    await settle()
    assert team.phases == [(0, "serving"), (2, "serving"), (1, "serving")]
    assert team.worker(1) is not dead
    assert team.steered[-2:] == [([0, 2], []), ([0, 1, 2], [])]
    assert "Worker 1 (process 1001) ended, killed by SIGSEGV." in caplog.messages


async def test_a_worker_that_leaves_of_its_own_accord_is_replaced_too() -> None:
    team = await Team().at_work()
    team.worker(0).ends(0)
    await settle()
    assert team.phases == [(1, "serving"), (0, "serving")]


async def test_all_that_die_at_once_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    team = await Team(4).at_work()
    for slot in range(4):
        team.worker(slot).ends(-9)
    await settle()
    assert team.phases == [(0, "serving"), (1, "serving"), (2, "serving"), (3, "serving")]


def newborn(worker: FakeWorker) -> FakeWorker:
    worker.started_at = asyncio.get_running_loop().time()
    return worker


async def test_workers_that_die_at_once_are_waited_for_and_that_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pauses, "FIRST_PAUSE", 0.0)
    team = await Team(1).at_work()
    for _ in range(5):
        newborn(team.worker(0)).ends(1)
        await settle()
    assert team.phases == [(0, "serving")]
    assert len([each for each in caplog.messages if "as soon as they start" in each]) == 1


async def test_the_end_does_not_wait_for_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses, "FIRST_PAUSE", 3600.0)
    team = await Team(2).at_work()
    for _ in range(2):
        newborn(team.worker(0)).ends(1)
        await settle()
    assert team.phases == [(1, "serving")]

    stopping = asyncio.create_task(team.supervisor.stop())
    await settle()
    team.worker(1).ends()
    await stopping


async def test_a_replacement_that_cannot_start_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pauses, "FIRST_PAUSE", 0.0)
    team = await Team().at_work()
    team.market.failures = ["Third.", "Second.", "First."]
    team.worker(0).ends(1)
    await settle()
    assert team.phases == [(1, "serving"), (0, "serving")]
    assert "A worker could not start: First." in caplog.messages


# Rolls


async def test_hup_replaces_each_and_the_successor_serves_first() -> None:
    team = await Team().at_work()
    team.market.is_slow = True
    await team.hears(signal.SIGHUP)
    assert team.phases == [*SERVING, (2, "starting")]

    team.worker(2).serves()
    await settle()
    assert team.phases == [(0, "draining"), (1, "serving"), (2, "serving"), (3, "starting")]
    assert team.steered[-1] == ([1, 2], [0])
    assert team.worker(0).said == [Word.DRAIN]

    team.worker(3).serves()
    await settle()
    assert team.phases == [(0, "draining"), (1, "draining"), (2, "serving"), (3, "serving")]
    assert team.steered[-1] == ([2, 3], [0, 1])


async def test_packets_are_led_away_before_the_old_one_drains() -> None:
    team = await Team(1).at_work()
    said_before: list[list[Word]] = []
    team.supervisor._crew._steer = lambda *_: said_before.append(list(team.worker(0).said))
    await team.hears(signal.SIGHUP)
    assert said_before == [[], []]


async def test_who_has_drained_is_no_longer_led_to() -> None:
    team = await Team(1).at_work()
    await team.hears(signal.SIGHUP)
    team.worker(0).ends()
    await settle()
    assert team.steered[-2:] == [([1], [0]), ([1], [])]


async def test_the_slots_of_those_that_have_drained_are_used_again() -> None:
    team = await Team(1, slots=2).at_work()
    for _ in range(3):
        await team.hears(signal.SIGHUP)
        (drained,) = [each for each in team.market.workers if each.phase.value == "draining"]
        drained.ends()
        await settle()
    assert [worker.slot for worker in team.market.workers] == [0, 1, 0, 1]


async def test_without_a_free_slot_a_roll_waits_for_one() -> None:
    team = await Team(2, slots=3).at_work()
    await team.hears(signal.SIGHUP)
    assert team.phases == [(0, "draining"), (1, "serving"), (2, "serving")]
    team.worker(0).ends()
    await settle()
    assert team.phases == [(1, "draining"), (2, "serving"), (0, "serving")]


async def test_a_successor_that_cannot_start_ends_the_roll(
    caplog: pytest.LogCaptureFixture,
) -> None:
    team = await Team().at_work()
    team.market.failures = ["Module 'app' is broken."]
    await team.hears(signal.SIGHUP)
    assert team.phases == SERVING
    assert "No worker is replaced, since another could not start: Module 'app' is broken." in (
        caplog.messages
    )


async def test_a_second_hup_replaces_those_of_the_first() -> None:
    team = await Team(1).at_work()
    team.market.is_slow = True
    await team.hears(signal.SIGHUP)
    await team.hears(signal.SIGHUP)
    team.worker(1).serves()
    await settle()
    assert team.phases == [(0, "draining"), (1, "serving"), (2, "starting")], (
        "what changed between the two is not in the first successor"
    )


async def test_a_worker_that_retires_is_replaced() -> None:
    team = await Team().at_work()
    team.worker(1).retires()
    team.worker(1).retires()
    await settle()
    assert team.phases == [(0, "serving"), (1, "draining"), (2, "serving")]


async def test_who_retires_while_it_drains_is_not_replaced_again() -> None:
    team = await Team().at_work()
    team.worker(1).retires()
    await settle()
    team.worker(1).retires()
    await settle()
    assert len(team.market.workers) == 3


async def test_an_old_one_that_dies_during_its_roll_is_replaced_once() -> None:
    team = await Team().at_work()
    team.market.is_slow = True
    await team.hears(signal.SIGHUP)
    team.worker(0).ends(-9)
    await settle()
    for worker in team.market.workers[2:]:
        worker.serves()
    await settle()
    for worker in team.market.workers[4:]:
        worker.serves()
    await settle()
    serving = [each for each in team.phases if each[1] == "serving"]
    assert len(serving) == 2


async def test_the_end_does_not_wait_for_a_successor_but_has_it_stop_too() -> None:
    team = await Team(1).at_work()
    team.market.is_slow = True
    await team.hears(signal.SIGHUP)
    stopping = asyncio.create_task(team.supervisor.stop())
    await settle()
    assert team.phases == [(0, "draining"), (1, "draining")]
    team.all_end()
    await stopping


# More and fewer


async def test_ttin_adds_one() -> None:
    team = await Team().at_work()
    await team.hears(signal.SIGTTIN)
    assert team.phases == [*SERVING, (2, "serving")]
    team.worker(2).ends(-9)
    await settle()
    assert team.phases == [*SERVING, (2, "serving")]


async def test_ttou_has_the_youngest_drain() -> None:
    team = await Team().at_work()
    await team.hears(signal.SIGTTOU)
    assert team.phases == [(0, "serving"), (1, "draining")]
    team.worker(1).ends()
    await settle()
    assert team.phases == [(0, "serving")]


async def test_the_last_worker_stays() -> None:
    team = await Team(1).at_work()
    await team.hears(signal.SIGTTOU)
    assert team.phases == [(0, "serving")]


async def test_one_slot_is_left_for_rolls() -> None:
    team = await Team(2, slots=3).at_work()
    await team.hears(signal.SIGTTIN)
    assert team.phases == SERVING


async def test_one_fewer_than_there_are_while_one_is_dead_drains_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pauses, "FIRST_PAUSE", 3600.0)
    team = await Team(2).at_work()
    for _ in range(2):
        newborn(team.worker(0)).ends(1)
        await settle()
    await team.hears(signal.SIGTTOU)
    assert team.phases == [(1, "serving")]


# What workers see


async def test_snapshots_are_by_slot_and_of_those_that_drain_too() -> None:
    team = await Team().at_work()
    team.worker(1).retires()
    await settle()
    for worker in team.market.workers:
        worker.facts.set_result({"slot": worker.slot})
    assert await team.supervisor.snapshots() == {n: {"slot": n} for n in range(3)}


async def test_who_does_not_answer_in_time_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "SNAPSHOT_PATIENCE", 0.001)
    team = await Team().at_work()
    team.worker(0).facts.set_result({"answers": True})
    assert await team.supervisor.snapshots() == {0: {"answers": True}}


async def test_without_workers_there_are_no_snapshots() -> None:
    assert await Team().supervisor.snapshots() == {}


@pytest.fixture(autouse=True)
def all_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "h3producer.error")
