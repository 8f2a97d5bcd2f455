"""The server of a soak, as a user starts it, and what can be learned of it from outside.

This file knows the command, `/report`, /proc and the log on stderr. It refuses to know what was
asked of the server. Its one rule: whatever the server prints is either expected, with a reason
here, or a fault.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.e2e.observed import Progress
from tests.e2e.raw_client import RawClient
from tests.e2e.server import CommandServer, command_server
from tests.soak.census import resident

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.e2e.raw_client import Address
    from tests.interop.authority import Authority

__all__ = ["Host", "LogRecord", "hosting", "watching"]

PATIENCE = 60.0
"""Seconds for a report, and for the server to end: fuses, far above what they take."""

POLL = 0.25
"""Seconds between two looks at something that has no way to call."""

_RECORD = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL) +(.*)")
_TRACEBACK = re.compile(
    r"Traceback \(most recent call last\):|  .*|tests\.soak\.tunnels\.MeantToFail"
)


@dataclass
class LogRecord:
    """One record of the log, with the lines behind it."""

    level: str
    message: str
    more: list[str] = field(default_factory=list)

    @property
    def is_expected(self) -> bool:
        """Whether it may be there: up to info, and for the application that is meant to fail."""
        if self.level in ("DEBUG", "INFO"):
            return not self.more
        return (
            self.level == "ERROR"
            and self.message.endswith("exception in the application")
            and self.more[-1:] == ["tests.soak.tunnels.MeantToFail"]
            and all(map(_TRACEBACK.fullmatch, self.more))
        )

    def __str__(self) -> str:
        return " | ".join([f"{self.level} {self.message}", *self.more[-3:]])


class Host:
    """One running server."""

    def __init__(self, server: CommandServer) -> None:
        self._server = server
        self.log: list[str] = []
        self.levels: Counter[str] = Counter()
        self.unexpected: list[LogRecord] = []
        self.peak_rss = 0
        self.exit_code: int | None = None
        self._last: LogRecord | None = None
        self._progress = Progress(PATIENCE)
        self._said = asyncio.create_task(self._listen())
        self._watched = asyncio.create_task(self._watch())

    @property
    def address(self) -> Address:
        return self._server.address

    @property
    def rss(self) -> int:
        """Resident bytes, now."""
        return resident(self._server.process.pid)

    async def report(self) -> dict[str, Any]:
        """The census of the process: see `census.py`."""
        async with RawClient.connected(self.address, patience=PATIENCE) as client:
            answer = await client.get("/report")
            assert answer.ended, f"no report: {answer!r}"
            report: dict[str, Any] = json.loads(answer.body)
            return report

    async def settled(self, seconds: float) -> dict[str, Any]:
        """The report once only the connection that asks is left, or after `seconds` as it is."""
        until = asyncio.get_running_loop().time() + seconds
        while True:
            report = await self.report()
            is_settled = report["connections"] == report["streams"] == 1 and not report["inside"]
            if is_settled or asyncio.get_running_loop().time() > until:
                return report
            await asyncio.sleep(POLL)

    def reload(self) -> None:
        """HUP."""
        self._server.signal(signal.SIGHUP)

    async def said(self, pattern: str, times: int) -> None:
        """Wait until so many lines of the log have `pattern` in them."""
        await self._progress.until(
            lambda: sum(re.search(pattern, line) is not None for line in self.log) >= times,
            lambda: self.log,
        )

    async def stop(self) -> None:
        """TERM, and wait for the end."""
        self._server.signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            self.exit_code = await self._server.process.wait()
            await self._said
        self._watched.cancel()

    async def _listen(self) -> None:
        """Read the log, so that the server never waits for a reader."""
        stderr = self._server.process.stderr
        assert stderr is not None
        while line := (await stderr.readline()).decode(errors="replace").rstrip("\n"):
            self.log.append(line)
            self._progress.announce()
            self._read(line)
        self._judge_last()

    def _read(self, line: str) -> None:
        found = _RECORD.fullmatch(line)
        if found is None and self._last is not None:
            self._last.more.append(line)
            return
        self._judge_last()
        self._last = LogRecord(found[1], found[2]) if found else LogRecord("NONE", line)

    def _judge_last(self) -> None:
        record, self._last = self._last, None
        if record is not None:
            self.levels[record.level] += 1
            if not record.is_expected:
                self.unexpected.append(record)

    async def _watch(self) -> None:
        while True:
            self.peak_rss = max(self.peak_rss, self.rss)
            await asyncio.sleep(POLL)


@asynccontextmanager
async def hosting(
    authority: Authority,
    *arguments: str,
    bind: str = "127.0.0.1:0",
    inherited: Sequence[int] = (),
) -> AsyncIterator[Host]:
    """A server of `tests.soak.app`; killed if it outlives the block.

    `bind` may be an `fd://` of those that it has `inherited`.
    """
    command = ["tests.soak.app:app", "--bind", bind, "--no-access-log", *arguments]
    command += ["--certfile", str(authority.certfile), "--keyfile", str(authority.keyfile)]
    async with command_server(*command, inherited=inherited) as server, watching(server) as host:
        yield host


@asynccontextmanager
async def watching(server: CommandServer) -> AsyncIterator[Host]:
    """A server that was started some other way; its log is read until the block ends."""
    host = Host(server)
    try:
        yield host
    finally:
        host._watched.cancel()
        host._said.cancel()
        await asyncio.wait({host._watched, host._said})
