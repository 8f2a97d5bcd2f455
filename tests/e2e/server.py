"""Servers for tests: one in the test's own event loop, and one as a user starts it, by command.

This file knows how each is started, how it is known to serve, and how it ends. It refuses to know
what is served. Its one rule: when a block ends its server is gone, whatever happened in between.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from h3producer.config import Config
from h3producer.server.server import Server
from tests.e2e.observed import PATIENCE

if TYPE_CHECKING:
    import signal
    from collections.abc import AsyncIterator, Sequence

    from h3producer.server.certificates.files import CertificateFiles
    from tests.e2e.raw_client import Address

__all__ = [
    "CommandServer",
    "Outcome",
    "Serve",
    "address_of",
    "command",
    "command_server",
    "running",
    "stop",
]

_SERVING = re.compile(r"Serving HTTP/3 .* on https://([^/ ]+):(\d+)")


class Serve(Protocol):
    """Start a server for an application; `settings` are those of `Config`."""

    async def __call__(self, app: object, **settings: object) -> Server: ...


def address_of(server: Server) -> Address:
    """Where the first socket of a server is reached."""
    return server.addresses[0]


@asynccontextmanager
async def running(
    app: object, files: CertificateFiles, **settings: object
) -> AsyncIterator[Server]:
    """A server on a free port of 127.0.0.1, in this loop; it ends by force if it has not yet."""
    config = Config(
        app=app,
        certfile=str(files.certfile),
        keyfile=str(files.keyfile),
        **{"host": "127.0.0.1", "port": 0, **settings},  # type: ignore[arg-type]  # checked by Config itself
    )
    async with Server(config) as server:
        yield server
        server.force_exit = True


async def stop(server: Server) -> None:
    """End a server gracefully, before its block does; that finds nothing left to do."""
    await server.__aexit__(None, None, None)


class Outcome(NamedTuple):
    """How a command ended."""

    exit_code: int
    stdout: bytes
    stderr: str


class CommandServer:
    """The command line in a process of its own, as a user runs it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.log: list[str] = []
        """What it said on stderr so far, by lines."""
        self.address: Address = ("", 0)
        assert process.stderr is not None
        self._stderr = process.stderr

    async def says(self, pattern: str) -> re.Match[str]:
        """Wait for a line on stderr in which `pattern` is found."""
        async with asyncio.timeout(PATIENCE):
            while line := (await self._stderr.readline()).decode():
                self.log.append(line.rstrip())
                if found := re.search(pattern, line):
                    return found
        raise AssertionError(f"It ended without a word of {pattern!r}: {self.log}")

    async def ended(self) -> int:
        """Wait for the end of the process; its exit code."""
        async with asyncio.timeout(PATIENCE):
            self.log += (await self._stderr.read()).decode().splitlines()
            return await self.process.wait()

    @property
    def url(self) -> str:
        host, port = self.address
        return f"https://{f'[{host}]' if ':' in host else host}:{port}"

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)


async def command(*arguments: str, stdin: bytes = b"", **environment: str) -> Outcome:
    """Run `python -m h3producer ARGUMENTS` to its end."""
    process = await _start(*arguments, inherited=(), **environment)
    async with asyncio.timeout(PATIENCE):
        stdout, stderr = await process.communicate(stdin)
    assert process.returncode is not None
    return Outcome(process.returncode, stdout, stderr.decode())


@asynccontextmanager
async def command_server(
    *arguments: str,
    inherited: Sequence[int] = (),
    inside: Sequence[str] = (),
    **environment: str,
) -> AsyncIterator[CommandServer]:
    """`python -m h3producer ARGUMENTS`, once it says that it serves; killed if it outlives this.

    `inherited` are file descriptors that it finds under the same numbers; `inside` are words in
    front of the command that have it run somewhere else.
    """
    process = await _start(*arguments, inherited=inherited, inside=inside, **environment)
    try:
        server = CommandServer(process)
        found = await server.says(_SERVING.pattern)
        server.address = (found[1].strip("[]"), int(found[2]))
        yield server
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _start(
    *arguments: str, inherited: Sequence[int], inside: Sequence[str] = (), **environment: str
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *inside,
        sys.executable,
        "-m",
        "h3producer",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
        pass_fds=inherited,
    )
