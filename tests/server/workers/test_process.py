"""Tests of `server/workers/process.py`: what a parent makes of what a worker says and does.

The process is a fake; the channel is a real one.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import pytest

from h3producer.server.errors import StartupError
from h3producer.server.workers import process as process_module
from h3producer.server.workers.channel import Channel, Word
from h3producer.server.workers.process import WorkerProcess, describe_exit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class FakeProcess:
    """A process that dies when it is told to, but for a signal that it survives."""

    pid = 4711

    def __init__(self) -> None:
        self.signals: list[int] = []
        self.end: asyncio.Future[int] = asyncio.Future()

    async def wait(self) -> int:
        return await self.end

    def send_signal(self, number: int) -> None:
        self.signals.append(number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
        self.dies(-signal.SIGKILL)

    def dies(self, code: int) -> None:
        if self.end.done():
            raise ProcessLookupError
        self.end.set_result(code)


class Bench:
    """A worker as its parent sees it, and the worker's end of the channel."""

    def __init__(self, worker: WorkerProcess, process: FakeProcess, channel: Channel) -> None:
        self.worker = worker
        self.process = process
        self.channel = channel
        self.retired = 0

    async def hears(self) -> tuple[Word, bytes]:
        return await anext(aiter(self.channel))


@asynccontextmanager
async def bench(patience: float | None = None) -> AsyncIterator[Bench]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    for sock in (ours, theirs):
        sock.setblocking(False)
    process = FakeProcess()
    # The cast: a process has more than what is asked of it here.
    worker = WorkerProcess(3, cast("asyncio.subprocess.Process", process), await Channel.over(ours))
    found = Bench(worker, process, await Channel.over(theirs))

    def retires(_worker: object) -> None:
        found.retired += 1

    worker.attend(patience, retires)
    yield found
    if not process.end.done():
        process.dies(0)
        await worker.ended()
    await found.channel.close()


async def test_it_is_ready_when_it_says_so() -> None:
    async with bench() as found:
        ready = asyncio.create_task(found.worker.ready())
        await asyncio.sleep(0)
        assert not ready.done()
        found.channel.say(Word.READY)
        await ready


async def test_it_says_why_it_cannot_start() -> None:
    async with bench() as found:
        found.channel.say(Word.FAILED, json.dumps("There is no module 'absent'.").encode())
        with pytest.raises(StartupError, match="There is no module 'absent'"):
            await found.worker.ready()


async def test_one_that_dies_before_it_serves_is_not_waited_for() -> None:
    async with bench() as found:
        found.process.dies(-11)
        assert await found.worker.ended() == -11
        with pytest.raises(StartupError, match="ended before it could serve, killed by SIGSEGV"):
            await found.worker.ready()


async def test_it_may_ask_to_retire() -> None:
    async with bench() as found:
        found.channel.say(Word.RETIRE)
        found.channel.say(Word.READY)
        await found.worker.ready()
        assert found.retired == 1


async def test_what_it_is_told_arrives() -> None:
    async with bench() as found:
        found.worker.say(Word.DRAIN)
        assert await found.hears() == (Word.DRAIN, b"")


async def test_a_snapshot_is_asked_for_once_by_all_who_want_it() -> None:
    async with bench() as found:
        wanted = [asyncio.create_task(found.worker.snapshot()) for _ in range(2)]
        assert await found.hears() == (Word.SNAPSHOT, b"")
        found.channel.say(Word.FACTS, b'{"connections": 7}')
        assert await asyncio.gather(*wanted) == [{"connections": 7}, {"connections": 7}]

        again = asyncio.create_task(found.worker.snapshot())
        assert await found.hears() == (Word.SNAPSHOT, b"")
        found.channel.say(Word.FACTS, b"{}")
        assert await again == {}


async def test_a_snapshot_of_one_that_dies_is_empty() -> None:
    async with bench() as found:
        wanted = asyncio.create_task(found.worker.snapshot())
        await found.hears()
        found.process.dies(1)
        await found.worker.ended()
        assert await wanted == {}


async def test_facts_that_nobody_asked_for_are_no_harm() -> None:
    async with bench() as found:
        found.channel.say(Word.FACTS, b"{}")
        found.channel.say(Word.READY)
        await found.worker.ready()


async def test_one_that_does_not_make_sense_is_killed(caplog: pytest.LogCaptureFixture) -> None:
    async with bench() as found:
        found.channel.say(Word.FAILED, b"not JSON")
        assert await found.worker.ended() == -signal.SIGKILL
        assert "is ended, since it does not make sense" in caplog.text


async def test_one_that_answers_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "PING_INTERVAL", 0.0)
    async with bench(patience=3600.0) as found:
        found.channel.say(Word.READY)
        for _ in range(3):
            assert await found.hears() == (Word.PING, b"")
            found.channel.say(Word.PONG)
        assert found.process.signals == []


async def test_one_that_does_not_answer_may_say_where_it_hangs_and_is_killed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process_module, "PING_INTERVAL", 0.0)
    monkeypatch.setattr(process_module, "TRACE_GRACE", 0.0)
    async with bench(patience=0.001) as found:
        found.channel.say(Word.READY)
        assert await found.worker.ended() == -signal.SIGKILL
        assert found.process.signals == [signal.SIGABRT, signal.SIGKILL]
        assert "has not answered for 0.001 s: it is killed." in caplog.text


async def test_one_that_starts_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "PING_INTERVAL", 0.0)
    async with bench(patience=0.0) as found:
        for _ in range(10):
            await asyncio.sleep(0)
        assert found.process.signals == []


async def test_killing_the_dead_is_no_error() -> None:
    async with bench() as found:
        found.process.dies(0)
        found.worker.kill()
        await found.worker.ended()


@pytest.mark.parametrize(
    ("code", "text"),
    [(0, "with exit code 0"), (3, "with exit code 3"), (-9, "killed by SIGKILL")],
)
def test_an_exit_code_is_part_of_a_sentence(code: int, text: str) -> None:
    assert describe_exit(code) == text


def test_a_signal_without_a_name_has_a_number() -> None:
    assert describe_exit(-signal.SIGRTMIN - 1) == f"with exit code {-signal.SIGRTMIN - 1}"
