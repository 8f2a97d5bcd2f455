"""Tests of `server/workers/reload.py`: one worker after the other, and what a developer is told."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from h3producer.server.errors import StartupError
from h3producer.server.workers import reload as reload_module
from h3producer.server.workers.channel import Word
from h3producer.server.workers.reload import Reloader
from tests.server.workers.fake_worker import FakeWorker, LabourMarket
from tests.virtual import settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from h3producer.server.workers.process import Worker


class Desk:
    """A reloader, and the files that a developer writes."""

    def __init__(self) -> None:
        self.market = LabourMarket()
        self._changes: asyncio.Queue[list[Path] | StartupError] = asyncio.Queue()
        self.reloader = Reloader(self._hire, self._changed())

    async def _hire(self) -> Worker:
        return await self.market.hire(0, lambda _worker: None)

    async def _changed(self) -> AsyncIterator[list[Path]]:
        while True:
            item = await self._changes.get()
            if isinstance(item, StartupError):
                raise item
            yield item

    async def change(self, *names: str) -> None:
        self._changes.put_nowait([Path(name) for name in names])
        await settle()

    async def cannot_watch(self, sentence: str) -> None:
        self._changes.put_nowait(StartupError(sentence))
        await settle()

    async def hears(self, number: signal.Signals) -> None:
        self.reloader.signal_received(number)
        await settle()

    @property
    def worker(self) -> FakeWorker:
        """The last one."""
        return self.market.workers[-1]


@asynccontextmanager
async def working() -> AsyncIterator[tuple[Desk, asyncio.Task[None]]]:
    desk = Desk()
    running = asyncio.create_task(desk.reloader.run())
    await settle()
    yield desk, running
    if not running.done():
        desk.reloader.signal_received(signal.SIGTERM)
        await settle()
        desk.worker.ends()
        await running


async def test_a_change_ends_the_worker_and_then_starts_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with working() as (desk, _):
        first = desk.worker
        await desk.change("/src/hello.py")
        assert first.said == [Word.STOP]
        assert len(desk.market.workers) == 1, "an application is never there twice"
        first.ends()
        await settle()
        assert len(desk.market.workers) == 2
    assert "Starting anew, since 'hello.py' changed." in caplog.messages


async def test_changes_during_the_end_of_a_worker_start_one_other() -> None:
    async with working() as (desk, _):
        first = desk.worker
        await desk.change("a.py")
        await desk.change("b.py")
        first.ends()
        await settle()
        assert len(desk.market.workers) == 2
        assert desk.worker.said == []


async def test_a_worker_that_cannot_start_is_shown_and_the_next_change_is_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with working() as (desk, _):
        desk.market.failures = ["Importing 'hello' failed: SyntaxError: no."]
        await desk.change("hello.py")
        desk.worker.ends()
        await settle()
        assert "Importing 'hello' failed: SyntaxError: no." in caplog.messages
        assert caplog.messages[-1] == "Waiting for a change."
        assert len(desk.market.workers) == 2

        await desk.change("hello.py")
        assert len(desk.market.workers) == 3


async def test_a_worker_that_dies_is_not_replaced_before_a_change(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with working() as (desk, _):
        desk.worker.ends(-11)
        await settle()
        assert "The worker ended, killed by SIGSEGV." in caplog.messages
        assert len(desk.market.workers) == 1
        await desk.change("hello.py")
        assert len(desk.market.workers) == 2


async def test_a_worker_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload_module, "END_PATIENCE", 0.0)
    async with working() as (desk, _):
        first = desk.worker
        await desk.change("hello.py")
        assert await first.ended() == -9
        await settle()
        assert len(desk.market.workers) == 2


async def test_a_system_without_room_is_asked_again_with_the_next_change(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with working() as (desk, _):
        desk.market.errors = [OSError(errno.EAGAIN, "No room")]
        await desk.change("hello.py")
        desk.worker.ends()
        await settle()
        assert "A worker cannot be started: No room." in caplog.messages
        await desk.change("hello.py")
        assert len(desk.market.workers) == 2


async def test_hup_counts_as_a_change() -> None:
    async with working() as (desk, _):
        await desk.hears(signal.SIGHUP)
        assert desk.worker.said == [Word.STOP]
        desk.worker.ends()
        await settle()
        assert len(desk.market.workers) == 2


async def test_ttin_is_for_those_with_workers() -> None:
    async with working() as (desk, _):
        await desk.hears(signal.SIGTTIN)
        assert desk.worker.said == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_once_the_worker_has(number: signal.Signals) -> None:
    async with working() as (desk, running):
        await desk.hears(number)
        assert desk.worker.said == [Word.STOP]
        assert not running.done()
        desk.worker.ends()
        await running
        assert len(desk.market.workers) == 1


async def test_a_second_int_forces_and_a_third_kills() -> None:
    async with working() as (desk, running):
        await desk.hears(signal.SIGINT)
        await desk.hears(signal.SIGINT)
        assert desk.worker.said == [Word.STOP, Word.FORCE]
        await desk.hears(signal.SIGINT)
        await running


async def test_the_end_comes_while_a_change_is_waited_for() -> None:
    async with working() as (desk, running):
        desk.worker.ends(1)
        await settle()
        await desk.hears(signal.SIGTERM)
        await running


async def test_files_that_cannot_be_watched_end_it_with_a_sentence() -> None:
    async with working() as (desk, running):
        await desk.cannot_watch("watchfiles is not installed.")
        desk.worker.ends()
        with pytest.raises(StartupError, match="watchfiles is not installed"):
            await running


async def test_many_files_are_not_all_named(caplog: pytest.LogCaptureFixture) -> None:
    async with working() as (desk, _):
        await desk.change("a.py", "b.py", "c.py", "d.py", "e.py")
    assert "Starting anew, since 'a.py', 'b.py', 'c.py' and 2 others changed." in caplog.messages


@pytest.fixture(autouse=True)
def all_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "h3producer.error")
