"""Servers of our own making: a process that serves the suite's application, on loopback.

This file knows a command line and when a server can be asked. It refuses to know cases. Its one
rule: when the block ends, its process is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from h3producer.server.certificates.development import make_development_certificate
from tests.conformance.peer import NoHandshake, Peer
from tests.conformance.target import Target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import IO

__all__ = ["APP", "HOST", "OURS", "Launcher", "Server", "has_app"]

HOST = "127.0.0.1"
APP = "tests.conformance.app:app"

PORTS = range(20_000, 32_000)
"""Below those that Linux gives to clients."""

START = 40.0
"""Seconds that a server gets until it answers."""
ATTEMPT = 3.0
"""Seconds after which it is asked anew: a handshake that began too early tries ever more seldom."""
END = 20.0
"""Seconds that it gets to end."""


@dataclass(frozen=True)
class Launcher:
    """A kind of server; `arguments(port, certfile, keyfile)` is its command line."""

    name: str
    arguments: Callable[[int, str, str], list[str]]
    patience: float = 20.0
    """`Target.patience`."""

    @contextlib.asynccontextmanager
    async def __call__(self) -> AsyncIterator[Server]:
        """A server on a free port, once it answers."""
        port = _free_port()
        with _certificate() as (certfile, keyfile), tempfile.TemporaryFile() as log:
            process = await asyncio.create_subprocess_exec(
                *self.arguments(port, certfile, keyfile),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            target = Target(HOST, port, patience=self.patience, launch=self)
            server = Server(process, target, log)
            try:
                await server.answers()
                yield server
            finally:
                if process.returncode is None:
                    process.terminate()
                    await server.gone()


class Server:
    """A server in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, target: Target, log: IO[bytes]) -> None:
        self.target = target
        self._process = process
        self._log = log

    async def answers(self) -> None:
        """Wait until it answers; finds out whether the suite's application does."""
        async with asyncio.timeout(START):
            while True:
                if self._process.returncode is not None:
                    raise RuntimeError(f"The server did not start: {self.log()}")
                with contextlib.suppress(NoHandshake, TimeoutError):
                    is_there = await has_app(replace(self.target, patience=ATTEMPT))
                    self.target = replace(self.target, has_app=is_there)
                    return

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    async def ended(self) -> int:
        """Wait for the end of the process; its exit code."""
        async with asyncio.timeout(END):
            return await self._process.wait()

    async def gone(self) -> None:
        """Wait for the end of the process, and bring it about if it takes too long."""
        try:
            await self.ended()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def log(self) -> str:
        """What it has written so far."""
        descriptor = self._log.fileno()  # whose position is the server's, too
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")


async def has_app(target: Target) -> bool:
    """Whether the suite's application answers at the target; raises as `Peer.connected` does."""
    async with Peer.connected(target) as peer:
        response = await peer.get()
    return response.value(b"x-conformance") == b"1"


@contextlib.contextmanager
def _certificate() -> Iterator[tuple[str, str]]:
    """The files of a new certificate and its key."""
    certificate = make_development_certificate()
    with tempfile.TemporaryDirectory() as directory:
        certfile, keyfile = Path(directory, "cert.pem"), Path(directory, "key.pem")
        certfile.write_bytes(certificate.certificate_pem)
        keyfile.write_bytes(certificate.key_pem)
        yield str(certfile), str(keyfile)


def _free_port() -> int:
    """A port that is free for UDP and, for servers that speak HTTP/1 too, for TCP.

    Not one that the system would give: it could give that to a client before the server binds it.
    """
    while True:
        port = random.choice(PORTS)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            contextlib.suppress(OSError),
        ):
            udp.bind((HOST, port))
            tcp.bind((HOST, port))
            return port


def _ours(port: int, certfile: str, keyfile: str) -> list[str]:
    command = [sys.executable, "-m", "h3producer", APP, "--host", HOST, "--port", str(port)]
    command += ["--no-access-log", "--timeout-graceful-shutdown", "2"]
    return [*command, "--certfile", certfile, "--keyfile", keyfile]


OURS = Launcher("h3producer", _ours)
