"""An independent client in a process of its own, as its driver sees it.

This file knows the two lines of `clients/program.py` and how to end the program. It refuses to
know what the client is and what the answers mean. Its one rule: every wait is bounded, and what
the program said last stands in the failure.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

__all__ = ["Browser"]

ROOT = Path(__file__).parent.parent.parent

PATIENCE = 25.0
"""Seconds for one line of requests; the longest takes one."""

LINE = 1 << 20
"""Bytes of an answer; bodies are not in it, only their digests."""


class Browser:
    """One client program and its one connection; see `clients/program.py`."""

    def __init__(self, name: str, origin: str, cafile: Path) -> None:
        self.name = name
        self._command = (f"tests.interop.clients.{name}", origin, str(cafile))
        self._process: asyncio.subprocess.Process | None = None

    async def exchange(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """Make requests on the connection; what came back, by the client's account."""
        process = self._process = self._process or await self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE):
                process.stdin.write(json.dumps(requests).encode() + b"\n")
                line = await process.stdout.readline()
        except TimeoutError:
            raise AssertionError(
                f"{self.name} has no answer to {requests}: {await self._end()}"
            ) from None
        if not line:
            raise AssertionError(f"{self.name} died: {await self._end()}")
        answers = json.loads(line)
        assert isinstance(answers, list), f"{self.name} raised: {answers}"
        return answers

    async def close(self) -> None:
        """End the program."""
        if self._process is not None:
            await self._end()

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            limit=LINE,
        )

    async def _end(self) -> str:
        process, self._process = self._process, None
        assert process is not None
        if process.returncode is None:
            process.kill()
        _, errors = await process.communicate()
        return f"exit code {process.returncode}, {errors.decode(errors='replace')[-2000:]}"
