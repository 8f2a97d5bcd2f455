"""Load from a Go program of ours on quic-go: `loadgen/`, built from Debian's packages.

This file knows how to build the program and how to talk to it; the words are in
`loadgen/main.go` and `loadgen/spec.go`. Its one rule: without a compiler or the library nobody
is worse off than with the client in Python, and told so.

    python -m tests.bench.native_load

builds the program if it has to be, and says which client the benchmarks use.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import select
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.cache import cached, is_cached
from tests.bench.client import BenchTimeout
from tests.bench.load import LoadResult
from tests.bench.process import process_clock
from tests.bench.qh3_load import Qh3Load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.load import LoadGenerator, Workload

__all__ = ["PACKAGES", "NativeLoad", "PreparedNativeLoad", "best_load"]

SOURCES = Path(__file__).with_name("loadgen")

PACKAGES = "golang-go golang-github-lucas-clemente-quic-go-dev"
"""What Debian calls the compiler and the library; quic-go from 0.46 on, which trixie and
bookworm-backports have."""

GO_PATH = Path("/usr/share/gocode")
"""Where Debian's packages put Go sources."""

QUIC_GO = GO_PATH / "src/github.com/quic-go/quic-go"

PATIENCE = 120.0


@cache
def best_load() -> LoadGenerator:
    """The native client if it was built or can be built here, or else the one in Python."""
    name = f"loadgen-{_digest()}"
    if is_cached(name) or (shutil.which("go") is not None and QUIC_GO.is_dir()):
        return NativeLoad(cached(name, _build))
    print(f"No native load client (`make load-client` makes it of {PACKAGES}).", file=sys.stderr)
    return Qh3Load()


class NativeLoad:
    """A `LoadGenerator` in a process of its own."""

    def __init__(self, program: Path) -> None:
        self._program = program

    @property
    def description(self) -> str:
        with self._started() as process:
            prepared = PreparedNativeLoad(process)
            prepared.say(json.dumps({}))
            return f"{prepared.hear().strip()} in Go (`tests/bench/loadgen`)"

    @contextlib.contextmanager
    def prepared(
        self, address: tuple[str, int], workload: Workload
    ) -> Iterator[PreparedNativeLoad]:
        with self._started() as process:
            prepared = PreparedNativeLoad(process)
            prepared.say(json.dumps(_spec(address, workload)))
            prepared.hear()  # what it stands on, as soon as it is ready
            yield prepared

    @contextlib.contextmanager
    def _started(self) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            [self._program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING": "true"},
        ) as process:
            try:
                yield process
                process.communicate()  # the end of its input: it closes its connections
            finally:
                process.kill()


class PreparedNativeLoad:
    """A `PreparedLoad`: the program, with its connections."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """User and system time that it has spent."""
        return process_clock(self.pid)

    def run(self) -> LoadResult:
        self.say("run")
        found = json.loads(self.hear())
        return LoadResult(
            requests=found["requests"],
            failures=found["failures"],
            seconds=found["seconds"],
            datagrams_sent=found["packets_sent"],
            datagrams_received=found["packets_received"],
            latencies=[each / 1e6 for each in found["latencies"]],
            resumed=found["resumed"],
            complaint=found["complaint"],
        )

    def say(self, line: str) -> None:
        """Write it, and a newline."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """The next line. Raises BenchTimeout, also when the program has given up."""
        process = self._process
        assert process.stdout is not None
        assert process.stderr is not None
        if not select.select([process.stdout], [], [], PATIENCE)[0]:
            raise BenchTimeout(f"The load generator is silent for {PATIENCE:.0f} seconds.")
        line = process.stdout.readline()
        if not line:
            raise BenchTimeout(f"The load generator gave up: {process.stderr.read().strip()}")
        return line


def _spec(address: tuple[str, int], workload: Workload) -> dict[str, Any]:
    return {
        "address": f"{address[0]}:{address[1]}",
        "rounds": workload.rounds,
        "connections": workload.connections,
        "asking": workload.asking,
        "requests": workload.requests,
        "streams": workload.streams,
        "interval": workload.interval,
        "request": base64.b64encode(workload.request).decode(),
        "upload_size": workload.upload_size or 0,
        "least_size": workload.download_size or 1,
        "bulk": base64.b64encode(workload.bulk_request).decode(),
        "warm": workload.is_warm,
        "resume": workload.is_resumed,
        "loss": workload.loss,
    }


def _build(program: Path) -> None:
    # GOPATH mode: Debian's sources are a GOPATH, and nothing is to be fetched from elsewhere.
    settings = {"GO111MODULE": "off", "GOPATH": str(GO_PATH), "GOTOOLCHAIN": "local"}
    stamp = f"-X main.library=quic-go/{_library_version()}"
    subprocess.run(
        ["go", "build", "-buildvcs=false", "-ldflags", stamp, "-o", program, "."],
        cwd=SOURCES,
        env={**os.environ, **settings},
        check=True,
    )


def _library_version() -> str:
    """Debian's version of quic-go, less what Debian added to it."""
    asked = ["dpkg-query", "--show", "--showformat=${Version}", PACKAGES.split()[1]]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split("-")[0]


def _digest() -> str:
    """Of the program's sources."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.glob("*.go")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    print(best_load().description)
