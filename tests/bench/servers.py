"""The servers that are measured, and how each is started.

This file knows command lines. It refuses to know what is asked of them. Its one rule: one
process, one event loop of the standard library, no access log, the same certificate for all.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from h3producer.server.certificates.development import make_development_certificate
from tests.bench.client import BenchTimeout
from tests.bench.load import Workload
from tests.bench.process import ServerProcess
from tests.bench.qh3_load import Qh3Load
from tests.bench.report import version_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.load import LoadGenerator

__all__ = [
    "BARE",
    "HYPERCORN",
    "OURS",
    "SERVERS",
    "UNBOUNDED",
    "RunningServer",
    "ServerKind",
    "measured",
    "running",
]

T = TypeVar("T")

ROOT = Path(__file__).parent.parent.parent
HOST = "127.0.0.1"
APP = "tests.bench.app:app"


@dataclass(frozen=True)
class ServerKind:
    """A server by name; `arguments(port, certfile, keyfile)` go to `python -m`."""

    name: str
    package: str
    arguments: Callable[[int, str, str], list[str]]
    is_asgi: bool = True
    tree: Path = ROOT
    """Where it is started: the source tree that `h3producer` and the application come from."""

    @property
    def version(self) -> str:
        return version_of(self.package)


@dataclass(frozen=True)
class RunningServer:
    """A server that answers."""

    kind: ServerKind
    process: ServerProcess
    address: tuple[str, int]


def _ours(port: int, certfile: str, keyfile: str) -> list[str]:
    command = ["h3producer", APP, "--host", HOST, "--port", str(port), "--no-access-log"]
    return [*command, "--log-level", "warning", "--certfile", certfile, "--keyfile", keyfile]


def _unbounded(port: int, certfile: str, keyfile: str) -> list[str]:
    limits = ["--max-request-body-size", "none", "--max-resets-per-second", "10000"]
    return [*_ours(port, certfile, keyfile), *limits]


def _hypercorn(port: int, certfile: str, keyfile: str) -> list[str]:
    bind = f"{HOST}:{port}"
    command = ["hypercorn", APP, "--quic-bind", bind, "--bind", bind, "--workers", "0"]
    return [*command, "--log-level", "warning", "--certfile", certfile, "--keyfile", keyfile]


def _bare(port: int, certfile: str, keyfile: str) -> list[str]:
    return ["tests.bench.bare_server", str(port), certfile, keyfile]


OURS = ServerKind("h3producer", "h3producer", _ours)
UNBOUNDED = ServerKind("h3producer", "h3producer", _unbounded)
"""Ours, for what its limits would refuse: 256 MiB of upload, a thousand resets in a row."""
HYPERCORN = ServerKind("Hypercorn", "hypercorn", _hypercorn)
BARE = ServerKind("bare aioquic", "aioquic", _bare, is_asgi=False)

SERVERS = {"ours": OURS, "hypercorn": HYPERCORN, "bare": BARE}


@contextlib.contextmanager
def running(kind: ServerKind, load: LoadGenerator | None = None) -> Iterator[RunningServer]:
    """The server, for the length of the block; it has answered a request before it begins."""
    certificate = make_development_certificate()
    address = (HOST, _free_port())
    with tempfile.TemporaryDirectory() as directory:
        certfile, keyfile = Path(directory, "cert.pem"), Path(directory, "key.pem")
        certfile.write_bytes(certificate.certificate_pem)
        keyfile.write_bytes(certificate.key_pem)
        arguments = kind.arguments(address[1], str(certfile), str(keyfile))
        with ServerProcess([sys.executable, "-m", *arguments], kind.tree) as process:
            try:
                (load or Qh3Load()).run(address, Workload(name="first request"))
            except Exception as error:
                raise RuntimeError(f"{kind.name} did not start: {process.output()}") from error
            yield RunningServer(kind, process, address)


def measured(kind: ServerKind, measure: Callable[[RunningServer], T]) -> T:
    """What `measure` finds on a server of its own.

    Other servers than ours get a second chance: now and then one answers no handshake any more.
    """
    for chance in (1, 2):
        with running(kind) as server:
            try:
                return measure(server)
            except BenchTimeout as error:
                print(f"{kind.name}: {error} {server.process.output()}", file=sys.stderr)
                if kind.package == OURS.package or chance == 2:
                    raise
    raise AssertionError("the second chance returns or raises")


def _free_port() -> int:
    """A port that is free for UDP and, since Hypercorn wants that too, for TCP."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        ):
            udp.bind((HOST, 0))
            port: int = udp.getsockname()[1]
            try:
                tcp.bind((HOST, port))
            except OSError:
                continue
            return port
