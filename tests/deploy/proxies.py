"""The recipes of docs/deploy/proxies as programs that run, on ports and with files of a test.

This file knows which program reads which recipe, and how each is asked whether it likes it. It
refuses to know what is sent through them (`proxy_cases.py`).

Its one rule: what runs is the recipe. Only ports, files and the host's name are exchanged.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.deploy.recipes import RECIPES
from tests.e2e.observed import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from h3producer.server.certificates.files import CertificateFiles

__all__ = ["PROXIES", "Proxy", "free_port"]

_PATH: Final = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}:/usr/sbin"
"""Where programs are looked for: first those that pip has installed."""


@dataclass(frozen=True)
class Proxy:
    """One recipe and its program."""

    title: str
    recipe: str
    """File in docs/deploy/proxies."""
    program: str
    check: tuple[str, ...]
    """Words behind the program that have it read the recipe, `{}`, and say what is wrong."""
    serve: tuple[str, ...]
    asks: tuple[str, ...] = ()
    """Words behind the program that show how it was built."""
    needs: str = ""
    """What must be found there."""
    over_tcp: bool = False
    """Whether it speaks with our TCP port."""

    @property
    def found(self) -> str | None:
        """The program, if it is here."""
        return shutil.which(self.program, path=_PATH)

    def missing(self) -> str:
        """Why it cannot be tried here; empty if it can."""
        if self.found is None:
            return f"{self.program} is not installed"
        if self.asks:
            shown = subprocess.run([self.found, *self.asks], capture_output=True, check=False)
            if self.needs not in (shown.stdout + shown.stderr).decode():
                return f"this {self.program} was built without {self.needs}"
        return ""

    def version(self) -> str:
        """The program's own number."""
        assert self.found is not None
        words = [self.found, "version" if self.program == "caddy" else self.asks_version]
        shown = subprocess.run(words, capture_output=True, check=False)
        found = re.search(r"\d+\.\d+(\.\d+)?", (shown.stdout + shown.stderr).decode())
        return found[0] if found else ""

    @property
    def asks_version(self) -> str:
        return "--version" if self.program == "envoy" else "-v"

    def written(self, directory: Path, files: CertificateFiles, front: int, back: int) -> Path:
        """The recipe in `directory`, from UDP port `front` to port `back`."""
        both = directory / "app.pem"
        both.write_bytes(files.certfile.read_bytes() + files.keyfile.read_bytes())
        text = (RECIPES / "proxies" / self.recipe).read_text()
        for theirs, ours in {
            "/etc/h3producer/fullchain.pem": str(files.certfile),
            "/etc/h3producer/privkey.pem": str(files.keyfile),
            "/etc/haproxy/app.pem": str(both),
            "https://example.org": "https://localhost",
        }.items():
            text = text.replace(theirs, ours)
        text = re.sub(r"\b443\b", str(front), re.sub(r"\b4433\b", str(back), text))
        path = directory / self.recipe
        path.write_text(text)
        return path

    def complaints(self, config: Path) -> str:
        """What the program says of a configuration that it refuses; empty if it takes it."""
        found = subprocess.run(
            self._words(self.check, config), capture_output=True, text=True, check=False
        )
        return "" if found.returncode == 0 else found.stdout + found.stderr

    @asynccontextmanager
    async def running(self, config: Path) -> AsyncIterator[None]:
        """The program with this configuration, until the block ends."""
        process = await asyncio.create_subprocess_exec(
            *self._words(self.serve, config),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=config.parent,
        )
        try:
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            try:
                async with asyncio.timeout(PATIENCE):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()

    def _words(self, words: tuple[str, ...], config: Path) -> list[str]:
        assert self.found is not None
        own = f"pid {config.parent}/pid;"
        return [self.found, *(each.format(config, own=own) for each in words)]


def _nginx(title: str, recipe: str, needs: str, *, over_tcp: bool = False) -> Proxy:
    return Proxy(
        title,
        recipe,
        "nginx",
        ("-t", "-q", "-c", "{}", "-g", "{own}"),
        ("-c", "{}", "-g", "{own} daemon off;"),
        ("-V",),
        needs,
        over_tcp,
    )


def _envoy(title: str, recipe: str) -> Proxy:
    return Proxy(
        title,
        recipe,
        "envoy",
        ("--mode", "validate", "-c", "{}"),
        ("-c", "{}", "--use-dynamic-base-id", "--concurrency", "1"),
    )


PROXIES: Final = (
    _nginx("nginx, UDP", "nginx-udp.conf", "--with-stream"),
    _envoy("Envoy, UDP", "envoy-udp.yaml"),
    _envoy("Envoy, HTTP/3", "envoy-http3.yaml"),
    Proxy(
        "Caddy, HTTP/3",
        "Caddyfile",
        "caddy",
        ("validate", "--config", "{}", "--adapter", "caddyfile"),
        ("run", "--config", "{}", "--adapter", "caddyfile"),
        ("version",),
        "v2.1",  # 2.9 has HTTP/3 to its servers, too, but those of Debian are 2.6
    ),
    _nginx("nginx, HTTP/1.1", "nginx-http3.conf", "http_v3", over_tcp=True),
    Proxy(
        "HAProxy, HTTP/2",
        "haproxy.cfg",
        "haproxy",
        ("-c", "-q", "-f", "{}"),
        ("-db", "-f", "{}"),
        ("-vv",),
        "+QUIC",
        over_tcp=True,
    ),
)


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A port of 127.0.0.1 that nobody has just now."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
