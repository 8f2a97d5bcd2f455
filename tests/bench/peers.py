"""The servers that ours is measured beside, and how each is started.

This file knows command lines. It refuses to tune: each server runs as its documentation starts
it, with limits lifted where they would refuse a workload. Its one rule: what is not installed is
left out, and said to be.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.aioquic_example import example_script
from tests.bench.caddy import CADDY
from tests.bench.servers import APP, HOST, OURS, Place, ServerKind

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BARE", "HYPERCORN", "KINDS", "PEERS", "installed"]

WITHOUT_UVLOOP = (
    "import runpy, sys; sys.modules['uvloop'] = None; del sys.argv[0]; "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)
"""The example takes another event loop if there is one, and has no option for it."""


def _hypercorn(place: Place) -> list[str]:
    return [sys.executable, "-m", "hypercorn", *_bound(place)]


def _anycorn(place: Place) -> list[str]:
    return [sys.executable, "-m", "anycorn", *_bound(place)]


def _bound(place: Place) -> list[str]:
    binds = ["--quic-bind", place.bind, "--bind", place.bind, "--workers", "0"]
    certificate = ["--certfile", place.certfile, "--keyfile", place.keyfile]
    return [APP, *binds, *certificate, "--log-level", "warning"]


def _aioquic_example(place: Place) -> list[str]:
    where = ["--host", HOST, "--port", str(place.port)]
    certificate = ["--certificate", place.certfile, "--private-key", place.keyfile]
    return [sys.executable, "-c", WITHOUT_UVLOOP, str(example_script()), APP, *where, *certificate]


def _bare(place: Place) -> list[str]:
    arguments = [str(place.port), place.certfile, place.keyfile]
    return [sys.executable, "-m", "tests.bench.bare_server", *arguments]


def _peregrine(place: Place) -> list[str]:
    program = str(Path(sys.executable).with_name("peregrine"))
    where = ["--host", HOST, "--port", str(place.port), "--http3"]
    certificate = ["--tls-cert", place.certfile, "--tls-key", place.keyfile]
    limits = ["--max-body", str(1 << 30), "--keep-alive", "300000"]
    return [program, APP, *where, *certificate, *limits, "--no-uvloop", "--log-level", "warning"]


HYPERCORN = ServerKind("hypercorn", "Hypercorn", "hypercorn", _hypercorn)
BARE = ServerKind("bare", "bare aioquic", "aioquic", _bare, frozenset({"events"}))
PEERS = (
    HYPERCORN,
    ServerKind("anycorn", "Anycorn", "anycorn", _anycorn),
    ServerKind("example", "aioquic’s example", "aioquic", _aioquic_example),
    BARE,
    ServerKind("peregrine", "Peregrine", "peregrine-server", _peregrine),
    CADDY,
)

KINDS = {kind.key: kind for kind in (OURS, *PEERS)}


def installed(kinds: Iterable[ServerKind]) -> list[ServerKind]:
    """Those of the kinds that can be run here."""
    return [kind for kind in kinds if kind.version != "none"]
