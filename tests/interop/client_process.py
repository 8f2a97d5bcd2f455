"""An independent client in a process of its own, as its driver sees it.

This file knows the lines of `clients/program.py` and how to end the program. It refuses to
know what the client is and what the answers mean. Its one rule: every wait is bounded, and what
the program said last stands in the failure.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.interop.clients.program import Wishes

if TYPE_CHECKING:
    from tests.e2e.raw_client import Address
    from tests.interop.roster import Contender

__all__ = ["ClientProcess"]

ROOT = Path(__file__).parent.parent.parent

PATIENCE = 30.0
"""Seconds for one line of requests; the longest takes ten on a slow machine."""

FAREWELL = 5.0
"""Seconds for a program to end by itself once nothing more is asked of it. A browser that is driven
is in a group of its own, so only its driver can end it."""

LINE = 1 << 20
"""Bytes of an answer; bodies are not in it, only their digests."""

DEFAULT = Wishes()


class ClientProcess:
    """One client program and its one connection; see `clients/program.py`."""

    def __init__(
        self, contender: Contender, server: Address, cafile: Path, wishes: Wishes = DEFAULT
    ) -> None:
        self.name = contender.name
        self._contender = contender
        self._arguments = (contender.origin(*server), str(cafile), json.dumps(asdict(wishes)))
        self._process: asyncio.subprocess.Process | None = None

    async def exchange(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """Make requests on the connection; what came back, by the client's account."""
        return await self._say(list(requests))

    async def do(self, deed: str) -> None:
        """Have the client do one of the `DEEDS`."""
        await self._say(deed)

    async def _say(self, words: list[dict[str, Any]] | str) -> list[dict[str, Any]]:
        process = self._process = self._process or await self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE):
                process.stdin.write(json.dumps(words).encode() + b"\n")
                line = await process.stdout.readline()
        except TimeoutError:
            raise AssertionError(
                f"{self.name} has no answer to {words}: {await self._end()}"
            ) from None
        if not line:
            raise AssertionError(f"{self.name} died: {await self._end()}")
        answers = json.loads(line)
        assert isinstance(answers, list), f"{self.name} raised: {answers}"
        return answers

    async def close(self) -> None:
        """End the program, and what it started."""
        if self._process is not None:
            await self._end()

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._contender.command(),
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "NODE_EXTRA_CA_CERTS": self._arguments[1],  # nothing else tells Bun
                "QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING": "true",
            },
            limit=LINE,
            start_new_session=True,
        )

    async def _end(self) -> str:
        process, self._process = self._process, None
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await process.wait()
        with suppress(ProcessLookupError):  # all of them have gone
            os.killpg(process.pid, signal.SIGKILL)
        _, errors = await process.communicate()
        return f"exit code {process.returncode}, {errors.decode(errors='replace')[-2000:]}"
