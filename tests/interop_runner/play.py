"""One test case: files, the server's process, the network, a client's process, and the checks.

    await play(CASES[0], CLIENTS[0], authority, tmp_path)

This file knows how they are put together, as the quic-interop-runner does with containers. It
refuses to know what is checked (`cases.py`). Its one rule: server and client are programs of their
own, told nothing but by their environment.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import string
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.e2e.relay import Evils, Relay
from tests.interop_runner.cases import Failed, Played, only_version_1
from tests.interop_runner.trace import Trace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.interop.authority import Authority
    from tests.interop_runner.cases import Case
    from tests.interop_runner.roster import Runner

__all__ = ["ROOT", "play", "served"]

ROOT: Final = Path(__file__).parent.parent.parent
ENDPOINT: Final = ROOT / "examples" / "interop" / "endpoint.py"

TIMEOUT: Final = 120.0
"""Seconds for a case. The runner gives 60, and 300 for lost handshakes, on a faster machine."""

REBIND_PERIOD: Final = 0.4
"""Seconds. The runner has 5, on a path where a transfer takes 8."""

SEED: Final = 7


async def play(case: Case, client: Runner, authority: Authority, directory: Path) -> None:
    """Raises `Failed` if anything is not as it should be."""
    www, downloads, logs = (directory / name for name in ("www", "downloads", "logs"))
    for each in (www, downloads, logs):
        each.mkdir()
    files = _made(case, www)
    trace = Trace()
    async with asyncio.timeout(TIMEOUT), served(case, www, authority, logs) as port:
        relay = Relay((case.host, port), Evils(**case.network), SEED)
        relay.watch = trace.add
        moving = asyncio.create_task(_move(relay, case.rebinds))
        try:
            connections = await _downloaded(case, client, relay, files, downloads)
        finally:
            moving.cancel()
            relay.close()
    for name in files:
        if (downloads / name).read_bytes() != (www / name).read_bytes():
            raise Failed(f"{name} is not what the server has.")
    if trace.handshakes != case.handshakes:
        raise Failed(f"{trace.handshakes} handshakes instead of {case.handshakes}.")
    played = Played(trace, connections, _events(logs), relay.answered)
    if case.name != "v2":
        only_version_1(played)
    case.check(played)


@asynccontextmanager
async def served(case: Case, www: Path, authority: Authority, logs: Path) -> AsyncIterator[int]:
    """The endpoint, on a free port; its secrets and, if asked for, its qlog are in `logs`."""
    certs = www.parent / "certs"
    certs.mkdir()
    (certs / "cert.pem").write_bytes(authority.certfile.read_bytes())
    (certs / "priv.key").write_bytes(authority.keyfile.read_bytes())
    port = _free_port(case.host)
    environment = {
        "ROLE": "server",
        "TESTCASE": case.server or case.name,
        "WWW": str(www),
        "CERTS": str(certs),
        "HOST": case.host,
        "PORT": str(port),
        "SSLKEYLOGFILE": str(logs / "keys.log"),
        "QLOGDIR": str(logs) if case.logs else "",
    }
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ENDPOINT),
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stderr=asyncio.subprocess.PIPE,
    )
    assert server.stderr is not None
    said = b""
    while b"Serving HTTP/3" not in said:
        line = await server.stderr.readline()
        if not line:
            raise Failed(f"The server said: {said.decode()}")
        said += line
    rest = asyncio.create_task(server.stderr.read())
    try:
        yield port
    finally:
        with suppress(ProcessLookupError):
            server.terminate()
        errors = (await rest).decode()
        await server.wait()
    if server.returncode or "ERROR" in errors or "Traceback" in errors:
        raise Failed(f"The server ended with {server.returncode}: {errors[-2000:]}")


async def _downloaded(
    case: Case,
    client: Runner,
    relay: Relay,
    files: Sequence[str],
    downloads: Path,
) -> list[dict[str, object]]:
    """Have a client download the files; what it says of its connections."""
    host, port = relay.address
    origin = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    environment = {
        "ROLE": "client",
        "TESTCASE": case.client or case.name,
        "DOWNLOADS": str(downloads),
        "REQUESTS": " ".join(f"{origin}/{name}" for name in files),
    }
    process = await asyncio.create_subprocess_exec(
        *client.command(),
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, errors = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    if process.returncode:
        raise Failed(f"The client ended with {process.returncode}: {errors.decode()[:2000]}")
    connections: list[dict[str, object]] = json.loads(said)
    return connections


async def _move(relay: Relay, what: str) -> None:
    """A NAT that forgets, now and then."""
    number = 1
    while what:
        await asyncio.sleep(REBIND_PERIOD)
        number += 1
        if what == "address":
            relay.host = f"127.0.0.{number % 250 + 1}"
        relay.rebind_with_next()


def _made(case: Case, www: Path) -> list[str]:
    """Files with random content; their names."""
    names = []
    for size in case.files:
        name = "".join(secrets.choice(string.ascii_lowercase) for _ in range(case.name_size))
        (www / name).write_bytes(os.urandom(size))
        names.append(name)
    return names


def _events(logs: Path) -> list[dict[str, object]]:
    return [
        json.loads(record)
        for path in logs.glob("*.sqlog")
        for record in path.read_text().split("\x1e")[2:]
    ]


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        port: int = sock.getsockname()[1]
        return port
