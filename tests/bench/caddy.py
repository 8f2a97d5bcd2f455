"""Caddy, for reference: what a native server of another kind spends on the same bytes.

This file knows Caddy's configuration. It refuses to pretend that Caddy runs the application: `/`
is a fixed answer, and the bodies are files. Its one rule: what it could only do by a trick (an
upload that somebody reads, events) it is not asked for.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.bench.content import chunks
from tests.bench.servers import Place, ServerKind
from tests.bench.workloads import WORKLOADS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CADDY"]

CONFIGURATION = """{{
    admin off
    auto_https off
    log {{
        level ERROR
    }}
}}
https://localhost:{port} {{
    bind 127.0.0.1
    tls {certfile} {keyfile}
    header content-type text/plain
    respond / "Hello, World!"
    file_server {{
        root {root}
    }}
}}
"""


def _command(place: Place) -> list[str]:
    files = place.directory / "files"
    _write_bodies(files / "bytes")
    configuration = place.directory / "Caddyfile"
    configuration.write_text(
        CONFIGURATION.format(
            port=place.port, certfile=place.certfile, keyfile=place.keyfile, root=files
        )
    )
    return ["caddy", "run", "--config", str(configuration), "--adapter", "caddyfile"]


def _write_bodies(directory: Path) -> None:
    """A file for each size that workloads ask for."""
    directory.mkdir(parents=True)
    for size in {size for each in WORKLOADS for size in (each.download_size, each.bulk_size)}:
        if size is not None:
            with (directory / str(size)).open("wb") as file:
                file.writelines(chunks(size))


def _version(program: str) -> str:
    if shutil.which(program) is None:
        return "none"
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    return said.split()[0].removeprefix("v")


CADDY = ServerKind("caddy", "Caddy", "caddy", _command, frozenset({"upload", "events"}), _version)
