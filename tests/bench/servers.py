"""A server under measurement: what it is, and how it is started and found to answer.

This file knows places: a port, a certificate, a directory. It refuses to know command lines but
our own (`peers.py` has the others'), and what is asked of a server. Its one rule: one process
that serves, one event loop of the standard library, no access log, the same certificate for all.
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
from tests.bench.load import Workload, run_once
from tests.bench.process import ServerProcess
from tests.bench.qh3_load import Qh3Load
from tests.bench.report import version_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "APP",
    "HOST",
    "OURS",
    "ROOT",
    "UNBOUNDED",
    "Place",
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
class Place:
    """What a server gets: a port that is free, a certificate, a directory for files of its own."""

    port: int
    directory: Path

    @property
    def bind(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def certfile(self) -> str:
        return str(self.directory / "cert.pem")

    @property
    def keyfile(self) -> str:
        return str(self.directory / "key.pem")


@dataclass(frozen=True)
class ServerKind:
    """A server by name, and the command that starts it in a place."""

    key: str
    """One word, for a command line."""
    name: str
    package: str
    """What it is installed from, whose version is its version."""
    command: Callable[[Place], list[str]]
    refuses: frozenset[str] = frozenset()
    """Keys of the workloads that it has no answer for."""
    find_version: Callable[[str], str] = version_of
    """The version of the package; "none" if it is not installed."""
    tree: Path = ROOT
    """Where it is started: the source tree that `h3producer` and the application come from."""

    @property
    def version(self) -> str:
        return self.find_version(self.package)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class RunningServer:
    """A server that answers."""

    kind: ServerKind
    process: ServerProcess
    address: tuple[str, int]


def _ours(place: Place) -> list[str]:
    command = [sys.executable, "-m", "h3producer", APP, "--host", HOST, "--port", str(place.port)]
    quiet = ["--no-access-log", "--log-level", "warning", "--loop", "asyncio"]
    return [*command, *quiet, "--certfile", place.certfile, "--keyfile", place.keyfile]


def _unbounded(place: Place) -> list[str]:
    limits = ["--max-request-body-size", "none", "--max-resets-per-second", "10000"]
    return [*_ours(place), *limits]


OURS = ServerKind("ours", "h3producer", "h3producer", _ours)
UNBOUNDED = ServerKind("unbounded", "h3producer", "h3producer", _unbounded)
"""Ours, for what its limits would refuse: 256 MiB of upload, a thousand resets in a row."""


@contextlib.contextmanager
def running(kind: ServerKind) -> Iterator[RunningServer]:
    """The server, for the length of the block; it has answered a request before it begins."""
    certificate = make_development_certificate()
    with tempfile.TemporaryDirectory() as directory:
        place = Place(_free_port(), Path(directory))
        Path(place.certfile).write_bytes(certificate.certificate_pem)
        Path(place.keyfile).write_bytes(certificate.key_pem)
        address = (HOST, place.port)
        with ServerProcess(kind.command(place), kind.tree) as process:
            try:
                run_once(Qh3Load(), address, Workload(name="first request"))
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
    """A port that is free for UDP and, since some want that too, for TCP."""
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
